"""OPA's arithmetic on numbers: integers exactly, everything else as Go's `big.Float` of 64 bits.

A result is an int where it is integral, else a Number with the shortest text that reads back as the same float.
Semantics: `v1/topdown/arithmetic.go` of OPA and `math/big` of Go (`Float.Parse`, `Float.Quo`, `Float.Text`).
"""

from decimal import Decimal
from typing import Final

from lockgate.engine.codegen.budget import MAX_INTEGER_DIGITS
from lockgate.engine.codegen.spending import LimitError
from lockgate.engine.codegen.values import Number
from lockgate.engine.errors import EvaluationError
from lockgate.engine.record import light_record

PRECISION: Final = 64

# Below this, an exact decimal expansion has more digits than MAX_INTEGER_DIGITS, and no policy computes with it.
MIN_EXPONENT: Final = -1_700

_LARGEST: Final = 10**MAX_INTEGER_DIGITS
# OPA keeps machine integers in this range exact where it goes through floats otherwise.
_SMALL: Final = 1 << 31
_POWERS_OF_FIVE: Final = 27  # the largest power of five that fits 64 bits


class NumberError(EvaluationError):
    """An operation that has no result, such as a division by zero."""


class NumberRangeError(LimitError):
    """A result that is too large or too small to be computed with."""


@light_record
class Float:
    """A binary number `± mantissa * 2**exponent`; a zero keeps its sign."""

    negative: bool
    mantissa: int
    exponent: int


def rounded(negative: bool, mantissa: int, exponent: int, precision: int = PRECISION) -> Float:
    """The nearest float of that many bits, the even one of two."""
    excess = mantissa.bit_length() - precision
    if excess > 0:
        rest = mantissa & ((1 << excess) - 1)
        mantissa >>= excess
        half = 1 << (excess - 1)
        if rest > half or (rest == half and mantissa & 1):
            mantissa += 1
        exponent += excess
    return Float(negative, mantissa, exponent)


def _signed(value: int, exponent: int, precision: int = PRECISION) -> Float:
    return rounded(value < 0, abs(value), exponent, precision)


def _power_of_five(power: int, precision: int) -> Float:
    """`5**power` as `big.Float` approximates it with some bits to spare."""
    step = min(power, _POWERS_OF_FIVE)
    result = Float(False, 5**step, 0)
    power -= step
    factor = Float(False, 5, 0)
    while power:
        if power & 1:
            result = multiply(result, factor, precision)
        factor = multiply(factor, factor, precision + 64)
        power >>= 1
    return result


def to_float(value: int | Number) -> Float:
    """The float that OPA computes with. Raises NumberRangeError."""
    if type(value) is int:
        return _signed(value, 0)
    assert type(value) is Number
    sign, digits, power = value.exact.as_tuple()
    assert type(power) is int
    if value.exact.is_zero():
        return Float(bool(sign), 0, 0)
    if value.exact.adjusted() > MAX_INTEGER_DIGITS or power < MIN_EXPONENT:
        raise NumberRangeError(f"cannot compute with {value.text[:40]}: out of range")
    mantissa = int("".join(map(str, digits)))
    if power == 0:
        return rounded(bool(sign), mantissa, 0)
    five = _power_of_five(abs(power), PRECISION + 64)
    whole = Float(bool(sign), mantissa, power)
    return multiply(whole, five) if power > 0 else quotient(whole, five)


def multiply(left: Float, right: Float, precision: int = PRECISION) -> Float:
    """The rounded product."""
    return rounded(
        left.negative != right.negative,
        left.mantissa * right.mantissa,
        left.exponent + right.exponent,
        precision,
    )


def quotient(left: Float, right: Float, precision: int = PRECISION) -> Float:
    """The rounded quotient; the divisor is not zero."""
    shift = max(0, precision + 2 - left.mantissa.bit_length() + right.mantissa.bit_length())
    whole, rest = divmod(left.mantissa << shift, right.mantissa)
    # A sticky bit below the kept ones decides halves.
    mantissa = (whole << 1) | (rest != 0)
    negative = left.negative != right.negative
    return rounded(negative, mantissa, left.exponent - right.exponent - shift - 1, precision)


def sum_of(left: Float, right: Float, precision: int = PRECISION) -> Float:
    """The rounded sum."""
    exponent = min(left.exponent, right.exponent)
    total = (left.mantissa << (left.exponent - exponent)) * (-1 if left.negative else 1)
    total += (right.mantissa << (right.exponent - exponent)) * (-1 if right.negative else 1)
    if total == 0:
        return Float(left.negative and right.negative, 0, 0)
    return _signed(total, exponent, precision)


