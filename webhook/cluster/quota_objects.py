"""What the accounts of quotas are made of, listed from a cluster: quotas, namespaces, devices, and what is charged."""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.kinds import DEVICE_CLASS, GROUP, RESOURCE_SLICE, VERSIONS
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.gatekeeper.quotas.kinds import DEVICE_QUOTA, VERSION
from lockgate.gatekeeper.quotas.kinds import GROUP as QUOTAS
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.inventory import NotServedError, Resource, ServedGroup, Server
from lockgate.webhook.cluster.quota_reading import CLAIM, NAMESPACES, device_resources

Object = dict[str, Value]

_PODS: Final = Resource(GroupVersionKind("", "v1", "Pod"), "/api/v1/pods", True)
_QUOTAS: Final = Resource(
    GroupVersionKind(QUOTAS, VERSION, DEVICE_QUOTA), f"/apis/{QUOTAS}/{VERSION}/devicequotas", False
)


@record
class Listed:
    """All objects of a kind, and the resourceVersion that they are at."""

    objects: tuple[Object, ...] = ()
    version: str = ""


@record
class QuotaObjects:
    """The objects. claims: None where the cluster has no ResourceClaims. Pods are listed after claims."""

    quotas: tuple[Object, ...]
    namespaces: tuple[Object, ...]
    classes: tuple[Object, ...]
    slices: tuple[Object, ...]
    claims: Listed | None
    pods: Listed


def list_quota_objects(context: str) -> QuotaObjects:
    """Lists them. Raises UsageError for what the cluster refuses or does not answer."""
    server = Server(open_client(context))
    try:
        return read_quota_objects(server)
    finally:
        server.close()


def read_quota_objects(server: Server) -> QuotaObjects:
    """As `list_quota_objects`, from a server."""
    try:
        quotas = _list(server, _QUOTAS)
    except NotServedError:
        raise UsageError(
            "the cluster has no DeviceQuotas", hint="`lockgate install` prints their CustomResourceDefinition"
        ) from None
    resources = device_resources(_served(server))
    claims = resources.get(CLAIM)
    found = {
        kind: _list(server, resources[kind]).objects if kind in resources else ()
        for kind in (DEVICE_CLASS, RESOURCE_SLICE)
    }
    return QuotaObjects(
        quotas.objects,
        _list(server, NAMESPACES).objects,
        found[DEVICE_CLASS],
        found[RESOURCE_SLICE],
        None if claims is None else _list(server, claims),
        _list(server, _PODS),
    )


def _served(server: Server) -> list[Resource]:
    """The resources of resource.k8s.io, in every version that is known here."""
    versions = {one.version for one in server.groups() if one.name == GROUP}
    return [
        one
        for version in VERSIONS
        if version in versions
        for one in server.resources_of(ServedGroup(GROUP, version))
    ]


def _list(server: Server, resource: Resource) -> Listed:
    objects, version = server.list_all(resource)
    return Listed(tuple(objects), version)
