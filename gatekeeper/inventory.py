"""The inventory: the cluster's objects as policies find them under `data.inventory`.

After github.com/open-policy-agent/gatekeeper pkg/target/target.go (processUnstructured): cluster-scoped objects at
`cluster[<apiVersion>][<kind>][<name>]`, others at `namespace[<namespace>][<apiVersion>][<kind>][<name>]`. So a policy
that knows the place of an object finds it at once, and one that looks through a kind sees nothing else.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.errors import InputError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.kinds import split_api_version
from lockgate.engine.policy import Facts
from lockgate.gatekeeper.inventory_digest import InventoryDigest
from lockgate.gatekeeper.inventory_needs import CLUSTER, NAMESPACE, Scope

Object = dict[str, Value]
_SECRET_FIELDS: Final = ("data", "stringData")
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)


def inventory_place(value: Object) -> tuple[GroupVersionKind, str, str]:
    """Kind, namespace ("" for none) and name of an object. Raises InputError when it has no version or kind."""
    metadata = value.get("metadata")
    inner = metadata if isinstance(metadata, dict) else {}
    name, namespace = inner.get("name"), inner.get("namespace")
    shown = name if isinstance(name, str) else ""
    group, version = split_api_version(value.get("apiVersion"))
    kind = value.get("kind")
    if not version:
        raise InputError(f"invalid request object: resource {shown} has no version")
    if not isinstance(kind, str) or not kind:
        raise InputError(f"invalid request object: resource {shown} has no kind")
    return GroupVersionKind(group, version, kind), namespace if isinstance(namespace, str) else "", shown


def scope_of(namespace: str) -> Scope:
    """The half of the inventory in which objects of a namespace ("" for none) stand."""
    return NAMESPACE if namespace else CLUSTER


class InventoryBuilder:
    """Gathers objects into an inventory; of two with one place the later wins.

    Objects that were added must not be changed any more. count: how many it has. replaced: how many lost their place.
    kinds: those of the objects.
    """

    __slots__ = ("_kinds", "count", "inventory", "replaced")

    def __init__(self) -> None:
        self.inventory: Final[Object] = {}
        self._kinds: set[GroupVersionKind] = set()
        self.count = 0
        self.replaced = 0

    @property
    def kinds(self) -> frozenset[GroupVersionKind]:
        """The kinds of the objects that were added."""
        return frozenset(self._kinds)

    def add(self, value: Object) -> None:
        """Adds an object. Raises InputError when it has no version or kind."""
        kind, namespace, name = inventory_place(value)
        level = self.inventory
        parents = (NAMESPACE, namespace) if namespace else (CLUSTER,)
        for part in (*parents, kind.api_version, kind.kind):
            below = level.setdefault(part, {})
            assert isinstance(below, dict)
            level = below
        if name in level:
            self.replaced += 1
        else:
            self.count += 1
        level[name] = value
        self._kinds.add(kind)

    def facts(self, covered: frozenset[GroupVersionKind] | None = None) -> Facts:
        """Facts with the inventory and its digest, once nothing is to be added any more. `covered` as in Facts."""
        return Facts(self.inventory, inventory_digest(self.inventory, covered), covered)


def build_inventory(objects: Iterable[Object]) -> Object:
    """The inventory of the objects, without a digest."""
    builder = InventoryBuilder()
    for value in objects:
        builder.add(value)
    return builder.inventory


def inventory_digest(inventory: Object, covered: frozenset[GroupVersionKind] | None) -> str:
    """The SHA-256 (hex) over all objects and the kinds that are covered, whatever the order in which they came."""
    made = InventoryDigest()
    for place, value in _objects(inventory):
        made.put(place, object_digest(value))
    return made.hexdigest(covered)


def _objects(inventory: Object) -> Iterator[tuple[tuple[str, ...], Object]]:
    """Each object with its place."""
    for scope, depth in ((CLUSTER, 3), (NAMESPACE, 4)):
        below = inventory.get(scope)
        if isinstance(below, dict):
            yield from _below(below, (scope,), depth)


def _below(level: Object, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Object]]:
    for name, value in level.items():
        assert isinstance(value, dict)
        if depth == 1:
            yield (*place, name), value
        else:
            yield from _below(value, (*place, name), depth - 1)


def object_digest(value: Object) -> str:
    """The SHA-256 (hex) over the object's JSON with sorted keys; a Secret's values are not hashed."""
    shown = _without_values(value) if value.get("kind") == "Secret" else value
    try:
        text = _ENCODER.encode(shown)
    except (TypeError, ValueError, RecursionError):
        # Numbers that are no integers, which the standard library does not know.
        text = render_json(shown)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without_values(secret: Object) -> Object:
    """The Secret with the names of its values alone: a hash of a short one tells it."""
    made = dict(secret)
    for name in _SECRET_FIELDS:
        values = made.get(name)
        if values is not None:
            made[name] = [*sorted(values)] if isinstance(values, dict) else None
    metadata = made.get("metadata")
    if isinstance(metadata, dict):
        # Copies of the whole may be among them.
        made["metadata"] = {name: item for name, item in metadata.items() if name != "annotations"}
    return made


def facts_of(objects: Iterable[Object]) -> Facts:
    """Facts with the inventory of the objects, which are taken for all there are."""
    builder = InventoryBuilder()
    for value in objects:
        builder.add(value)
    return builder.facts()
