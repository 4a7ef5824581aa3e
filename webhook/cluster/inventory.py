"""Objects of a live cluster for the inventory: discovery tells which kinds are served, and each is listed in pages.

Pages are asked for with `limit` and `continue`, as the API server wants it for large lists: all pages of a list show
the state at one resourceVersion. A list that outlives its snapshot in the server (410) begins anew.
https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.json_values import JsonError, read_value
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.gatekeeper.inventory_needs import CLUSTER, NAMESPACE, InventoryNeeds
from lockgate.webhook.cluster.connection import failure_reason, get, open_client, printable_reason
from lockgate.webhook.inventory import Listed
from urllib3.exceptions import HTTPError

Object = dict[str, Value]

# What kubectl asks for at once.
PAGE: Final = 500
# Seconds for one page; the server's own limit is 60.
TIMEOUT_S: Final = 60.0
# A list that expires this often changes faster than it can be read.
_MOST_STARTS: Final = 3
# Objects of 5 KB would take some 20 GB beyond.
MAX_OBJECTS: Final = 1_000_000
_MOST_PAGES: Final = MAX_OBJECTS // PAGE * 2
_GONE: Final = 410
_NOT_FOUND: Final = 404


@record
class Resource:
    """A kind that the server can list, and the path of all its objects."""

    kind: GroupVersionKind
    path: str
    is_namespaced: bool


@record
class ServedGroup:
    """A version of a group that the server says it serves; the core group is ""."""

    name: str
    version: str


class Server:
    """Reads from an API server. Raises UsageError for what it refuses or does not answer."""

    def __init__(self, api: ApiClient, page: int = PAGE) -> None:
        self._api: Final[Any] = api
        self._page: Final = page

    def resources(self) -> Iterator[Resource]:
        """Everything that can be listed."""
        for group in self.groups():
            yield from self.resources_of(group)

    def groups(self) -> Iterator[ServedGroup]:
        """The versions of all groups, the core group first."""
        yield ServedGroup("", "v1")
        for group in _objects(self._get("/apis", {}).get("groups")):
            name = _text(group, "name")
            for served in _objects(group.get("versions")):
                version = _text(served, "version")
                if name and version:
                    yield ServedGroup(name, version)

    def resources_of(self, group: ServedGroup) -> Iterator[Resource]:
        """What can be listed of a version of a group."""
        path = f"/apis/{quote(group.name, '')}/{quote(group.version, '')}" if group.name else "/api/v1"
        for resource in _objects(self._get(path, {}).get("resources")):
            name, kind, verbs = _text(resource, "name"), _text(resource, "kind"), resource.get("verbs")
            if name and kind and "/" not in name and isinstance(verbs, list) and "list" in verbs:
                made = GroupVersionKind(group.name, group.version, kind)
                yield Resource(made, f"{path}/{quote(name, '')}", resource.get("namespaced") is True)

    def list_all(self, resource: Resource) -> tuple[list[Object], str]:
        """All objects of a resource, and the resourceVersion that they are at."""
        for _ in range(_MOST_STARTS):
            try:
                return self._list_once(resource)
            except ExpiredListError:
                continue
        raise UsageError(f"the list of {resource.kind} in the cluster expires before it can be read")

    def _list_once(self, resource: Resource) -> tuple[list[Object], str]:
        found: list[Object] = []
        first = ""
        for page, version in self.pages(resource):
            found += page
            first = first or version
            if len(found) > MAX_OBJECTS:
                raise UsageError(f"the cluster has more than {MAX_OBJECTS} objects of {resource.kind}")
        return found, first

    def pages(self, resource: Resource) -> Iterator[tuple[list[Object], str]]:
        """The objects of a resource page by page, each with the list's resourceVersion.

        Raises ExpiredListError where the server has forgotten the state that the list began with: begin anew then.
        """
        token = ""
        for _ in range(_MOST_PAGES):
            page = self._get(
                resource.path, {"limit": str(self._page), **({"continue": token} if token else {})}
            )
            # Items of typed lists do not say what they are.
            typed: Object = {"apiVersion": resource.kind.api_version, "kind": resource.kind.kind}
            metadata = page.get("metadata")
            about = metadata if isinstance(metadata, dict) else {}
            yield [{**item, **typed} for item in _objects(page.get("items"))], _text(about, "resourceVersion")
            token = _text(about, "continue")
            if not token:
                return
        raise UsageError(f"the cluster has more than {MAX_OBJECTS} objects of {resource.kind}")

    def _get(self, path: str, query: dict[str, str]) -> Object:
        try:
            status, reason, data = get(self._api, path, query, TIMEOUT_S)
        except (HTTPError, OSError, ValueError) as error:
            raise UsageError(f"the API server cannot be asked for {path}: {failure_reason(error)}") from None
        if status == _GONE and "continue" in query:
            raise ExpiredListError(f"the list of {path} has expired")
        if status != 200:
            refused = NotServedError if status == _NOT_FOUND else UsageError
            raise refused(
                f"the API server answered {status} for {path} ({printable_reason(reason)})",
                hint="whoever runs this needs `list` on the kinds that policies read"
                if status in (401, 403)
                else "",
            )
        try:
            value, _, _ = read_value(data.decode("utf-8", "replace"), 0)
        except JsonError as error:
            raise UsageError(f"the API server's answer for {path} cannot be read: {error.message}") from None
        if not isinstance(value, dict):
            raise UsageError(f"the API server's answer for {path} is no object")
        return value

    def close(self) -> None:
        """Closes the connections."""
        self._api.close()


class NotServedError(UsageError):
    """The server does not know what it was asked for."""


class ExpiredListError(UsageError):
    """The server has no longer the state that a list began with."""


def list_objects(context: str, needs: InventoryNeeds, wanted: frozenset[GroupVersionKind] | None) -> Listed:
    """Lists what the policies need of the cluster of a context. Raises UsageError.

    wanted: the kinds to keep to; None leaves it to the needs, which must name kinds then.
    """
    server = Server(open_client(context))
    try:
        return list_from(server, needs, wanted)
    finally:
        server.close()


def list_from(server: Server, needs: InventoryNeeds, wanted: frozenset[GroupVersionKind] | None) -> Listed:
    """As `list_objects`, from a server."""
    required = frozenset().union(*[one.kinds for one in needs.requires])
    if wanted is None and not required and any(read.kind is None for read in needs.reads):
        raise UsageError(
            "a policy reads the whole inventory, and nothing says which kinds are in it",
            hint="name them with --inventory-kind, or give Gatekeeper's Config or a SyncSet among the policies",
        )
    kinds: set[GroupVersionKind] = set()
    objects: list[Object] = []
    versions: dict[str, str] = {}
    for resource in server.resources():
        kind = resource.kind
        scope = NAMESPACE if resource.is_namespaced else CLUSTER
        named = kind in wanted if wanted is not None else kind in required or _names(needs, kind)
        if not named or not needs.reaches(scope, kind):
            continue
        found, versions[str(kind)] = server.list_all(resource)
        kinds.add(kind)
        objects += found
        if len(objects) > MAX_OBJECTS:
            raise UsageError(
                f"the cluster has more than {MAX_OBJECTS} objects of the kinds that policies read"
            )
    return Listed(frozenset(kinds), objects, tuple(sorted(versions.items())))


def _names(needs: InventoryNeeds, kind: GroupVersionKind) -> bool:
    return any(
        read.kind == kind.kind and read.api_version in (None, kind.api_version) for read in needs.reads
    )


def _objects(value: Value) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Object, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
