"""A sweep of one cluster from its beginning to its end: what is in force is followed, and a pass is made of it."""

import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.cluster.discovery import PoliciesFrom, discover
from lockgate.webhook.cluster.inventory import Server
from lockgate.webhook.cluster.source import ClusterSource
from lockgate.webhook.cluster.sweep_writer import SweepWriter
from lockgate.webhook.cluster.sweeping import ClusterSweep, Passed, Tell
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.policy_reports import policy_reports
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


@record
class SweepParts:
    """What a sweep is put together from. files: changes of policies that are files; the cluster's count without it.

    writer: writes results into the cluster; None: they are written nowhere. clock: Unix time in nanoseconds. goes_on:
    asked now and then during a pass, which is broken off where it says no.
    """

    sweep: Sweep
    settings: LiveSettings
    tell: Tell
    files: Callable[[], Sequence[Change]] | None
    writer: SweepWriter | None
    clock: Callable[[], int]
    goes_on: Callable[[], bool]


@final
class SweepRun:
    """Follows a cluster. Used by one thread; `close` ends what it began."""

    def __init__(self, api: ApiClient, parts: SweepParts, chance: Random) -> None:
        policies_from: PoliciesFrom = "cluster" if parts.files is None else "files"
        self._parts: Final = parts
        self._server: Final = Server(api)
        self._source: Final = ClusterSource(api, policies_from, chance)
        self._live: Final = LiveGate(parts.settings)
        self._cluster: Final = ClusterSweep(self._server, parts.sweep, parts.tell, parts.goes_on)
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
        files = self._parts.files
        changes = () if files is None else tuple(files())
        batch = self._source.take(seconds)
        if batch is not None:
            changes = (*changes, *batch.changes)
        if batch is None and not changes:
            return False
        self._live.apply(changes, self._source.covered())
        self._source.want(self._live.needs)
        return True

    def run_pass(self) -> SweepResult:
        """One pass. Raises UsageError where the cluster does not even tell what it serves, and SweepFullError and SweepEndedError."""
        state = self._live.state
        assert state is not None, "settle comes first"
        parts, now_ns = self._parts, self._parts.clock()
        found = discover(self._server)
        passed = self._cluster.run(state, found, now_ns)
        totals = constraint_totals(state.gate.policies.policies, parts.sweep.findings())
        unwritten: Mapping[str, str] = {}
        if parts.writer is not None:
            reports = policy_reports(parts.sweep.findings())
            unwritten = parts.writer.write(found.resources, totals, reports, now_ns)
        return SweepResult(passed, totals, state.problems, unwritten)

    def close(self) -> None:
        """Ends the watches."""
        self._source.stop()