def _decimal_digits(mantissa: int, exponent: int) -> tuple[str, int]:
    """Digits and the position of the point before them: `0.digits * 10**position`."""
    if exponent >= 0:
        digits = str(mantissa << exponent)
        position = len(digits)
    else:
        digits = str(mantissa * 5**-exponent)
        position = len(digits) + exponent
    return digits.rstrip("0"), position


def _rounded_up(digits: str, position: int) -> tuple[str, int]:
    kept = digits.rstrip("9")
    if not kept:
        return "1", position + 1
    return kept[:-1] + str(int(kept[-1]) + 1), position


def shortest_digits(value: Float, precision: int = PRECISION) -> tuple[str, int]:
    """The fewest decimal digits that read back as the same float, and the position of the point."""
    digits, position = _decimal_digits(value.mantissa, value.exponent)
    # One bit more than the float has, so that the halfway points to its neighbours are integers.
    shift = precision + 1 - value.mantissa.bit_length()
    mantissa = value.mantissa << shift if shift >= 0 else value.mantissa >> -shift
    exponent = value.exponent - shift
    inclusive = mantissa & 2 == 0
    lower = _decimal_digits(mantissa - 1, exponent)[0]
    upper = _decimal_digits(mantissa + 1, exponent)[0]
    for index, digit in enumerate(digits):
        low = lower[index] if index < len(lower) else "0"
        high = upper[index] if index < len(upper) else "0"
        may_fall = low != digit or (inclusive and index + 1 == len(lower))
        may_rise = digit != high and (inclusive or int(digit) + 1 < int(high) or index + 1 < len(upper))
        if not may_fall and not may_rise:
            continue
        kept, rest = digits[: index + 1], digits[index + 1 :]
        if may_fall and may_rise:
            rise = int(kept[-1]) & 1 == 1 if rest == "5" else rest[:1] >= "5"
        else:
            rise = may_rise
        if rise and rest:
            return _rounded_up(kept, position)
        return kept.rstrip("0"), position
    return digits, position


def from_float(value: Float, precision: int = PRECISION) -> int | Number:
    """The number that OPA makes of a float: its shortest text, in full when integral."""
    if value.mantissa == 0:
        return Number("-0") if value.negative else 0
    size = value.mantissa.bit_length() + value.exponent
    if size * 0.30103 > MAX_INTEGER_DIGITS or size * 0.30103 < MIN_EXPONENT:
        raise NumberRangeError("the result of an arithmetic operation is out of range")
    digits, position = shortest_digits(value, precision)
    sign = "-" if value.negative else ""
    trailing = (value.mantissa & -value.mantissa).bit_length() - 1
    if value.exponent + trailing >= 0:
        return int(sign + digits.ljust(position, "0"))
    scale = position - 1
    if scale < -4 or scale >= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        exponent = f"{'-' if scale < 0 else '+'}{abs(scale):02d}"
        return Number(f"{sign}{digits[0]}{fraction}e{exponent}")
    if position <= 0:
        return Number(f"{sign}0.{'0' * -position}{digits}")
    whole = digits[:position].ljust(position, "0")
    fraction = digits[position:]
    return Number(f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}")


def integral(value: int | Number) -> int | None:
    """The value as an int if it is integral. Raises NumberRangeError for too many digits."""
    if type(value) is int:
        return value
    assert type(value) is Number
    exact = value.exact
    power = exact.as_tuple().exponent
    assert type(power) is int
    if power >= 0:
        if exact.adjusted() >= MAX_INTEGER_DIGITS:
            raise NumberRangeError(f"the integer {value.text[:40]} has too many digits")
        return int(exact)
    # Only trailing zeros may follow the point.
    if exact.adjusted() < 0:
        return 0 if exact.is_zero() else None
    return int(exact) if exact == exact.to_integral_value() else None


def bounded(value: int) -> int:
    """The integer itself. Raises NumberRangeError when it has more than MAX_INTEGER_DIGITS digits."""
    if -_LARGEST < value < _LARGEST:
        return value
    raise NumberRangeError(f"an integer of more than {MAX_INTEGER_DIGITS} digits")


def plus(left: int | Number, right: int | Number) -> int | Number:
    """`left + right`."""
    if type(left) is int and type(right) is int:
        return bounded(left + right)
    first, second = integral(left), integral(right)
    if first is not None and second is not None:
        return bounded(first + second)
    return from_float(sum_of(to_float(left), to_float(right)))


def minus(left: int | Number, right: int | Number) -> int | Number:
    """`left - right`."""
    if type(left) is int and type(right) is int:
        return bounded(left - right)
    first, second = integral(left), integral(right)
    if first is not None and second is not None:
        return bounded(first - second)
    return from_float(sum_of(to_float(left), negated(to_float(right))))


