"""By what live objects are counted for quotas: the quotas in force, and the labels of Namespaces."""

from collections.abc import Mapping

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.serving.live_quotas import QuotasNow

Object = dict[str, Value]


@record
class Basis:
    """What objects are counted by. namespaces: by name."""

    quotas: QuotasNow
    namespaces: Mapping[str, Object]


def differ(before: Basis, now: Basis) -> bool:
    """Would live objects be counted in another way? What comes to a new namespace is counted as it comes."""
    if before.quotas.digest != now.quotas.digest:
        return True
    if before.namespaces is now.namespaces:
        return False
    labels = now.quotas.labels
    return any(
        name in now.namespaces and _labels(value, labels) != _labels(now.namespaces[name], labels)
        for name, value in before.namespaces.items()
    )


def _labels(namespace: Object, keys: frozenset[str]) -> dict[str, Value]:
    metadata = namespace.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return {key: labels[key] for key in sorted(keys) if key in labels} if isinstance(labels, dict) else {}
