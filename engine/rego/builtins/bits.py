"""`bits.*`: operations on integers of any size, negative ones in two's complement."""

from typing import Final

from lockgate.engine.codegen.arithmetic import bounded
from lockgate.engine.codegen.budget import MAX_INTEGER_DIGITS
from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinLimitError, operand_error
from lockgate.engine.rego.builtins.operands import big_integer

_MAX_SHIFT: Final = MAX_INTEGER_DIGITS * 4


def bits_and(left: Value, right: Value) -> int:
    """Bits in both."""
    return big_integer(left, 1) & big_integer(right, 2)


def bits_or(left: Value, right: Value) -> int:
    """Bits in either."""
    return big_integer(left, 1) | big_integer(right, 2)


def bits_xor(left: Value, right: Value) -> int:
    """Bits in one only."""
    return big_integer(left, 1) ^ big_integer(right, 2)


def bits_negate(value: Value) -> int:
    """All bits flipped."""
    return ~big_integer(value, 1)


def _shift(count: Value) -> int:
    places = big_integer(count, 2)
    if places < 0:
        raise operand_error(2, "must be an unsigned integer number but got a negative integer")
    return places


def bits_lsh(value: Value, count: Value) -> int:
    """The bits moved up by a count."""
    given, places = big_integer(value, 1), _shift(count)
    if places > _MAX_SHIFT:
        raise BuiltinLimitError(f"a shift by {places} bits is over the limit of {_MAX_SHIFT}")
    return bounded(given << places)


def bits_rsh(value: Value, count: Value) -> int:
    """The bits moved down by a count."""
    given, places = big_integer(value, 1), _shift(count)
    return given >> min(places, _MAX_SHIFT)
