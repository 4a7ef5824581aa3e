"""What measurements come to, and what the provider `lockgate-utilisation` answers by them (policies/cost/right_sizing)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from lockgate.engine.record import record
from lockgate.webhook.utilisation.samples import Container, Sample

PROVIDER: Final = "lockgate-utilisation"
UNKNOWN: Final = "nothing was measured of it"
# Of a hundred measurements so many are at most what is told.
PERCENTILE: Final = 95


@record
class Use:
    """What a container used of a resource. p95, maximum: cores, bytes or devices, of one pod; since, until: RFC 3339, of the first and the last sample."""

    p95: float
    maximum: float
    samples: int
    since: str
    until: str


def summarise(samples: Sequence[Sample]) -> Use:
    """Of one sample at least. The percentile is a measured value: the least that so many in a hundred do not exceed."""
    values = sorted([value for _, value in samples])
    times = [time for time, _ in samples]
    place = -(-len(values) * PERCENTILE // 100) - 1
    return Use(values[place], values[-1], len(values), _moment(min(times)), _moment(max(times)))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(namespace: str, workload: str) -> str:
    """By what rules ask: JSON with sorted names and nothing between."""
    return json.dumps({"name": workload, "namespace": namespace}, ensure_ascii=False, separators=(",", ":"))


def external_data(measured: Mapping[str, Mapping[Container, Sequence[Sample]]]) -> dict[str, Any]:
    """An object of kind ExternalData, from which `check` and `serve` answer. measured: by resource.

    The answer for a workload is `{"containers": {name: {resource: {"p95", "maximum", "samples", "since", "until"}}}}`.
    """
    values: dict[str, dict[str, Any]] = {}
    for resource in sorted(measured):
        for container, samples in measured[resource].items():
            use = summarise(samples)
            answer = values.setdefault(key_of(container.namespace, container.workload), {"containers": {}})
            answer["containers"].setdefault(container.name, {})[resource] = {
                "p95": _plain(use.p95),
                "maximum": _plain(use.maximum),
                "samples": use.samples,
                "since": use.since,
                "until": use.until,
            }
    provider = {"provider": PROVIDER, "values": values, "otherwise": UNKNOWN}
    return {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "providers": [provider],
    }


def _plain(value: float) -> int | float:
    """Bytes are whole numbers, and written so."""
    return int(value) if value.is_integer() else value
