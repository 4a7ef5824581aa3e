"""What generated code calls, and what the careful path shares with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lockgate.engine.cel.budget import exhausted
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.lazy import has, select
from lockgate.engine.cel.library.containers import index, optional_index
from lockgate.engine.cel.library.kinds import show, type_name
from lockgate.engine.cel.values import NONE, Map, Optional, Uint, Value

# Kinds that a key of a map may have.
_KEYS: Final = frozenset((str, int, Uint, bool))
# The order of keys of several kinds, in which a map is gone through.
_KEY_ORDER: Final = {bool: 0, int: 1, Uint: 1, str: 2}
# What Go calls the kinds of values that nothing goes through.
_GO_TYPES: Final = {
    type(None): "types.Null",
    bool: "types.Bool",
    int: "types.Int",
    Uint: "types.Uint",
    float: "types.Double",
    str: "types.String",
    bytes: "types.Bytes",
}

Entry = tuple[Value, Value, bool]


def truth(value: Value) -> bool:
    """A value that has to be a bool."""
    if value is True or value is False:
        return bool(value)
    raise CelError("no such overload")


def mismatch() -> Value:
    """A value is not of the kind that a function takes."""
    raise CelError("no such overload")


def has_value(optional: Value) -> bool:
    """Has an optional a value?"""
    if type(optional) is Optional:
        return optional.has_value
    raise CelError("no such overload")


def each(value: Value) -> list[Value]:
    """What a macro with one variable goes through: items of a list, keys of a map."""
    kind = type(value)
    if kind is list:
        items: list[Value] = value
        return items
    return [name for name, _ in _entries(value)]


def pairs(value: Value) -> list[tuple[Value, Value]]:
    """What a macro with two variables goes through: places and items of a list, keys and values of a map."""
    return list(enumerate(value)) if type(value) is list else _entries(value)


def _entries(value: Value) -> list[tuple[Value, Value]]:
    """The entries of a map by their keys: Go has no order, and answers have to be the same each time."""
    kind = type(value)
    if kind is Map:
        return sorted(value.items(), key=_key_order)
    if isinstance(value, dict):
        return sorted(value.items(), key=_name)
    raise CelError(f"got '{_GO_TYPES.get(kind) or type_name(value)}', expected iterable type")


def _name(entry: tuple[str, Value]) -> str:
    return entry[0]


def _key_order(entry: tuple[Value, Value]) -> tuple[int, Value]:
    return _KEY_ORDER[type(entry[0])], entry[0]


def given(value: Value) -> tuple[Value, ...]:
    """The items that `?value` adds to a list: one or none."""
    if type(value) is Optional:
        return (value.value,) if value.has_value else ()
    raise CelError(f"cannot initialize optional list element from non-optional value {show(value)}")


def make_map(entries: Sequence[Entry]) -> Value:
    """A map of (key, value, is the value an optional one). Of equal keys the last counts."""
    found: list[tuple[Value, Value]] = []
    for key, value, is_optional in entries:
        if type(key) not in _KEYS:
            raise CelError("unsupported key type")
        if not is_optional:
            found.append((key, value))
            continue
        if type(value) is not Optional:
            message = f"cannot initialize optional entry '{show(key)}' from non-optional value {show(value)}"
            raise CelError(message)
        if value.has_value:
            found.append((key, value.value))
        else:
            found = [one for one in found if one[0] != key]
    return _map_of(found)


def merged(maps: Iterable[Value]) -> Value:
    """The entries of maps in one. Raises CelError for a key in two of them."""
    found: list[tuple[Value, Value]] = []
    keys: set[tuple[bool, Value]] = set()
    for one in maps:
        if type(one) is not Map and not isinstance(one, dict):
            raise CelError("no such overload")
        for key, value in one.items():
            place = (type(key) is bool, key)
            if place in keys:
                raise CelError(f"insert failed: key {show(key)} already exists")
            keys.add(place)
            found.append((key, value))
    return _map_of(found)


def _map_of(entries: Sequence[tuple[Value, Value]]) -> Value:
    for key, _ in entries:
        if type(key) is not str:
            return Map(entries)
    return dict(entries)


NAMES: Final[Mapping[str, Any]] = {
    "NONE": NONE,
    "Optional": Optional,
    "Uint": Uint,
    "each": each,
    "exhausted": exhausted,
    "given": given,
    "has": has,
    "has_value": has_value,
    "index": index,
    "make_map": make_map,
    "merged": merged,
    "mismatch": mismatch,
    "optional_index": optional_index,
    "pairs": pairs,
    "select": select,
    "truth": truth,
    "__builtins__": {
        "bool": bool,
        "bytes": bytes,
        "dict": dict,
        "float": float,
        "int": int,
        "iter": iter,
        "len": len,
        "list": list,
        "str": str,
    },
}
