"""What lists and maps have in common: `x[y]`, `x[?y]`, `x.y`, `x.?y`, `has(x.y)` and `size(x)`."""

from typing import Any, Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.equality import MISSING, find
from lockgate.engine.cel.library.kinds import show, type_name, unsupported
from lockgate.engine.cel.values import (
    MAX_INT,
    MIN_INT,
    NONE,
    Duration,
    Map,
    Optional,
    Timestamp,
    TypeValue,
    Uint,
    Value,
    native,
)

# Go's names of kinds that are no key of anything.
NO_KEYS: Final = {
    type(None): "types.Null",
    bytes: "types.Bytes",
    list: "*types.baseList",
    dict: "*types.baseMap",
    Map: "*types.baseMap",
    Duration: "types.Duration",
    Timestamp: "types.Timestamp",
    Optional: "*types.Optional",
    TypeValue: "*types.Type",
}
_KEYS: Final = frozenset((bool, int, Uint, float, str))
_SIZED: Final = frozenset((str, bytes, list, dict, Map))


def size(value: Value) -> int:
    """Characters of a text, bytes, items or entries."""
    if type(value) in _SIZED:
        return len(value)
    raise unsupported("size", value)


def index(container: Value, key: Value) -> Value:
    """`container[key]`; of an optional an optional."""
    if type(container) is Optional:
        return optional_index(container, key)
    found = _look_up(container, key)
    if found is MISSING:
        raise CelError(f"{'index out of bounds' if type(container) is list else 'no such key'}: {show(key)}")
    return found


def optional_index(container: Value, key: Value) -> Optional:
    """`container[?key]`; of an optional, what its value has."""
    if type(container) is Optional:
        if not container.has_value:
            return container
        container = native(container.value)
    found = _look_up(container, key)
    return NONE if found is MISSING else Optional(found)


def select(operand: Value, field: str) -> Value:
    """`operand.field`; of an optional an optional."""
    if type(operand) is dict:
        found = operand.get(field, MISSING)
        if found is not MISSING:
            return native(found)
    return index(operand, field)


def has(operand: Value, field: str) -> bool:
    """`has(operand.field)`: is there such a key? Of an optional, has it a value with one?"""
    if type(operand) is Optional:
        return optional_index(operand, field).has_value
    return _look_up(operand, field) is not MISSING


def no_key(key: Value) -> str:
    """Go's name of the kind of what is no key of anything: Kubernetes' own are in its package `cel`."""
    found = NO_KEYS.get(type(key))
    return found or f"cel.{type_name(key).rpartition('.')[2].removeprefix('Named')}"


def _look_up(container: Any, key: Value) -> Any:
    kind = type(container)
    if kind is dict and type(key) is str:
        return native(container.get(key, MISSING))
    if type(key) not in _KEYS:
        raise CelError(f"invalid qualifier type: {no_key(key)}")
    if kind is list:
        at = _place(key)
        return native(container[at]) if 0 <= at < len(container) else MISSING
    return find(container, key) if kind is dict or kind is Map else MISSING


def _place(key: Value) -> int:
    """The index that a number is. Raises CelError."""
    kind = type(key)
    if kind is int:
        return int(key)
    if kind is Uint:
        if key <= MAX_INT:
            return int(key)
    elif kind is float:
        if MIN_INT < key < MAX_INT and key == int(key):
            return int(key)
    else:
        raise CelError(f"unsupported index type '{type_name(key)}' in list")
    raise CelError(f"unsupported index value {show(key)} in list")
