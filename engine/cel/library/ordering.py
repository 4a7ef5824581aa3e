"""`<`, `<=`, `>` and `>=`, and the order by which lists are sorted."""

from math import isnan
from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.equality import UNORDERED, compare_numbers
from lockgate.engine.cel.library.kinds import unsupported
from lockgate.engine.cel.values import Duration, Timestamp, Uint, Value

# Kinds that Python orders as CEL does, code points of a text as bytes of its UTF-8.
_PLAIN: Final = frozenset((bool, int, Uint, str, bytes))
_NUMBERS: Final = frozenset((int, Uint, float))
_MOMENTS: Final = frozenset((Duration, Timestamp))


def is_comparable(value: Value) -> bool:
    """Has the value's kind an order?"""
    kind = type(value)
    return kind in _PLAIN or kind is float or kind in _MOMENTS


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1; `left` has an order. Raises CelError for a value that it is not compared with, and for NaN."""
    kind, other = type(left), type(right)
    if kind is other and kind in _PLAIN:
        return int(left > right) - int(left < right)
    if kind in _NUMBERS and other in _NUMBERS:
        found = compare_numbers(left, right)
        if abs(found) == UNORDERED:
            raise CelError("NaN values cannot be ordered")
        return found
    if kind is other and kind in _MOMENTS:
        return int(left.ns > right.ns) - int(left.ns < right.ns)
    if kind is float and isnan(left):
        raise CelError("NaN values cannot be ordered")
    raise CelError("no such overload")


def _compared(function: str, left: Value, right: Value) -> int:
    if not is_comparable(left):
        raise unsupported(function, left)
    return compare(left, right)


def less(left: Value, right: Value) -> bool:
    """`left < right`."""
    kind = type(left)
    if kind is type(right) and kind in _PLAIN:
        return bool(left < right)
    return _compared("_<_", left, right) < 0


def less_equals(left: Value, right: Value) -> bool:
    """`left <= right`."""
    kind = type(left)
    if kind is type(right) and kind in _PLAIN:
        return bool(left <= right)
    return _compared("_<=_", left, right) <= 0


def greater(left: Value, right: Value) -> bool:
    """`left > right`."""
    kind = type(left)
    if kind is type(right) and kind in _PLAIN:
        return bool(left > right)
    return _compared("_>_", left, right) > 0


def greater_equals(left: Value, right: Value) -> bool:
    """`left >= right`."""
    kind = type(left)
    if kind is type(right) and kind in _PLAIN:
        return bool(left >= right)
    return _compared("_>=_", left, right) >= 0
