"""A sweep of one cluster from its beginning to its end: what is in force is followed, and a pass is made of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.cluster.discovery import PoliciesFrom, discover
from lockgate.webhook.cluster.inventory import Server
from lockgate.webhook.cluster.source import ClusterSource
from lockgate.webhook.cluster.sweep_writer import SweepWriter
from lockgate.webhook.cluster.sweeping import ClusterSweep, Passed, Tell
from lockgate.webhook.report import EXIT_CLEAN, EXIT_NOT_EVALUATED, EXIT_VIOLATIONS, FailOn
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.live_state import LiveSettings, LiveState
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.policy_kinds import is_deciding
from lockgate.webhook.serving.policy_reports import ReportKey, policy_reports
from lockgate.webhook.serving.sweep import Sweep
from lockgate.webhook.serving.sweep_totals import ConstraintTotal, constraint_totals

# Until policies and what they need are known.
SETTLE_S: Final = 60.0
_STEP_S: Final = 0.2
# After the last change of what was wanted, so that what a first policy needs is asked for.
_QUIET_STEPS: Final = 3


@record
class SweepResult:
    """A pass, what it comes to for each constraint, and what is not in force or could not be written."""

    passed: Passed
    totals: tuple[ConstraintTotal, ...]
    problems: Mapping[ObjectKey, tuple[LiveProblem, ...]]
    unwritten: Mapping[str, str]

    def exit_code(self, fail_on: frozenset[FailOn]) -> int:
        """As `check` has it: 0 clean, 1 violations, 2 could not look, evaluate, record or write; 2 beats 1.

        What a policy needs and nobody knows here is *not evaluated*, which is 0 unless `fail_on` names it.
        """
        if self.passed.failed or self.passed.untold or self.problems or self.unwritten:
            return EXIT_NOT_EVALUATED
        if any(one.failed or ("not-evaluated" in fail_on and one.unknown) for one in self.totals):
            return EXIT_NOT_EVALUATED
        failing = {"deny", "warn"} if "warn" in fail_on else {"deny"}
        violated = any(one.violations and not failing.isdisjoint(one.actions) for one in self.totals)
        return EXIT_VIOLATIONS if violated else EXIT_CLEAN


@record
class SweepParts:
    """What passes are put together from. writer: writes results into the cluster; None: they are written nowhere.

    clock: Unix time in nanoseconds. goes_on: asked now and then during a pass, which is broken off where it says no.
    """

    sweep: Sweep
    tell: Tell
    writer: SweepWriter | None
    clock: Callable[[], int]
    goes_on: Callable[[], bool]


@final
class SweepPasses:
    """Passes over a cluster, whoever says what is in force. Used by one thread."""

    def __init__(self, api: ApiClient, parts: SweepParts) -> None:
        self._parts: Final = parts
        self._server: Final = Server(api)
        self._cluster: Final = ClusterSweep(self._server, parts.sweep, parts.tell, parts.goes_on)
        # Of the last pass: what it was about, and what came of it.
        self._about: object = None
        self._totals: tuple[ConstraintTotal, ...] = ()
        self._reports: Mapping[ReportKey, dict[str, Value]] = {}

    def run(self, state: LiveState) -> SweepResult:
        """One pass. Raises UsageError where the cluster does not even tell what it serves, and SweepFullError and SweepEndedError."""
        parts, now_ns = self._parts, self._parts.clock()
        found = discover(self._server)
        passed = self._cluster.run(state, found, now_ns)
        self._sum_up(state)
        unwritten: Mapping[str, str] = {}
        if parts.writer is not None:
            unwritten = parts.writer.write(found.resources, self._totals, self._reports, now_ns)
        return SweepResult(passed, self._totals, state.problems, unwritten)

    def _sum_up(self, state: LiveState) -> None:
        """Most passes find what the last one has found: to sum that up again would cost more than the pass."""
        sweep, policies = self._parts.sweep, state.gate.policies
        about = (sweep.revision, policies.digest)
        if about == self._about:
            return
        self._totals = constraint_totals(policies.policies, sweep.findings())
        if self._parts.writer is not None:
            self._reports = policy_reports(sweep.findings())
        self._about = about


@record
class Followed:
    """Whose policies count. files: changes of what is in files: those policies, or what else decides; None for none."""

    policies_from: PoliciesFrom = "cluster"
    files: Callable[[], Sequence[Change]] | None = None


@final
class SweepRun:
    """Follows a cluster. Used by one thread; `close` ends what it began."""

    def __init__(
        self,
        api: ApiClient,
        parts: SweepParts,
        settings: LiveSettings,
        followed: Followed,
        chance: Random,
    ) -> None:
        self._files: Final = followed.files
        self._passes: Final = SweepPasses(api, parts)
        self._source: Final = ClusterSource(api, followed.policies_from, chance)
        self._live: Final = LiveGate(settings)
        self._source.start()

    def settle(self) -> None:
        """Waits until everything is known that decides. Raises UsageError where that takes too long."""
        end = time.monotonic() + SETTLE_S
        quiet = 0
        while quiet < _QUIET_STEPS:
            quiet = (
                0 if self.follow(_STEP_S) or self._source.lacking() or self._live.state is None else quiet + 1
            )
            if time.monotonic() > end:
                lacking = "; ".join(self._source.lacking()) or "it changes all the time"
                raise UsageError(
                    f"the cluster does not tell within {SETTLE_S:.0f} s what decides: {lacking}",
                    hint="whoever runs this needs `list` and `watch` on policies and on what they read",
                )

    def follow(self, seconds: float) -> bool:
        """Takes what has changed, waiting for so long; tells whether anything had."""
        changes = () if self._files is None else tuple(self._files())
        batch = self._source.take(seconds)
        if batch is not None:
            changes = (*changes, *batch.changes)
        if batch is None and not changes:
            return False
        self._live.apply(changes, self._source.covered())
        self._source.want(self._live.needs)
        return True

    def run_pass(self) -> SweepResult:
        """One pass. Raises what `SweepPasses.run` raises."""
        state = self._live.state
        assert state is not None, "settle comes first"
        return self._passes.run(state)

    @property
    def state(self) -> LiveState | None:
        """What is in force; None before anything is known."""
        return self._live.state

    def deciding(self) -> tuple[Change, ...]:
        """What the cluster tells that decides, as changes."""
        return tuple([one for one in self._source.objects.everything() if is_deciding(one.key.kind)])

    def close(self) -> None:
        """Ends the watches."""
        self._source.stop()
