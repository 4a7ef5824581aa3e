"""`+`, `-`, `*`, `/` and `%`: numbers of 64 bits, durations and timestamps; `+` joins texts, bytes and lists."""

from math import copysign, inf, isnan, nan
from typing import Final, cast

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.kinds import unsupported
from lockgate.engine.cel.library.limits import bound_items, bound_text
from lockgate.engine.cel.values import MAX_INT, MAX_UINT, MIN_INT, Duration, Timestamp, Uint, Value
from lockgate.engine.codegen.meter import charge

SECOND: Final = 1_000_000_000
# 0001-01-01T00:00:00Z and the last nanosecond of the year 9999.
MIN_TIME: Final = -62_135_596_800 * SECOND
MAX_TIME: Final = 253_402_300_799 * SECOND + 999_999_999

_ADDED: Final = frozenset((int, Uint, float, str, bytes, list, Duration, Timestamp))
_SUBTRACTED: Final = frozenset((int, Uint, float, Duration, Timestamp))
_MULTIPLIED: Final = frozenset((int, Uint, float))
_INTEGERS: Final = frozenset((int, Uint))


def signed(number: int) -> int:
    """A result as an int. Raises CelError where it has more than 64 bits."""
    if MIN_INT <= number <= MAX_INT:
        return number
    raise CelError("integer overflow")


def unsigned(number: int) -> Uint:
    """A result as a uint. Raises CelError where it is none."""
    if 0 <= number <= MAX_UINT:
        return Uint(number)
    raise CelError("unsigned integer overflow")


def moment(ns: int, offset: int) -> Timestamp:
    """A timestamp. Raises CelError outside of the years 1 to 9999."""
    if MIN_TIME <= ns <= MAX_TIME:
        return Timestamp(ns, offset)
    raise CelError("timestamp overflow")


def add(left: Value, right: Value) -> Value:
    """`left + right`."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return signed(left + right)
    if kind is str and other is str:
        bound_text(len(left) + len(right))
        return left + right
    if kind is list and other is list:
        bound_items(len(left) + len(right))
        # Upstream copies nothing, and takes nothing for it.
        charge(len(left) + len(right))
        return left + right
    if kind is float and other is float:
        return left + right
    if kind is Uint and other is Uint:
        return unsigned(int(left) + int(right))
    if kind is bytes and other is bytes:
        bound_text(len(left) + len(right))
        return left + right
    if kind is Duration:
        if other is Duration:
            return Duration(signed(left.ns + right.ns))
        if other is Timestamp:
            return moment(left.ns + right.ns, right.offset)
    if kind is Timestamp and other is Duration:
        return moment(left.ns + right.ns, left.offset)
    raise _refused("_+_", left, _ADDED)


def subtract(left: Value, right: Value) -> Value:
    """`left - right`."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return signed(left - right)
    if kind is float and other is float:
        return left - right
    if kind is Uint and other is Uint:
        return unsigned(int(left) - int(right))
    if kind is Duration and other is Duration:
        return Duration(signed(left.ns - right.ns))
    if kind is Timestamp:
        if other is Duration:
            # cel-go adds the negated duration, which the shortest of all has not.
            return moment(left.ns + signed(-right.ns), left.offset)
        if other is Timestamp:
            # cel-go turns the seconds alone into nanoseconds first.
            seconds = left.ns // SECOND - right.ns // SECOND
            signed(seconds * SECOND)
            return Duration(signed(left.ns - right.ns))
    raise _refused("_-_", left, _SUBTRACTED)


def multiply(left: Value, right: Value) -> Value:
    """`left * right`."""
    kind, other = type(left), type(right)
    if kind is int and other is int:
        return signed(left * right)
    if kind is float and other is float:
        return left * right
    if kind is Uint and other is Uint:
        return unsigned(int(left) * int(right))
    raise _refused("_*_", left, _MULTIPLIED)


def divide(left: Value, right: Value) -> Value:
    """`left / right`; integers are cut towards zero."""
    kind, other = type(left), type(right)
    if kind is float and other is float:
        return _quotient(left, right)
    if kind is other and kind in _INTEGERS:
        if right == 0:
            raise CelError("division by zero")
        if kind is Uint:
            return Uint(int(left) // int(right))
        found = abs(left) // abs(right)
        return signed(found if (left < 0) == (right < 0) else -found)
    raise _refused("_/_", left, _MULTIPLIED)


def _quotient(left: float, right: float) -> float:
    """A double's quotient, by zero too."""
    if right != 0:
        return left / right
    if left == 0 or isnan(left):
        return nan
    return copysign(inf, left) * copysign(1.0, right)


def modulo(left: Value, right: Value) -> Value:
    """`left % right`; the result has the sign of `left`."""
    kind, other = type(left), type(right)
    if kind is other and kind in _INTEGERS:
        if right == 0:
            raise CelError("modulus by zero")
        if kind is Uint:
            return Uint(int(left) % int(right))
        if left == MIN_INT and right == -1:
            raise CelError("integer overflow")
        found = abs(left) % abs(right)
        return -found if left < 0 else found
    raise _refused("_%_", left, _INTEGERS)


def negate(operand: Value) -> Value:
    """`-operand`."""
    kind = type(operand)
    if kind is int:
        return signed(-operand)
    if kind is float:
        return -operand
    if kind is Duration:
        return Duration(signed(-operand.ns))
    raise _refused("-_", operand, frozenset((bool,)))


def logical_not(operand: Value) -> bool:
    """`!operand`."""
    if type(operand) is bool:
        return not operand
    raise CelError("no such overload")


def _refused(function: str, left: Value, kinds: frozenset[type]) -> CelError:
    """The error for operands that do not go together: `kinds` have the operator at all."""
    if cast(type, type(left)) in kinds:
        return CelError("no such overload")
    return unsupported(function, left)
