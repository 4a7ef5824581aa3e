"""`units.parse` and `units.parse_bytes`: amounts with a unit, such as `10Gi` or `500m`."""

import re
from typing import Final

from lockgate.engine.codegen import arithmetic
from lockgate.engine.codegen.budget import MAX_INTEGER_DIGITS
from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.errors import InputError
from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError
from lockgate.engine.rego.builtins.operands import string

_NUMBER: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")
_EXPONENT_DIGITS: Final = 6
# The decimals of a result that is not integral.
_DECIMALS: Final = 10
_SCALES: Final = {"k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
# OPA multiplies by the float 0.001, whose exact value is a little more than a thousandth.
_MILLI: Final = (0.001).as_integer_ratio()


def _split(text: str, whose: str) -> tuple[str, str]:
    """The number and the unit; `e` begins an exponent if a digit or a sign follows."""
    at = 0
    while at < len(text):
        char = text[at]
        if char in "eE":
            if text[at + 1 : at + 2] not in ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "+", "-"):
                break
            if text[at + 1] in "+-":
                at += 1
            digits = re.match("[0-9]*", text[at + 1 :])
            if digits is not None and len(digits[0]) > _EXPONENT_DIGITS:
                raise BuiltinError(f"{whose}: exponent too large")
        elif char not in "0123456789.+-":
            break
        at += 1
    return text[:at], text[at:]


def _amount(text: str, failure: str) -> tuple[int, int]:
    """The number as `mantissa * 10**exponent`."""
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise BuiltinError(failure)
    sign, whole, fraction, exponent = found.groups(default="")
    if len(whole) + len(fraction) > MAX_INTEGER_DIGITS:
        raise BuiltinLimitError(f"an amount of more than {MAX_INTEGER_DIGITS} digits")
    mantissa = int(sign + whole + fraction)
    power = int(exponent or "0") - len(fraction)
    if mantissa and abs(power) > MAX_INTEGER_DIGITS:
        raise BuiltinLimitError(f"an amount of more than {MAX_INTEGER_DIGITS} digits")
    return mantissa, power if mantissa else 0


def _scale(unit: str) -> int | None:
    """The factor of a unit in lower case, `ki` for 1024 and `k` for 1000."""
    power = _SCALES.get(unit[:1])
    if power is None or unit[1:] not in ("", "i"):
        return None
    base = 1024 if unit.endswith("i") else 1000
    return int(base**power)


def units_parse(text: Value) -> int | Number:
    """The amount in units of one: `m` is a thousandth, `M` a million; a fraction has ten decimals."""
    given = string(text, 1).replace('"', "")
    if " " in given:
        raise BuiltinError("units.parse: spaces not allowed in resource strings")
    number, unit = _split(given, "units.parse")
    if not number:
        raise BuiltinError("units.parse: no amount provided")
    unit = unit[:1] + unit[1:].lower()
    numerator, denominator = 1, 1
    if unit == "m":
        numerator, denominator = _MILLI
    elif unit:
        factor = _scale(unit.lower())
        if factor is None:
            raise BuiltinError(f"units.parse: unit {unit[:100]} not recognized")
        numerator = factor
    mantissa, power = _amount(number, "units.parse: could not parse amount to a number")
    numerator *= mantissa * 10 ** max(power, 0)
    denominator *= 10 ** max(-power, 0)
    if numerator % denominator == 0:
        return arithmetic.bounded(numerator // denominator)
    scaled, rest = divmod(abs(numerator) * 10**_DECIMALS, denominator)
    scaled += 2 * rest >= denominator
    digits = str(arithmetic.bounded(scaled)).rjust(_DECIMALS + 1, "0")
    return Number(f"{'-' if numerator < 0 else ''}{digits[:-_DECIMALS]}.{digits[-_DECIMALS:]}")


def units_parse_bytes(text: Value) -> int:
    """The number of bytes, without a fraction: `kb` and `k` are 1000, `kib` and `ki` 1024, in either case."""
    given = string(text, 1).lower().replace('"', "")
    if " " in given:
        raise BuiltinError("units.parse_bytes: spaces not allowed in resource strings")
    number, unit = _split(given, "units.parse_bytes")
    if not number:
        raise BuiltinError("units.parse_bytes: no byte amount provided")
    factor = 1
    if unit:
        found = _scale(unit.removesuffix("b")) if unit != "b" else None
        if found is None:
            raise BuiltinError(f"units.parse_bytes: byte unit {unit[:100]} not recognized")
        factor = found
    _amount(number, "units.parse_bytes: could not parse byte amount to a number")
    try:
        amount = arithmetic.to_float(Number(number))
    except InputError as error:
        raise BuiltinLimitError(error.message) from error
    return arithmetic.bounded(arithmetic.truncated(arithmetic.multiply(amount, arithmetic.to_float(factor))))
