"""The metrics of quotas: one table, and what it says of the ledger. What is counted over time is shown for the latest window."""

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.quota.amounts import QuotaKey, Usage
from lockgate.webhook.serving.metric_families import MAX_LABEL, MAX_SERIES, Family

# A family's name, the values of its labels, and the value.
Sample = tuple[str, tuple[str, ...], float]

_LABELS: Final = ("quota", "scope", "dimension")
HELD: Final = Family(
    "lockgate_quota_held",
    "gauge",
    "What counts against a quota's limit, by dimension (device-seconds for gpu-seconds/…) and state: used by live objects, "
    "reserved for what was admitted and not seen yet, spent by what is gone.",
    (*_LABELS, "state"),
)
LIMIT: Final = Family(
    "lockgate_quota_limit", "gauge", "Limits of quotas, hard and soft.", (*_LABELS, "limit")
)
FAMILIES: Final = (HELD, LIMIT)
CEILINGS: Final = ("hard", "soft")
_STATES: Final = ("used", "reserved", "spent")


def quota_samples(usages: Iterable[Usage]) -> tuple[Sample, ...]:
    """The samples of the keys that there are, as many as there may be."""
    latest: dict[tuple[str, str], Usage] = {}
    for one in usages:
        place = (one.key.scope, one.key.dimension)
        if place not in latest or latest[place].key.window < one.key.window:
            latest[place] = one
    shown = [*latest.values()][: MAX_SERIES // len(_STATES)]
    return tuple([sample for one in shown for sample in _samples(one)])


def _samples(usage: Usage) -> Sequence[Sample]:
    labels = _labels(usage.key)
    amounts = zip(_STATES, (usage.used, usage.reserved, usage.spent), strict=True)
    held = [(HELD.name, (*labels, state), float(amount)) for state, amount in amounts]
    limits = [
        (LIMIT.name, (*labels, name), float(amount))
        for name, amount in zip(CEILINGS, (usage.hard, usage.soft), strict=True)
        if amount is not None
    ]
    return [*held, *limits]


def _labels(key: QuotaKey) -> tuple[str, str, str]:
    return (
        key.scope.partition("/")[0][:MAX_LABEL],
        key.scope[:MAX_LABEL],
        key.dimension[:MAX_LABEL],
    )
