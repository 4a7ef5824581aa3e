"""Lists: Kubernetes' `sum`, `min`, `max`, `isSorted`, `indexOf`, `lastIndexOf`, and cel-go's extension, version 3.

k8s.io/apiserver pkg/cel/library/lists.go, https://github.com/google/cel-go/blob/v0.26.0/ext/lists.go
"""

from collections.abc import Callable
from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import arithmetic, costs, equality
from lockgate.engine.cel.library.declaring import LIST_OF_A, A, call, function, method, total_method
from lockgate.engine.cel.library.kinds import type_name, unsupported
from lockgate.engine.cel.library.limits import Walk, bound_items, too_deep
from lockgate.engine.cel.library.ordering import compare, is_comparable
from lockgate.engine.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
    list_of,
)
from lockgate.engine.cel.values import Duration, Timestamp, Uint, Value, native

_SUMMABLE: Final[tuple[tuple[str, Type, Value], ...]] = (
    ("int", INT, 0),
    ("uint", UINT, Uint(0)),
    ("double", DOUBLE, 0.0),
    ("duration", DURATION, Duration(0)),
)
_COMPARABLE: Final = (
    ("int", INT),
    ("uint", UINT),
    ("double", DOUBLE),
    ("bool", BOOL),
    ("duration", DURATION),
    ("timestamp", TIMESTAMP),
    ("string", STRING),
    ("bytes", BYTES),
)


def _comparable(item: Value) -> Value:
    value = native(item)
    if not is_comparable(value):
        raise CelError("no such overload")
    return value


def _order(left: Value, right: Value) -> int | None:
    """The order of two items; None where they have none, which cel-go passes over here."""
    try:
        return compare(left, right)
    except CelError:
        return None


def is_sorted(items: list[Value]) -> bool:
    """Is no item greater than the next?"""
    previous: Value = None
    for at, item in enumerate(items):
        value = _comparable(item)
        if at and _order(previous, value) == 1:
            return False
        previous = value
    return True


def _most(items: list[Value], name: str, beaten: int) -> Value:
    """The item that no other beats: `beaten` is the order of one that loses to the next."""
    if not items:
        raise CelError(f"{name} called on empty list")
    found = _comparable(items[0])
    for item in items[1:]:
        value = _comparable(item)
        if _order(found, value) == beaten:
            found = value
    return found


def smallest(items: list[Value]) -> Value:
    """`min`. Raises CelError for an empty list."""
    return _most(items, "min", 1)


def greatest(items: list[Value]) -> Value:
    """`max`. Raises CelError for an empty list."""
    return _most(items, "max", -1)


def _sum_from(zero: Value) -> Callable[[list[Value]], Value]:
    def sum_of(items: list[Value]) -> Value:
        """The sum of the items."""
        total = zero
        for item in items:
            total = arithmetic.add(total, native(item))
        return total

    return sum_of


def index_of(items: list[Value], item: Value) -> int:
    """The first place of an item, or -1."""
    return equality.index_of(item, items, range(len(items)))


def last_index_of(items: list[Value], item: Value) -> int:
    """The last place of an item, or -1."""
    return equality.index_of(item, items, range(len(items) - 1, -1, -1))


def slice_of(items: list[Value], start: int, end: int) -> list[Value]:
    """The items from a place to another. Raises CelError beyond the list."""
    called = f"cannot slice({start}, {end}), "
    if start < 0 or end < 0:
        raise CelError(called + "negative indexes not supported")
    if start > end:
        raise CelError(called + "start index must be less than or equal to end index")
    if end > len(items):
        raise CelError(called + f"list is length {len(items)}")
    return items[start:end]


def _type_text(value: Value) -> str:
    """A value's type as cel-go shows it with parameters."""
    name = type_name(value)
    return {"list": "list(dyn)", "map": "map(dyn, dyn)"}.get(name, name)


def flatten(items: Value) -> list[Value]:
    """The items of the lists in a list, and what is no list."""
    if type(items) is not list:
        raise CelError(f"no such overload: {_type_text(items)}.flatten()")
    return flatten_to(items, 1)


def flatten_to(items: Value, depth: Value) -> list[Value]:
    """The same, down to a depth."""
    if type(items) is not list or type(depth) is not int:
        raise CelError(f"no such overload: {_type_text(items)}.flatten({_type_text(depth)})")
    if depth < 0:
        raise CelError("level must be non-negative")
    made: list[Value] = []
    try:
        _flatten(items, depth, made, Walk())
    except RecursionError as error:
        raise too_deep() from error
    return made


def _flatten(items: list[Value], depth: int, made: list[Value], walk: Walk) -> None:
    walk.step(len(items) + 1)
    for item in items:
        if type(item) is list and depth > 0:
            _flatten(item, depth - 1, made, walk)
        else:
            made.append(item)
    bound_items(len(made))


