"""Deltas of measures as one frame of JSON, from a worker to main."""

import json
from typing import Final

from lockgate.engine.errors import LockgateError
from lockgate.webhook.serving.measures import Delta, Series, TimingDelta
from lockgate.webhook.serving.metric_families import FAMILIES, MAX_LABEL, MAX_SERIES

# A worker's frame of as many series as it may have, with the longest labels.
MAX_FRAME: Final = 8 << 20


class MeasuresError(LockgateError):
    """A frame of measures that no worker sends."""


def render_delta(delta: Delta) -> bytes:
    """The frame of a delta."""
    return json.dumps(
        {
            "counts": [[*series, amount] for series, amount in delta.counts.items()],
            "timings": {name: [one.total, *one.counts] for name, one in delta.timings.items()},
            "gauges": dict(delta.gauges),
        },
        separators=(",", ":"),
    ).encode()


def parse_delta(frame: bytes) -> Delta:
    """The delta of a frame. Raises MeasuresError for what `render_delta` does not make."""
    if len(frame) > MAX_FRAME:
        raise MeasuresError(f"a frame of measures has {len(frame)} bytes")
    try:
        value = json.loads(frame)
    except (ValueError, RecursionError):
        raise MeasuresError("a frame of measures is no JSON") from None
    if not isinstance(value, dict) or value.keys() != {"counts", "timings", "gauges"}:
        raise MeasuresError("a frame of measures has other parts than counts, timings and gauges")
    counts, timings, gauges = value["counts"], value["timings"], value["gauges"]
    if not (isinstance(counts, list) and isinstance(timings, dict) and isinstance(gauges, dict)):
        raise MeasuresError("a part of a frame of measures is of another shape")
    # One over for each family's rest.
    if len(counts) > MAX_SERIES + len(FAMILIES):
        raise MeasuresError(f"a frame of measures has {len(counts)} series")
    return Delta(
        dict([_series(one) for one in counts]),
        {name: _timing(name, one) for name, one in timings.items()},
        {name: _gauge(name, one) for name, one in gauges.items()},
    )


def _series(one: object) -> tuple[Series, int]:
    if not isinstance(one, list) or len(one) < 2:
        raise MeasuresError("a series of measures is of another shape")
    *names, amount = one
    family = FAMILIES.get(names[0]) if isinstance(names[0], str) else None
    if family is None or family.kind != "counter" or len(names) != 1 + len(family.labels):
        raise MeasuresError("a series of measures is of no counter")
    if not all(isinstance(name, str) and len(name) <= MAX_LABEL for name in names):
        raise MeasuresError("a series of measures has labels of another shape")
    if type(amount) is not int or amount < 0:
        raise MeasuresError(f"the counter {family.name} cannot grow by this")
    return tuple(names), amount


def _timing(name: str, one: object) -> TimingDelta:
    family = FAMILIES.get(name)
    if family is None or family.kind != "histogram":
        raise MeasuresError("a timing of measures is of no histogram")
    if not isinstance(one, list) or len(one) != len(family.buckets) + 2:
        raise MeasuresError(f"the histogram {name} has other buckets")
    total, *counts = one
    if not all(type(count) is int and count >= 0 for count in counts):
        raise MeasuresError(f"the histogram {name} cannot grow by this")
    return TimingDelta(tuple(counts), _number(name, total))


def _gauge(name: str, one: object) -> float:
    family = FAMILIES.get(name)
    if family is None or family.kind != "gauge" or family.labels != ("worker",):
        raise MeasuresError("a gauge of measures is none of a worker")
    return _number(name, one)


def _number(name: str, one: object) -> float:
    if type(one) not in (int, float) or not isinstance(one, (int, float)) or not 0 <= one < 1e18:
        raise MeasuresError(f"{name} is no number that a worker sends")
    return float(one)
