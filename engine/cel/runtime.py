"""What generated code calls, and what the careful path shares with it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

from lockgate.engine.cel.budget import exhausted
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.lazy import has, optional_index, select
from lockgate.engine.cel.library.arithmetic import add
from lockgate.engine.cel.library.containers import index
from lockgate.engine.cel.library.equality import MISSING, contained
from lockgate.engine.cel.library.kinds import no_such_overload, show
from lockgate.engine.cel.library.limits import bound_items, bound_text
from lockgate.engine.cel.values import NONE, Duration, Map, Optional, Timestamp, TypeValue, Uint, Value
from lockgate.engine.codegen.spending import Budget

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
    Duration: "types.Duration",
    Timestamp: "types.Timestamp",
    TypeValue: "*types.Type",
    Optional: "*types.Optional",
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
    raise no_such_overload("hasValue", optional)


def is_empty(value: Value) -> bool:
    """Is it an optional without a value? Whatever is no optional stands for itself to `or` and `orValue`."""
    return type(value) is Optional and not value.has_value


def value_of(value: Value) -> Value:
    """The value of an optional that has one, or what is no optional."""
    return value.value if type(value) is Optional else value


def wrapped(value: Value) -> Optional:
    """What `optMap` gives: of an optional its value, or null, as an optional again, which is cel-go's way."""
    return Optional(value.value) if type(value) is Optional else Optional(value)


def summed(parts: Sequence[Value], budget: Budget) -> Value:
    """A chain of `+`, which costs what the sums cost one by one."""
    kind = type(parts[0])
    if kind is not str and kind is not list:
        return reduce(add, parts)
    size = cost = 0
    for part in parts:
        if type(part) is not kind:
            raise CelError("no such overload")
        size += len(part)
        cost += size
    budget.left -= cost // 10 + len(parts)
    if budget.left < 0:
        exhausted(budget)
    if kind is str:
        bound_text(size)
        return "".join(parts)
    bound_items(size)
    return [item for part in parts for item in part]


def grown(value: Value, budget: Budget) -> None:
    """Pays for a long text or list that was made."""
    if type(value) is str:
        bound_text(len(value))
    else:
        bound_items(len(value))
    budget.left -= len(value) // 10
    if budget.left < 0:
        exhausted(budget)


def settled(taken: int, budget: Budget) -> int:
    """Pays what was taken so far; gives what is taken then, nothing."""
    budget.left -= taken
    if budget.left < 0:
        exhausted(budget)
    return 0


def member(item: Value, container: Value, budget: Budget) -> bool:
    """`item in container`."""
    if type(container) is list:
        budget.left -= len(container)
        if budget.left < 0:
            exhausted(budget)
    return contained(item, container)


def each(value: Value) -> list[Value]:
    """What a macro with one variable goes through: items of a list, keys of a map."""
    kind = type(value)
    if kind is list:
        items: list[Value] = value
        return items
    found = _entries(value)
    if found is None:
        raise CelError(f"got '{_go_type(value)}', expected iterable type")
    return [name for name, _ in found]


def pairs(value: Value) -> list[tuple[Value, Value]]:
    """What a macro with two variables goes through: places and items of a list, keys and values of a map."""
    if type(value) is list:
        return list(enumerate(value))
    found = _entries(value)
    if found is None:
        raise CelError(f"unsupported comprehension range type: {_go_type(value)}")
    return found


def _entries(value: Value) -> list[tuple[Value, Value]] | None:
    """The entries of a map by their keys: Go has no order, and answers have to be the same each time."""
    if type(value) is Map:
        return sorted(value.items(), key=_key_order)
    return sorted(value.items(), key=_name) if isinstance(value, dict) else None


def _go_type(value: Value) -> str:
    return _GO_TYPES.get(type(value)) or f"cel.{type(value).__name__}"


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
    refuse = refuse_twice()
    found: list[tuple[Value, Value]] = []
    for one in maps:
        refuse(None, one)
        found.extend(one.items())
    return _map_of(found)


def refuse_twice() -> Callable[[Value, Value], None]:
    """What raises CelError for a map with a key that one before it had, and for what is no map."""
    keys: set[tuple[bool, Value]] = set()

    def refuse(_: Value, one: Value) -> None:
        if type(one) is not Map and not isinstance(one, dict):
            raise no_such_overload("cel.@mapInsert", {}, one)
        for entry in one.items():
            key = entry[0]
            place = (type(key) is bool, key)
            if place in keys:
                raise CelError(f"insert failed: key {show(key)} already exists")
            keys.add(place)

    return refuse


def _map_of(entries: Sequence[tuple[Value, Value]]) -> Value:
    for key, _ in entries:
        if type(key) is not str:
            return Map(entries)
    return dict(entries)


NAMES: Final[Mapping[str, Any]] = {
    "MISSING": MISSING,
    "NONE": NONE,
    "Optional": Optional,
    "Uint": Uint,
    "each": each,
    "exhausted": exhausted,
    "given": given,
    "grown": grown,
    "has": has,
    "has_value": has_value,
    "index": index,
    "is_empty": is_empty,
    "make_map": make_map,
    "member": member,
    "merged": merged,
    "mismatch": mismatch,
    "optional_index": optional_index,
    "pairs": pairs,
    "select": select,
    "settled": settled,
    "summed": summed,
    "truth": truth,
    "value_of": value_of,
    "wrapped": wrapped,
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
