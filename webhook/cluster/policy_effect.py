"""The effect on what lives in a cluster: two sweeps of it, under what is in force and under what is to be.

What policies are silent about is not undone by them: a Config, ExpansionTemplates, Providers, exemptions and whatever else
decides in the cluster stays, unless what is rolled out has something of the kind itself.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from random import Random
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.policy import Facts
from lockgate.engine.record import record
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.sweep_run import Followed, SweepParts, SweepResult, SweepRun
from lockgate.webhook.gate import Gate
from lockgate.webhook.inventory_options import ExternalRequest
from lockgate.webhook.policy_sources import Sources
from lockgate.webhook.replay.difference import Difference
from lockgate.webhook.replay.judge import Judge
from lockgate.webhook.replay.outcome import Outcome, outcome_of_findings
from lockgate.webhook.replay.subject import Subject
from lockgate.webhook.rollout.effect import LiveEffect
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_state import LiveSettings, LiveState, Provide
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.policy_kinds import is_constraint_kind, is_exempting, is_template_kind
from lockgate.webhook.serving.sweep import Sweep, VerdictChange

_TEMPLATES: Final = "templates and constraints"
_EXEMPTIONS: Final = "exemptions"


@record
class ClusterRequest:
    """before: the policies in force, where the cluster does not tell; empty: it does. after: those to be.

    exemptions: beside both. external: who answers for external data. context: of the kubeconfig.
    """

    before: Sources
    after: Sources
    exemptions: tuple[str, ...]
    cwd: str
    context: str
    cache: CodeCache | None
    external: ExternalRequest
    provide: Provide | None


@record
class ClusterEffect:
    """The effect on what lives there; and Judges by both, to replay records with."""

    live: LiveEffect
    before: Judge
    after: Judge


def effect_on_cluster(request: ClusterRequest, stack: ExitStack) -> ClusterEffect:
    """Sweeps the cluster twice. Raises LockgateError where it does not tell what decides, or policies are wrong."""
    api = open_client(request.context)
    stack.callback(api.close)
    settings = LiveSettings(cache=request.cache, provide=request.provide)
    before = _Swept(api, _in_force(request, settings), settings, stack)
    source = _source(request, request.after, request.exemptions, settings)
    changes = source.changes
    if not request.before:
        given = {one.key for one in _source(request, (), request.exemptions, settings).changes()}
        changes = _Beside(source, before.run.deciding(), given).changes
    after = _Swept(api, Followed("files", changes), settings, stack)
    return ClusterEffect(
        LiveEffect(
            before.state.gate.policies.digest,
            after.state.gate.policies.digest,
            _difference(before, after),
            (*before.errors("in force: "), *after.errors("")),
        ),
        _judge(before.state.gate),
        _judge(after.state.gate),
    )


@final
class _Swept:
    """What a sweep under one set of policies has found."""

    def __init__(self, api: ApiClient, followed: Followed, settings: LiveSettings, stack: ExitStack) -> None:
        self._sweep: Final = Sweep()
        parts = SweepParts(self._sweep, _all_told, None, time.time_ns, lambda: True)
        self.run: Final = SweepRun(api, parts, settings, followed, Random())  # noqa: S311 - spreads what replicas do
        stack.callback(self.run.close)
        self.run.settle()
        self.result: Final[SweepResult] = self.run.run_pass()
        state = self.run.state
        assert state is not None, "it has settled"
        self.state: Final[LiveState] = state

    def outcomes(self) -> dict[ObjectKey, Outcome]:
        """What is said of each object that something is said of."""
        return {key: outcome_of_findings(found) for key, found in self._sweep.findings()}

    def errors(self, under: str) -> list[tuple[str, str]]:
        """What could not be looked at, and what is not in force."""
        found = [(kind, why) for kind, why in sorted(self.result.passed.failed.items())]
        for key, problems in sorted(self.result.problems.items()):
            found += [(f"{under}{key}", f"not in force: {one}") for one in problems]
        return found


@final
class _Beside:
    """What is rolled out, beside what stays of the cluster's: told once, and then what changes in files."""

    def __init__(self, source: FolderSource, cluster: Sequence[Change], given: Collection[ObjectKey]) -> None:
        """given: what comes beside both, and so is nothing that the policies to be bring."""
        self._source: Final = source
        self._given: Final = given
        self._kept: Sequence[Change] = cluster

    def changes(self) -> tuple[Change, ...]:
        """What has changed. Raises LockgateError."""
        found = self._source.changes()
        if not self._kept:
            return found
        brought = {_family(one.key.kind) for one in found if one.key not in self._given} | {_TEMPLATES}
        kept, self._kept = [one for one in self._kept if _family(one.key.kind) not in brought], ()
        return (*found, *kept)


def _family(kind: GroupVersionKind) -> str:
    """Kinds that are only sensible together, or alone."""
    if is_template_kind(kind) or is_constraint_kind(kind):
        return _TEMPLATES
    return _EXEMPTIONS if is_exempting(kind) else f"{kind.kind}.{kind.group}"


def _in_force(request: ClusterRequest, settings: LiveSettings) -> Followed:
    external = request.external
    if request.before:
        return Followed("files", _source(request, request.before, request.exemptions, settings).changes)
    answers = bool(external.files or external.models or request.exemptions)
    files: Callable[[], Sequence[Change]] | None = None
    if answers:
        files = _source(request, (), request.exemptions, settings).changes
    return Followed("cluster", files)


def _source(
    request: ClusterRequest, policies: Sources, exemptions: tuple[str, ...], settings: LiveSettings
) -> FolderSource:
    external = request.external
    return FolderSource(policies, exemptions, request.cwd, settings, external.files, external.models)


def _difference(before: _Swept, after: _Swept) -> Difference:
    difference = Difference()
    was, now = before.outcomes(), after.outcomes()
    for key in sorted(was.keys() | now.keys()):
        subject = Subject(key.kind.api_version, key.kind.kind, key.namespace, key.name)
        difference.take(subject, was.get(key, frozenset()), now.get(key, frozenset()))
    # Those that neither says anything of were compared too.
    difference.compared = max(before.result.passed.looked, after.result.passed.looked)
    return difference


def _judge(gate: Gate) -> Judge:
    """By the same policies, and nothing of what is known of the cluster now: records are of another time."""
    then = replace(gate, facts=Facts(), masker=None)
    return Judge({"webhook": then, "audit": replace(then, process="audit")})


def _all_told(changes: Sequence[VerdictChange]) -> list[ObjectKey]:
    return [change.key for change in changes]
