"""Makes recorded Decisions again: with their clock, their user and what they were told, under policies as they are now."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.decision import Decision
from lockgate.engine.errors import UsageError
from lockgate.engine.external_data import RecordedProviders
from lockgate.engine.policy import Facts, PolicySet
from lockgate.engine.record import record
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.policy import Gated
from lockgate.gatekeeper.sync import Process
from lockgate.webhook.deciding import Deciding, Given, read_work_tree
from lockgate.webhook.gate import Gate
from lockgate.webhook.policy_sources import Loader
from lockgate.webhook.replay.recorded import Recorded

_MS_IN_NS: Final = 1_000_000


@final
class Judge:
    """Judges by one set of policies. gates: by which of Gatekeeper's processes a Decision was made."""

    def __init__(self, gates: Mapping[Process, Gate]) -> None:
        self._gates: Final = gates

    @property
    def policies(self) -> PolicySet:
        """The policies, as admission has them."""
        return self._gates["webhook"].policies

    @property
    def exemptions(self) -> str:
        """The digest of the exemptions; empty without any."""
        found = self._gates["webhook"].exemptions
        return "" if found is None else found.digest

    def policies_for(self, process: Process) -> PolicySet:
        """The policies, as a process has them."""
        return self._gates[process].policies

    def judge(self, recorded: Recorded) -> Decision:
        """The Decision, made again."""
        gate = self._gates[recorded.process].at(recorded.time_ms * _MS_IN_NS, None)
        if gate.policies.asking:
            facts = replace(gate.facts, providers=RecordedProviders(recorded.exchanges))
            gate = replace(gate, facts=facts)
        return gate.judge_review(recorded.review).decision


@record
class JudgeSource:
    """Where Judges come from. exemptions: beside those among the policies. keys: of who has to have signed PolicyBundles."""

    exemptions: tuple[str, ...]
    keys: tuple[str, ...]
    cwd: str

    def judge(self, policies: tuple[str, ...]) -> Judge:
        """A Judge by the policies under these paths. Raises LockgateError where they cannot be used."""
        webhook = self._deciding(policies, "validation.gatekeeper.sh")
        audit = webhook
        if _tells_points_apart(webhook.loaded.policies):
            audit = self._deciding(policies, "audit.gatekeeper.sh")
        return Judge({"webhook": _gate(webhook, "webhook"), "audit": _gate(audit, "audit")})

    def _deciding(self, policies: tuple[str, ...], point: EnforcementPoint) -> Deciding:
        loader = Loader("default", open_cache(None, os.environ), point=point)
        found = read_work_tree(Given(policies, self.exemptions, None, self.cwd, self.keys), loader)
        if found.loaded.judges != "objects":
            raise UsageError(
                "these policies are plain Rego, and records are of objects",
                hint="name constraints and their templates",
            )
        return found


def _tells_points_apart(policies: PolicySet) -> bool:
    """Do the actions of a constraint depend on where it is enforced?"""
    return any(
        isinstance(policy, Gated) and "scopedEnforcementActions" in _spec(policy)
        for policy in policies.policies
    )


def _spec(policy: Gated) -> Mapping[str, object]:
    spec = policy.gate.constraint.object.get("spec")
    return spec if isinstance(spec, dict) else {}


def _gate(deciding: Deciding, process: Process) -> Gate:
    loaded = deciding.loaded
    scopes = None
    if loaded.webhooks and process == "webhook":
        from lockgate.gatekeeper.webhook_scope import load_scopes

        scopes = load_scopes(loaded.webhooks, frozenset())
    return Gate(
        policies=loaded.policies,
        facts=Facts(),
        limits=Limits(),
        now_ns=0,
        exemptions=deciding.exemptions,
        sync=loaded.loaded.sync,
        expansion=loaded.loaded.expansion,
        scopes=scopes,
        process=process,
    )
