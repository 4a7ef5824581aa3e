"""Prometheus metrics of main: what workers told since they began, and the server's state when it is asked.

prometheus_client's own counters would cost each request a lock and, over several processes, a file that all of them
map. Workers count in plain numbers instead (`serving/measures.py`); here they are added up and rendered.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, final

from lockgate.webhook.serving.measures import ANSWERS, REFUSALS, RESULTS, Delta, Series
from lockgate.webhook.serving.metric_families import (
    ANCHOR_LAG,
    BREAK_GLASS,
    BUILD,
    CERTIFICATES,
    EXEMPTION_END,
    EXEMPTIONS,
    FAMILIES,
    INVENTORY,
    LAST_CHANGE,
    MAX_SERIES,
    OTHER,
    POLICIES,
    POLICY_DRIFT,
    POLICY_ERRORS,
    POLICY_PROBLEMS,
    READY,
    RECORDS,
    REFUSED,
    REQUESTS,
    TRAIL_ENTRIES,
    WEBHOOK_PROBLEMS,
    WORKER_RESTARTS,
    WORKERS,
    Family,
)
from lockgate.webhook.serving.promotion_metrics import FAMILIES as PROMOTION_FAMILIES
from lockgate.webhook.serving.quota_metrics import FAMILIES as QUOTA_FAMILIES
from lockgate.webhook.serving.server_state import ServerState
from lockgate.webhook.serving.sweep_metrics import FAMILIES as SWEEP_FAMILIES
from lockgate.webhook.version import VERSION
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

# What a scrape has.
SERVED: Final[Mapping[str, Family]] = {
    **FAMILIES,
    **{one.name: one for one in (*SWEEP_FAMILIES, *QUOTA_FAMILIES, *PROMOTION_FAMILIES)},
}
# Each state is shown, those that nothing is in as 0, so that an alert on a change has something to compare with.
STATES: Final = ("active", "expired", "not_yet", "refused")


@final
class Totals:
    """What the workers counted so far. A worker that dies takes its last second with it, and its gauges."""

    __slots__ = ("_by_family", "counts", "gauges", "timings")

    def __init__(self) -> None:
        self.counts: Final[dict[Series, int]] = {}
        # Observations by bucket, and their sum.
        self.timings: Final[dict[str, tuple[list[int], float]]] = {}
        self.gauges: Final[dict[str, Mapping[str, float]]] = {}
        self._by_family: Final[dict[str, int]] = {}
        for family in FAMILIES.values():
            if family.kind == "histogram":
                self.timings[family.name] = ([0] * (len(family.buckets) + 1), 0.0)
            elif family.kind == "counter" and not family.labels and family is not WORKER_RESTARTS:
                self.counts[(family.name,)] = 0
        # What is known to be counted begins at nothing: a rate sees the first one.
        for family, values in ((REQUESTS, ANSWERS), (REFUSED, REFUSALS), (RECORDS, RESULTS)):
            for value in values:
                self.counts[(family.name, value)] = 0

    def add(self, worker: str, delta: Delta) -> None:
        """Takes in what a worker told."""
        for series, amount in delta.counts.items():
            if series not in self.counts:
                known = self._by_family.get(series[0], 0)
                if known >= MAX_SERIES:
                    series = (series[0], *[OTHER] * (len(series) - 1))
                else:
                    self._by_family[series[0]] = known + 1
            self.counts[series] = self.counts.get(series, 0) + amount
        for name, timing in delta.timings.items():
            counts, total = self.timings[name]
            added = [one + more for one, more in zip(counts, timing.counts, strict=True)]
            self.timings[name] = (added, total + timing.total)
        self.gauges[worker] = delta.gauges

    def drop(self, worker: str) -> None:
        """Forgets the gauges of a worker that is gone."""
        self.gauges.pop(worker, None)


@final
class Metrics(Collector):
    """The registry of main. `state` is asked at each scrape."""

    def __init__(self, totals: Totals, state: Callable[[], ServerState]) -> None:
        self._totals = totals
        self._state = state
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def render(self, accept: str) -> tuple[bytes, str]:
        """The body and content type of a scrape, in the format that the Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterable[Metric]:
        """Every family of the table, also those that have no sample yet."""
        samples: dict[str, list[tuple[Sequence[str], float]]] = {name: [] for name in SERVED}
        for series, amount in sorted(self._totals.counts.items()):
            samples[series[0]].append((series[1:], amount))
        state = self._state()
        for policy in state.policies[:MAX_SERIES]:
            # A rate sees the first one where there was nought before.
            if (POLICY_ERRORS.name, policy.kind, policy.name) not in self._totals.counts:
                samples[POLICY_ERRORS.name].append(((policy.kind, policy.name), 0))
        for worker, gauges in sorted(self._totals.gauges.items()):
            for name, value in gauges.items():
                samples[name].append(((worker,), value))
        for family, labels, value in _state_samples(state):
            samples[family.name].append((labels, value))
        for name, told, value in (*state.sweep, *state.quotas, *state.promotions):
            samples[name].append((told, value))
        for family in SERVED.values():
            if family.kind == "histogram":
                yield self._histogram(family)
            else:
                made = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
                metric = made(family.name, family.help, labels=family.labels)
                for labels, value in samples[family.name]:
                    metric.add_metric(labels, value)
                yield metric

    def _histogram(self, family: Family) -> Metric:
        counts, total = self._totals.timings[family.name]
        buckets: list[tuple[str, float]] = []
        reached = 0
        for bound, count in zip([*map(str, family.buckets), "+Inf"], counts, strict=True):
            reached += count
            buckets.append((bound, reached))
        metric = HistogramMetricFamily(family.name, family.help)
        metric.add_metric((), buckets, total)
        return metric


def _state_samples(state: ServerState) -> list[tuple[Family, Sequence[str], float]]:
    made: list[tuple[Family, Sequence[str], float]] = [
        (BUILD, (VERSION,), 1),
        (READY, (), int(state.is_ready)),
        (WORKERS, (), state.workers),
        (WORKER_RESTARTS, (), state.worker_restarts),
        (POLICIES, (), len(state.policies)),
        (POLICY_PROBLEMS, (), state.policy_problems),
        (POLICY_DRIFT, (), state.policy_drift),
        (WEBHOOK_PROBLEMS, (), state.webhook_problems),
        (LAST_CHANGE, (), state.last_change_s),
    ]
    made += [(INVENTORY, (kind,), count) for kind, count in sorted(state.inventory.items())[:MAX_SERIES]]
    made += [(CERTIFICATES, (name,), until) for name, until in sorted(state.certificates.items())]
    made += [(EXEMPTIONS, (name,), state.exemptions.states.get(name, 0)) for name in STATES]
    if state.exemptions.first_end_s is not None:
        made.append((EXEMPTION_END, (), state.exemptions.first_end_s))
    made += [(BREAK_GLASS, (name,), state.grants.get(name, 0)) for name in STATES]
    if state.trail is not None:
        entries = state.trail.entries
        made.append((TRAIL_ENTRIES, (), entries))
        made += [(ANCHOR_LAG, (name,), max(0, entries - seen)) for name, seen in state.trail.seen.items()]
    return made
