"""What a worker counts: plain numbers, handed to main each second as what came since the last time.

A request costs a few lookups in a dictionary; nothing is locked, since a worker counts on its event loop only.
"""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, Literal, final, get_args

from lockgate.engine.decision import Decision
from lockgate.engine.record import record
from lockgate.gatekeeper.external_data.answering import Outcome
from lockgate.webhook.serving.metric_families import (
    BREAK_GLASS_USES,
    DECISIONS,
    EVALUATION_SECONDS,
    EXCHANGES,
    EXEMPTION_USES,
    MAX_LABEL,
    MAX_SERIES,
    OTHER,
    POLICY_ERRORS,
    PROVIDER_FAILURES,
    PROVIDER_REQUESTS,
    PROVIDER_SECONDS,
    RECORD_SECONDS,
    RECORDS,
    REFUSED,
    REQUEST_SECONDS,
    REQUESTS,
    UNMATCHED,
    VIOLATIONS,
    Family,
)

Answer = Literal["allowed", "denied", "failed", "refused"]
Refusal = Literal[
    "malformed", "too_large", "deadline", "overload", "not_recorded", "not_ready", "unauthenticated"
]
ANSWERS: Final = get_args(Answer)
REFUSALS: Final = get_args(Refusal)
RESULTS: Final = ("recorded", "failed")
# Of a request for external data.
EXCHANGED: Final = ("answered", "failed")
OPERATIONS: Final = frozenset(("CREATE", "UPDATE", "DELETE", "CONNECT"))

# The family's name, then the values of its labels.
Series = tuple[str, ...]


@record
class TimingDelta:
    """A histogram's growth: observations by bucket (one more than there are bounds), and their sum."""

    counts: tuple[int, ...]
    total: float


@record
class Delta:
    """What came since the last one: growth of counters and histograms, and gauges as they are now."""

    counts: Mapping[Series, int]
    timings: Mapping[str, TimingDelta]
    gauges: Mapping[str, float]


@final
class Timing:
    """Observations of one histogram without labels."""

    __slots__ = ("_bounds", "_counts", "_total", "name")

    def __init__(self, family: Family) -> None:
        self.name: Final = family.name
        self._bounds = family.buckets
        self._counts = [0] * (len(family.buckets) + 1)
        self._total = 0.0

    def observe(self, seconds: float) -> None:
        """Counts one; a clock that went back counts as no time."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        if seconds > 0:
            self._total += seconds

    def take(self) -> TimingDelta | None:
        """What came since the last time; None for nothing."""
        if not any(self._counts):
            return None
        taken = TimingDelta(tuple(self._counts), self._total)
        self._counts = [0] * len(self._counts)
        self._total = 0.0
        return taken


@final
class Measures:
    """What one worker counts. Not for several threads."""

    __slots__ = ("_counts", "_evaluation", "_provider", "_record", "_request", "in_flight", "records_waiting")

    def __init__(self) -> None:
        self._counts: dict[Series, int] = {}
        self._evaluation = Timing(EVALUATION_SECONDS)
        self._request = Timing(REQUEST_SECONDS)
        self._record = Timing(RECORD_SECONDS)
        self._provider = Timing(PROVIDER_SECONDS)
        self.in_flight = 0
        self.records_waiting = 0

    def _count(self, series: Series, amount: int = 1) -> None:
        counts = self._counts
        found = counts.get(series)
        if found is None:
            series = self._bounded(series)
            found = counts.get(series, 0)
        counts[series] = found + amount

    def _bounded(self, series: Series) -> Series:
        """The series, or that of everything else where there are too many. Seen once a second and series."""
        if len(self._counts) >= MAX_SERIES:
            return (series[0], *[OTHER] * (len(series) - 1))
        if any(len(value) > MAX_LABEL for value in series):
            return tuple([value[:MAX_LABEL] for value in series])
        return series

    def answered(self, answer: Answer, seconds: float) -> None:
        """A request has its answer, `seconds` after its last byte."""
        self._request.observe(seconds)
        self._count((REQUESTS.name, answer))

    def refused(self, reason: Refusal) -> None:
        """A request was not judged to its end, or not recorded."""
        self._count((REFUSED.name, reason))

    def judged(self, decision: Decision, operation: str, seconds: float) -> None:
        """Policies took `seconds` for a review; `operation` is the request's."""
        self._evaluation.observe(seconds)
        operation = operation if operation in OPERATIONS else OTHER
        self._count((DECISIONS.name, decision.verdict, operation))
        if not decision.matched:
            self._count((UNMATCHED.name,))
        if decision.violations:
            self._violations(decision)
        if decision.failures:
            for key in {one.policy for one in decision.failures}:
                self._count((POLICY_ERRORS.name, key.kind, key.name))
        for exchange in decision.exchanges:
            result = EXCHANGED[bool(exchange.reply.system_error)]
            self._count((EXCHANGES.name, exchange.provider, result))
        if decision.on_error:
            for used in {(one.provider, one.on_error) for one in decision.on_error}:
                self._count((PROVIDER_FAILURES.name, *used))
        if decision.exempted:
            for name in {one.exemption for one in decision.exempted}:
                self._count((EXEMPTION_USES.name, name))

    def _violations(self, decision: Decision) -> None:
        """Each policy once a review and action, however much it found."""
        if len(decision.violations) == 1:
            (one,) = decision.violations
            for action in one.actions:
                self._count((VIOLATIONS.name, one.policy.kind, one.policy.name, action))
            return
        for series in {
            (VIOLATIONS.name, one.policy.kind, one.policy.name, action)
            for one in decision.violations
            for action in one.actions
        }:
            self._count(series)

    def provided(self, provider: str, outcome: Outcome, seconds: float) -> None:
        """A provider that answers here was asked; it took `seconds`, where it was."""
        self._count((PROVIDER_REQUESTS.name, provider, outcome))
        if outcome != "refused":
            self._provider.observe(seconds)

    def let_through(self) -> None:
        """A break-glass grant let something through."""
        self._count((BREAK_GLASS_USES.name,))

    def recorded(self, seconds: float) -> None:
        """An entry has its receipt, `seconds` after it was handed in."""
        self._record.observe(seconds)
        self._count((RECORDS.name, "recorded"))

    def not_recorded(self) -> None:
        """An entry has none, and will have none."""
        self._count((RECORDS.name, "failed"))

    def take(self, gauges: Mapping[str, float]) -> Delta:
        """What came since the last time; `gauges` by family, as they are now."""
        counts, self._counts = self._counts, {}
        timings: dict[str, TimingDelta] = {}
        for one in (self._evaluation, self._request, self._record, self._provider):
            taken = one.take()
            if taken is not None:
                timings[one.name] = taken
        return Delta(counts, timings, gauges)
