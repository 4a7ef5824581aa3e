"""Finds what defaults an object, by its kind. Nothing else is imported, or done, for kinds that have none here.

After the defaults of k8s.io/kubernetes 1.34 (pkg/apis/*/v1). An object is never changed: what differs is a copy, down
to the fields that were filled in, and the rest is shared with the object as it was. Whatever is not of the shape that
the API server would accept is left as it is.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

from lockgate.engine.codegen.values import Value

Object = dict[str, Value]
Complete = Callable[[Object], Object]

_WORKLOADS: Final = frozenset(
    {
        ("v1", "PodTemplate"),
        ("v1", "ReplicationController"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "CronJob"),
        ("batch/v1", "Job"),
    }
)
_OTHERS: Final = frozenset(
    {("v1", "Namespace"), ("v1", "PersistentVolumeClaim"), ("v1", "Service")}
    | {
        (f"resource.k8s.io/{version}", kind)
        for version in ("v1", "v1beta1", "v1beta2")
        for kind in ("ResourceClaim", "ResourceClaimTemplate")
    }
)
_KNOWN: Final = _WORKLOADS | _OTHERS | {("v1", "Pod")}


@cache
def _of_kind(api_version: str, kind: str) -> Complete:
    """What defaults a kind that is known."""
    if (api_version, kind) in _WORKLOADS:
        from lockgate.engine.defaults.workloads import WORKLOADS

        return WORKLOADS[kind]
    if (api_version, kind) in _OTHERS:
        from lockgate.engine.defaults.objects import OBJECTS

        return OBJECTS[kind]
    from lockgate.engine.defaults.pods import complete_pod

    return complete_pod


def apply_defaults(value: Object) -> Object:
    """The object as policies in the cluster see it; the same object where nothing is known of its kind."""
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if type(api_version) is not str or type(kind) is not str or (api_version, kind) not in _KNOWN:
        return value
    return _of_kind(api_version, kind)(value)


def as_it_is(value: Object) -> Object:
    """The object without any defaults."""
    return value