def negated(value: Float) -> Float:
    """The float with the other sign."""
    return Float(not value.negative, value.mantissa, value.exponent)


def times(left: int | Number, right: int | Number) -> int | Number:
    """`left * right`."""
    if type(left) is int and type(right) is int:
        return bounded(left * right)
    first, second = integral(left), integral(right)
    if first is not None and second is not None:
        return bounded(first * second)
    return from_float(multiply(to_float(left), to_float(right)))


def divide(left: int | Number, right: int | Number) -> int | Number:
    """`left / right`. Raises NumberError on a zero divisor."""
    if type(left) is int and type(right) is int and -_SMALL <= left < _SMALL and -_SMALL <= right < _SMALL:
        if right == 0:
            raise NumberError("divide by zero")
        if left and left % right == 0:
            return left // right
    divisor = to_float(right)
    if divisor.mantissa == 0:
        raise NumberError("divide by zero")
    return from_float(quotient(to_float(left), divisor))


def remainder(left: int | Number, right: int | Number) -> int:
    """`left % right`, with the sign of `left`. Raises NumberError unless both are integral."""
    first, second = integral(left), integral(right)
    if first is None or second is None:
        raise NumberError("modulo on floating-point number")
    if second == 0:
        raise NumberError("modulo by zero")
    result = abs(first) % abs(second)
    return -result if first < 0 else result


def _small_integer(value: int | Number) -> int | None:
    if type(value) is int:
        return value if -_SMALL <= value < _SMALL else None
    assert type(value) is Number
    # `2.0` counts as a machine integer, `2e0` does not and goes the way of floats, with the same result.
    return None


def absolute(value: int | Number) -> int | Number:
    """The absolute value."""
    small = _small_integer(value)
    if small is not None:
        return abs(small)
    given = to_float(value)
    return from_float(Float(False, given.mantissa, given.exponent))


def truncated(value: Float) -> int:
    """The integer part, towards zero."""
    if value.exponent >= 0:
        magnitude = value.mantissa << value.exponent
    else:
        magnitude = value.mantissa >> -value.exponent
    return -magnitude if value.negative else magnitude


def _integer_result(value: int) -> int:
    """An integer after its passage through a float wide enough for it, whose shortest digits OPA prints."""
    precision = max(PRECISION, abs(value).bit_length())
    result = from_float(_signed(value, 0, precision), precision)
    assert type(result) is int
    return result


def nearest(value: int | Number) -> int:
    """The nearest integer, halves away from zero."""
    small = _small_integer(value)
    if small is not None:
        return small
    given = to_float(value)
    half = Float(given.negative, 1, -1)
    return _integer_result(truncated(sum_of(given, half)))


def ceiling(value: int | Number) -> int:
    """The least integer that is not below."""
    small = _small_integer(value)
    if small is not None:
        return small
    given = to_float(value)
    whole = truncated(given)
    if whole < 0 or is_integral(given):
        return _integer_result(whole)
    # OPA looks at the sign of the integer part alone, so ceil(-0.5) is 1.
    return _integer_result(whole + 1)


def flooring(value: int | Number) -> int:
    """The greatest integer that is not above."""
    small = _small_integer(value)
    if small is not None:
        return small
    given = to_float(value)
    whole = truncated(given)
    # The same for floor: floor(-0.5) is 0.
    if whole >= 0 or is_integral(given):
        return _integer_result(whole)
    return _integer_result(whole - 1)


def is_integral(value: Float) -> bool:
    """Whether a float has no fraction."""
    if value.mantissa == 0 or value.exponent >= 0:
        return True
    return value.mantissa & ((1 << -value.exponent) - 1) == 0


def total(values: list[int | Number]) -> int | Number:
    """The sum, exact if all are integral, else float by float from the left."""
    exact = 0
    for value in values:
        whole = value if type(value) is int else integral(value)
        if whole is None:
            break
        exact += whole
    else:
        return bounded(exact)
    result = Float(False, 0, 0)
    for value in values:
        result = sum_of(result, to_float(value))
    return from_float(result)


def product(values: list[int | Number]) -> int | Number:
    """The product, exact if all are integral, else float by float from the left with 53 bits."""
    exact = 1
    for value in values:
        whole = value if type(value) is int else integral(value)
        if whole is None:
            break
        exact = bounded(exact * whole)
    else:
        return exact
    result = Float(False, 1, 0)
    for value in values:
        result = multiply(result, to_float(value), 53)
    return from_float(result, 53)


def from_decimal(value: Decimal) -> int | Number:
    """The number with this value, an int if it is integral."""
    found = integral(Number(str(value)))
    return Number(str(value)) if found is None else found
