"""Arithmetic, rounding, ranges, and numbers from and to text."""

import re
from typing import Final

from lockgate.engine.codegen import arithmetic
from lockgate.engine.codegen.values import Number, Set, Value, make_number
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.context import Context, reserve_values
from lockgate.engine.rego.builtins.errors import BuiltinError, operand_error, type_error
from lockgate.engine.rego.builtins.operands import arithmetic_error, big_integer, number
from lockgate.engine.rego.builtins.sets import difference

_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_GO_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_INFINITE: Final = frozenset(["inf", "infinity", "nan"])
_BASES: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


def plus(left: Value, right: Value) -> int | Number:
    """`left + right`."""
    return arithmetic.plus(number(left, 1), number(right, 2))


def minus(left: Value, right: Value) -> int | Number | Set:
    """`left - right` of two numbers or two sets."""
    first, second = type(left), type(right)
    if first is Set and second is Set:
        return difference(left, right)  # type: ignore[arg-type]
    numeric = second is int or second is Number
    if first is not int and first is not Number:
        if first is not Set:
            raise type_error(1, left, "number", "set")
        raise type_error(2, right, "set" if numeric else "number")
    if not numeric:
        raise type_error(2, right, "number")
    return arithmetic.minus(left, right)  # type: ignore[arg-type]


def mul(left: Value, right: Value) -> int | Number:
    """`left * right`."""
    return arithmetic.times(number(left, 1), number(right, 2))


def div(left: Value, right: Value) -> int | Number:
    """`left / right`."""
    first, second = number(left, 1), number(right, 2)
    try:
        return arithmetic.divide(first, second)
    except arithmetic.NumberError as error:
        raise arithmetic_error(error) from error


def rem(left: Value, right: Value) -> int:
    """`left % right` of integers."""
    first, second = number(left, 1), number(right, 2)
    try:
        return arithmetic.remainder(first, second)
    except arithmetic.NumberError as error:
        raise arithmetic_error(error) from error


def abs_(value: Value) -> int | Number:
    """The absolute value."""
    return arithmetic.absolute(number(value, 1))


def ceil(value: Value) -> int:
    """The least integer that is not below."""
    return arithmetic.ceiling(number(value, 1))


def floor(value: Value) -> int:
    """The greatest integer that is not above."""
    return arithmetic.flooring(number(value, 1))


def round_(value: Value) -> int:
    """The nearest integer, halves away from zero."""
    return arithmetic.nearest(number(value, 1))


def _range(context: Context, start: int, stop: int, step: int) -> list[Value]:
    reserve_values(context, abs(stop - start) // step + 1)
    if start <= stop:
        return list(range(start, stop + 1, step))
    return list(range(start, stop - 1, -step))


def numbers_range(context: Context, start: Value, stop: Value) -> list[Value]:
    """The integers from `start` to `stop`, both included, upwards or downwards."""
    return _range(context, big_integer(start, 1), big_integer(stop, 2), 1)


def numbers_range_step(context: Context, start: Value, stop: Value, step: Value) -> list[Value]:
    """Every `step`th integer from `start` to `stop`; the step is positive in both directions."""
    first, last, stride = big_integer(start, 1), big_integer(stop, 2), big_integer(step, 3)
    if stride <= 0:
        raise BuiltinError("numbers.range_step: step must be a positive integer")
    return _range(context, first, last, stride)


def format_int(value: Value, base: Value) -> str:
    """The integer part in base 2, 8, 10 or 16."""
    given, radix = number(value, 1), number(base, 2)
    letter = _BASES.get(radix) if type(radix) is int else None
    if letter is None:
        raise operand_error(2, "must be one of {2, 8, 10, 16}")
    whole = given if type(given) is int else arithmetic.truncated(arithmetic.to_float(given))
    return format(arithmetic.bounded(whole), letter)


def to_number(value: Value) -> int | Number:
    """A number from null (0), a boolean, a number or its text."""
    kind = type(value)
    if kind is int or kind is Number:
        return value  # type: ignore[return-value]
    if value is None or value is False:
        return 0
    if value is True:
        return 1
    if type(value) is str:
        return _parsed(value)
    raise type_error(1, value, "null", "boolean", "number", "string")


def _parsed(text: str) -> int | Number:
    if text.lstrip("+-").lower() in _INFINITE:
        raise type_error(1, text, "valid number string")
    shown = text if len(text) <= 100 else text[:100] + "..."
    found = _GO_NUMBER.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise BuiltinError(f'strconv.ParseFloat: parsing "{shown}": invalid syntax')
    if _out_of_range(text):
        raise BuiltinError(f'strconv.ParseFloat: parsing "{shown}": value out of range')
    if not _JSON_NUMBER.fullmatch(text):
        # OPA keeps such a text as it is; here it gets the spelling that JSON has for the same number.
        sign, whole, fraction, exponent = found.groups(default="")
        text = ("-" if sign == "-" else "") + (whole.lstrip("0") or "0")
        text += f".{fraction}" if fraction else ""
        text += f"e{exponent}" if exponent else ""
    try:
        return make_number(text)
    except InputError as error:
        raise BuiltinError(error.message) from error


def _out_of_range(text: str) -> bool:
    # Only digits, a point and an exponent are left, on which Python and Go agree.
    return float(text) in (float("inf"), float("-inf"))
