"""What quotas charge, as the API server has it: which resources these are, and one object by its uid, read consistently."""

from collections.abc import Iterable, Sequence
from typing import Final

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.kinds import GROUP, VERSIONS
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.quota.expiry import UnreadableError
from lockgate.engine.quota.reservation import Reference
from lockgate.webhook.cluster.calls import ClusterError, call, segment
from lockgate.webhook.cluster.inventory import Resource, Server
from lockgate.webhook.cluster.watch_events import metadata_text, typed
from lockgate.webhook.quota.reconciling import CLAIMS, PODS

Object = dict[str, Value]

NAMESPACES: Final = Resource(GroupVersionKind("", "v1", "Namespace"), "/api/v1/namespaces", False)
_POD: Final = GroupVersionKind("", "v1", "Pod")
CLAIM: Final = "ResourceClaim"
_OK: Final = 200
_NOT_FOUND: Final = 404


def device_resources(served: Iterable[Resource]) -> dict[str, Resource]:
    """Of the resources that a cluster serves, those of resource.k8s.io, by kind and in the best version."""
    of_group = [one for one in served if one.kind.group == GROUP and one.kind.version in VERSIONS]
    found: dict[str, Resource] = {}
    for one in sorted(of_group, key=lambda one: VERSIONS.index(one.kind.version)):
        found.setdefault(one.kind.kind, one)
    return found


def charged_resources(served: Sequence[Resource]) -> dict[str, Resource]:
    """The resources that are charged, by the ledger's name of them; claims first."""
    claims = device_resources(served).get(CLAIM)
    pods = next((one for one in served if one.kind == _POD), None)
    return {name: one for name, one in ((CLAIMS, claims), (PODS, pods)) if one is not None}


def read_by_uid(api: ApiClient, resource: Resource, reference: Reference, uid: str) -> Object | None:
    """The object of a uid, by a read that no cache answers; None where nothing of that uid is there. Raises UnreadableError.

    Where another object has the name, or none has, the namespace is listed: the API server may have made the name anew after
    the review, for `generateName`.
    """
    place = _namespaced(resource, reference.namespace)
    try:
        answer = call(api, "GET", f"{place.path}/{segment(reference.name)}")
    except ClusterError as error:
        raise UnreadableError(error.message) from error
    if answer.status not in (_OK, _NOT_FOUND):
        raise UnreadableError(f"the API server answered {answer.status} ({answer.message})")
    if answer.status == _OK and metadata_text(answer.value, "uid") == uid:
        return typed(answer.value, resource.kind)
    try:
        listed, _ = Server(api).list_all(place)
    except UsageError as error:
        raise UnreadableError(error.message) from error
    return next((one for one in listed if metadata_text(one, "uid") == uid), None)


def read_by_name(api: ApiClient, resource: Resource, namespace: str, name: str) -> Object | None:
    """The object of a name; None where it is not told. Raises ClusterError."""
    answer = call(api, "GET", f"{_namespaced(resource, namespace).path}/{segment(name)}")
    return typed(answer.value, resource.kind) if answer.status == _OK else None


def _namespaced(resource: Resource, namespace: str) -> Resource:
    above, _, plural = resource.path.rpartition("/")
    return Resource(resource.kind, f"{above}/namespaces/{segment(namespace)}/{plural}", True)
