"""`==`, `!=` and what compares by it: members of lists, keys of maps.

https://github.com/google/cel-spec/blob/master/doc/langdef.md#equality, as cel-go has it: numbers of different kinds
are compared as doubles where one is a double; null equals null only; values of other kinds differ, but for
Kubernetes' own, for which that is an error. In a list or map such an error counts as equal, and so it does here.
"""

from itertools import repeat
from math import isnan
from typing import Any, Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.limits import Walk, too_deep
from lockgate.engine.cel.library.opaque import KubernetesValue
from lockgate.engine.cel.values import MAX_INT, MIN_INT, Map, Optional, Uint, Value, map_key, native

# Kinds for which Python's `==` is CEL's, between two values of the same one.
_PLAIN: Final = frozenset((type(None), bool, int, Uint, float, str, bytes))
_NUMBERS: Final = frozenset((int, Uint, float))
_INTEGERS: Final = frozenset((int, Uint))
_MIN_INT: Final = -(2.0**63)
_MAX_INT: Final = 2.0**63
_MAX_UINT: Final = 2.0**64

# What `compare_numbers` gives beside a NaN, which equals nothing and has no order.
UNORDERED: Final = 2

# What `find` gives for a key that is not there.
MISSING: Final = object()


def equal(left: Value, right: Value) -> bool:
    """`left == right`. Raises CelError for a value of Kubernetes' libraries beside one of another kind."""
    kind, other = type(left), type(right)
    if kind in _PLAIN and other in _PLAIN:
        if kind is other:
            return bool(left == right)
        return kind in _NUMBERS and other in _NUMBERS and compare_numbers(left, right) == 0
    try:
        return _equal(left, right, Walk())
    except RecursionError as error:
        raise too_deep() from error


def not_equal(left: Value, right: Value) -> bool:
    """`left != right`: true where `==` is an error, as in cel-go."""
    try:
        return not equal(left, right)
    except CelError:
        return True


def _equal(left: Value, right: Value, walk: Walk) -> bool:
    kind, other = type(left), type(right)
    if left is None or right is None:
        return left is right
    if kind in _NUMBERS:
        return other in _NUMBERS and compare_numbers(left, right) == 0
    if isinstance(left, KubernetesValue):
        return left.equals(right)
    if kind is list:
        return other is list and _equal_lists(left, right, walk)
    if kind is dict or kind is Map:
        return (other is dict or other is Map) and _equal_maps(left, right, walk)
    if kind is Optional:
        if other is not Optional or left.has_value != right.has_value:
            return False
        return not left.has_value or _equal(left.value, right.value, walk)
    return kind is other and bool(left == right)


def _same(left: Value, right: Value, walk: Walk) -> bool:
    """Are two members of lists or maps the same? An error counts as yes."""
    kind = type(left)
    if kind is type(right) and kind in _PLAIN:
        if left == right:
            return True
        if kind is not int or (MIN_INT <= left <= MAX_INT and MIN_INT <= right <= MAX_INT):
            return False
    try:
        return _equal(native(left), native(right), walk)
    except CelError:
        return True


def _equal_lists(left: list[Value], right: list[Value], walk: Walk) -> bool:
    if len(left) != len(right):
        return False
    walk.step(len(left))
    return all(map(_same, left, right, repeat(walk)))


def _equal_maps(left: Any, right: Any, walk: Walk) -> bool:
    if len(left) != len(right):
        return False
    walk.step(len(left))
    for name, value in left.items():
        other = find(right, name)
        if other is MISSING or not _same(value, other, walk):
            return False
    return True


def compare_numbers(left: Value, right: Value) -> int:
    """-1, 0 or 1 for two numbers of any kinds; `UNORDERED` or its negative if one is not a number (NaN)."""
    left_is_integer, right_is_integer = type(left) in _INTEGERS, type(right) in _INTEGERS
    if left_is_integer and right_is_integer:
        return int(left > right) - int(left < right)
    if isnan(left) or isnan(right):
        return UNORDERED
    if left_is_integer == right_is_integer:
        return int(left > right) - int(left < right)
    if left_is_integer:
        return -compare_numbers(right, left)
    low, high = (0.0, _MAX_UINT) if type(right) is Uint else (_MIN_INT, _MAX_INT)
    if left < low:
        return -1
    if left > high:
        return 1
    # cel-go turns the integer into a double here, which loses digits beyond 53 bits.
    other = float(right)
    return int(left > other) - int(left < other)


def find(container: Any, key: Value) -> Any:
    """The value under a key of a map, natively, or `MISSING`. A double finds the integer that it is."""
    kind = type(container)
    if kind is dict:
        if type(key) is not str:
            return MISSING
        return native(container.get(key, MISSING))
    if type(key) in _KEYS:
        entry = container.entries.get(map_key(key))
        return MISSING if entry is None else native(entry[1])
    return MISSING


_KEYS: Final = frozenset((bool, int, Uint, float, str))


def contained(item: Value, container: Value) -> bool:
    """`item in container`: a member of a list or a key of a map. Raises CelError for another container."""
    kind = type(container)
    if kind is list:
        return is_member(item, container)
    if kind is dict or kind is Map:
        return find(container, item) is not MISSING
    raise CelError("no such overload")


def is_member(item: Value, items: list[Value]) -> bool:
    """Is an item in a list?"""
    if type(item) is str:
        # No other kind equals a text, as Python's comparison knows.
        return item in items
    return index_of(item, items, range(len(items))) >= 0


def index_of(item: Value, items: list[Value], places: range) -> int:
    """The first of some places in a list where an item is, or -1. An error is no match."""
    kind = type(item)
    is_plain = kind in _PLAIN
    walk = Walk()
    walk.step(len(places))
    for at in places:
        other = items[at]
        if is_plain and type(other) is kind:
            if other == item:
                return at
            # An integer of more than 64 bits is a double.
            if kind is not int or MIN_INT <= other <= MAX_INT:
                continue
        if _is_found(item, native(other), walk):
            return at
    return -1


def _is_found(item: Value, other: Value, walk: Walk) -> bool:
    try:
        return _equal(item, other, walk)
    except CelError:
        return False
    except RecursionError as error:
        raise too_deep() from error
