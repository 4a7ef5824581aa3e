"""Objects as they live now, for comparison with a trail: of a cluster, or of snapshots in files."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lockgate.audit.query.answers.answer import LiveObject
from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import gvk_of
from lockgate.webhook.inventory_files import read_snapshot
from lockgate.webhook.inventory_objects import NoneOf, Present, Told

if TYPE_CHECKING:
    from lockgate.webhook.cluster.inventory import Resource

# What runs something, in built-in groups; of others, every kind that has a decision.
WORKLOADS: Final = frozenset(
    (
        "v1/Pod",
        "apps/v1/Deployment",
        "apps/v1/StatefulSet",
        "apps/v1/DaemonSet",
        "apps/v1/ReplicaSet",
        "batch/v1/Job",
        "batch/v1/CronJob",
        "serving.kserve.io/v1beta1/InferenceService",
        "ray.io/v1/RayCluster",
        "ray.io/v1/RayJob",
        "ray.io/v1/RayService",
        "kubeflow.org/v1/PyTorchJob",
        "resource.k8s.io/v1/ResourceClaim",
    )
)


@dataclass(frozen=True, slots=True)
class Live:
    """What lives. kinds: `group/version/kind` of which all there is was listed."""

    objects: tuple[LiveObject, ...]
    kinds: frozenset[str]


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _live(value: dict[str, Value]) -> LiveObject | None:
    kind = gvk_of(value)
    meta = value.get("metadata")
    if kind is None or not isinstance(meta, dict):
        return None
    labels = meta.get("labels")
    told = (
        {key: text for key, text in labels.items() if isinstance(text, str)}
        if isinstance(labels, dict)
        else {}
    )
    parts = (kind.group, kind.version, kind.kind, _text(meta.get("namespace")), _text(meta.get("name")))
    return LiveObject("/".join([*parts, _text(meta.get("uid"))]), told)


def _gather(told: Iterable[Told]) -> Live:
    objects: dict[str, LiveObject] = {}
    kinds: set[str] = set()
    for one in told:
        if isinstance(one, NoneOf):
            kinds.add("/".join([part for part in (one.kind.group, one.kind.version, one.kind.kind) if part]))
        elif isinstance(one, Present):
            found = _live(one.value)
            if found is not None:
                objects[found.name] = found
                kinds.add("/".join([part for part in found.name.split("/")[:3] if part]))
    return Live(tuple(objects.values()), frozenset(kinds))


def live_objects(paths: Sequence[str]) -> Live:
    """What snapshots have. Raises UsageError for what cannot be read."""
    cwd = os.getcwd()
    return _gather(one for path in paths for one in read_snapshot(path, cwd))


def cluster_objects(context: str, kubeconfig: str = "") -> Live:
    """What a cluster has of WORKLOADS, listed consistently. Raises UsageError."""
    from lockgate.webhook.cluster.connection import open_client
    from lockgate.webhook.cluster.discovery import discover
    from lockgate.webhook.cluster.inventory import Server

    server = Server(open_client(context, kubeconfig))
    found: list[Told] = []
    for resource in discover(server).resources:
        if _spelled(resource) in WORKLOADS:
            found.append(NoneOf(resource.kind))
            objects, _ = server.list_all(resource)
            found += [Present(one) for one in objects]
    return _gather(found)


def _spelled(resource: "Resource") -> str:
    kind = resource.kind
    return "/".join([part for part in (kind.group, kind.version, kind.kind) if part])
