"""The inventory: the cluster's objects as policies find them under `data.inventory`.

After github.com/open-policy-agent/gatekeeper pkg/target/target.go (processUnstructured): cluster-scoped objects at
`cluster[<apiVersion>][<kind>][<name>]`, others at `namespace[<namespace>][<apiVersion>][<kind>][<name>]`.
"""

from collections.abc import Iterable

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.errors import InputError
from lockgate.engine.kinds import split_api_version
from lockgate.engine.policy import Facts

Object = dict[str, Value]


def inventory_path(value: Object) -> tuple[str, ...]:
    """Where an object stands in the inventory. Raises InputError when it has no version or kind."""
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
    where = (f"{group}/{version}" if group else version, kind, shown)
    if isinstance(namespace, str) and namespace:
        return ("namespace", namespace, *where)
    return ("cluster", *where)


def build_inventory(objects: Iterable[Object]) -> dict[str, Value]:
    """The inventory of the objects; of two with one place the later wins."""
    inventory: dict[str, Value] = {}
    for value in objects:
        *parents, name = inventory_path(value)
        level = inventory
        for part in parents:
            below = level.setdefault(part, {})
            assert isinstance(below, dict)
            level = below
        level[name] = value
    return inventory


def facts_of(objects: Iterable[Object]) -> Facts:
    """Facts with the inventory of the objects and its digest."""
    from hashlib import sha256

    inventory = build_inventory(objects)
    return Facts(inventory, sha256(render_json(inventory).encode()).hexdigest())