def _cost_of_flattening(items: Value, depth: Value = 1) -> int:
    return costs.new_list(costs.size(items), max(depth, 0) if type(depth) is int else 1)


def sort(items: Value) -> list[Value]:
    """The items in order."""
    if type(items) is not list:
        raise unsupported("sort", items)
    return sort_by_keys(items, items)


def sort_by_keys(items: Value, keys: Value) -> list[Value]:
    """The items in the order of their keys, which `sortBy` computes. Items with one key stay in theirs."""
    if type(items) is not list or type(keys) is not list:
        raise unsupported("@sortByAssociatedKeys", items)
    if len(items) != len(keys):
        raise CelError(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got "
            f"{len(items)} and {len(keys)} elements respectively"
        )
    if not items:
        return items
    read = [native(one) for one in keys]
    if not is_comparable(read[0]):
        raise CelError("list elements must be comparable")
    kind = type(read[0])
    if any(type(one) is not kind for one in read):
        raise CelError("list elements must have the same type")
    if kind is Duration or kind is Timestamp:
        read = [one.ns for one in read]
    return [items[at] for at in sorted(range(len(read)), key=read.__getitem__)]


def reverse(items: list[Value]) -> list[Value]:
    """The items in reverse order."""
    return items[::-1]


def distinct(items: list[Value]) -> list[Value]:
    """The items without those that equal an earlier one."""
    if all(type(one) is str for one in items):
        return list(dict.fromkeys(items))
    found: list[Value] = []
    for item in items:
        value = native(item)
        if not equality.is_member(value, found):
            found.append(value)
    return found


def count_to(end: int) -> list[int]:
    """`lists.range`: the integers from 0 on, without the end."""
    bound_items(end)
    return list(range(end))


def _cost_of_range(end: int) -> int:
    return costs.new_list(max(end, 0))


def _cost_of_copy(items: Value, *_: Value) -> int:
    return costs.new_list(costs.size(items))


def _cost_of_slice(items: Value, start: int, end: int) -> int:
    # What is refused costs nothing.
    return costs.new_list(end - start) if 0 <= start <= end <= costs.size(items) else 0


FUNCTIONS: Final[tuple[Function, ...]] = (
    function(
        "isSorted",
        *[
            method(f"list_{name}_is_sorted_bool", (list_of(kind),), BOOL, is_sorted, costs.of_items)
            for name, kind in _COMPARABLE
        ],
    ),
    function(
        "sum",
        *[
            method(f"list_{name}_sum_{name}", (list_of(kind),), kind, _sum_from(zero), costs.of_items)
            for name, kind, zero in _SUMMABLE
        ],
    ),
    function(
        "max",
        *[
            method(f"list_{name}_max_{name}", (list_of(kind),), kind, greatest, costs.of_items)
            for name, kind in _COMPARABLE
        ],
    ),
    function(
        "min",
        *[
            method(f"list_{name}_min_{name}", (list_of(kind),), kind, smallest, costs.of_items)
            for name, kind in _COMPARABLE
        ],
    ),
    function("indexOf", method("list_a_index_of_int", (LIST_OF_A, A), INT, index_of, costs.of_items)),
    function(
        "lastIndexOf",
        method("list_a_last_index_of_int", (LIST_OF_A, A), INT, last_index_of, costs.of_items),
    ),
    function("slice", method("list_slice", (LIST_OF_A, INT, INT), LIST_OF_A, slice_of, _cost_of_slice)),
    function(
        "flatten",
        total_method("list_flatten", (list_of(LIST_OF_A),), LIST_OF_A, flatten, _cost_of_flattening),
        total_method("list_flatten_int", (list_of(DYN), INT), list_of(DYN), flatten_to, _cost_of_flattening),
    ),
    function(
        "sort",
        *[
            total_method(
                f"list_{kind.name}_sort", (list_of(kind),), list_of(kind), sort, costs.of_self_comparison
            )
            for _, kind in _COMPARABLE
        ],
    ),
    function(
        "@sortByAssociatedKeys",
        *[
            total_method(
                f"list_{kind.name}_sortByAssociatedKeys",
                (LIST_OF_A, list_of(kind)),
                LIST_OF_A,
                sort_by_keys,
                costs.of_second_s_comparison,
            )
            for _, kind in _COMPARABLE
        ],
    ),
    function("lists.range", call("lists_range", (INT,), list_of(INT), count_to, _cost_of_range)),
    function("reverse", method("list_reverse", (LIST_OF_A,), LIST_OF_A, reverse, _cost_of_copy)),
    function(
        "distinct", method("list_distinct", (LIST_OF_A,), LIST_OF_A, distinct, costs.of_self_comparison)
    ),
)
