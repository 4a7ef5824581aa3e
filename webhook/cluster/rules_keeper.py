"""Keeps the rules of the webhook that judges by policies: what policies ask for is sent, and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.errors import LockgateError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.gatekeeper.webhook_scope import Rule
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.sweeping import preferred
from lockgate.webhook.cluster.webhook_configurations import WebhookConfigurations
from lockgate.webhook.install.configuration_drift import configuration_problems
from lockgate.webhook.install.settings import CONFIGURATION, InstallSettings
from lockgate.webhook.install.webhooks import ENFORCED, NODES, POLICIES
from lockgate.webhook.serving.live_state import LiveState
from lockgate.webhook.serving.unsent_kinds import EVERY
from lockgate.webhook.serving.webhook_rules import (
    QUOTA_DEMANDS,
    Demand,
    node_rules,
    parent_demands,
    policy_demands,
    served_names,
    webhook_rules,
)

# What somebody else has changed is seen after so many looks, and rules are mended.
_REGULARLY: Final = 10


@final
class RulesKeeper:
    """Used by one thread, while this replica leads."""

    def __init__(self, api: ApiClient, installed: InstallSettings) -> None:
        """installed: what the configuration is to be."""
        self._installed: Final = installed
        # By webhook, what is not as it was installed.
        self.problems: Mapping[str, str] = {}
        self._configurations: Final = WebhookConfigurations(api, (CONFIGURATION,))
        self._written: Mapping[str, tuple[Rule, ...]] | None = None
        self._looks = 0

    def keep(self, state: LiveState, resources: Iterable[Resource]) -> str:
        """Writes the rules where they differ; what failed, in words, or nothing."""
        rules = rules_of(state, resources)
        self._looks += 1
        if rules == self._written and self._looks % _REGULARLY:
            return ""
        self._written = None
        try:
            if self._configurations.write_rules(rules):
                self._written = rules
            found = self._configurations.get(CONFIGURATION)
            self.problems = dict(configuration_problems(self._installed, found))
        except LockgateError as error:
            return str(error)
        return ""

    def forget(self) -> None:
        """Another replica leads, and may write, and looks."""
        self._written = None
        self.problems = {}


def rules_of(state: LiveState, resources: Iterable[Resource]) -> Mapping[str, tuple[Rule, ...]]:
    """By webhook, the rules that what is in force asks for. resources: what the cluster serves."""
    served: dict[tuple[str, str], set[str]] = {}
    for one in resources:
        served.setdefault((one.kind.group, one.kind.kind), set()).add(one.path.rpartition("/")[2])
    demands = _demands(state)
    rules = webhook_rules(demands, served_names(served))
    return {POLICIES: rules, ENFORCED: rules, NODES: node_rules(demands)}


def judged_kinds(state: LiveState, resources: Iterable[Resource]) -> frozenset[GroupVersionKind]:
    """The kinds that policies name, each in the version that the cluster prefers; not those of a policy for all."""
    named = [
        (one.groups, frozenset(one.kinds)) for one in _demands(state) if EVERY not in one.kinds and one.kinds
    ]
    return frozenset(
        [
            kind
            for kind in preferred(resources)
            if any(
                kind.kind in kinds and (EVERY in groups or kind.group in groups) for groups, kinds in named
            )
        ]
    )


def _demands(state: LiveState) -> frozenset[Demand]:
    gate = state.gate
    demands = policy_demands(gate.policies.policies, state.templates)
    if state.quotas is not None:
        demands |= QUOTA_DEMANDS
    if gate.expansion is not None:
        implied = [(one.applies_to, one.generates) for one in gate.expansion.templates]
        demands = parent_demands(demands, implied)
    return demands
