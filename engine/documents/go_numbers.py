"""Numbers as Go prints them, for kubectl turns every float into JSON text with Go's rules before it sends it.

Facts: encoding/json (`floatEncoder`: plain digits unless the exponent is below -6 or at least 21) and
strconv.FormatFloat(f, 'g', -1, 32), with which sigs.k8s.io/yaml names a map key that is a float.
"""

import struct
from math import isinf, isnan
from typing import Final

from lockgate.engine.codegen.values import Number, Value

_MAX_UINT64: Final = 2**64 - 1
_MIN_INT64: Final = -(2**63)
# Go leaves plain digits for the shortest form at these decimal exponents.
_JSON_LOWEST, _JSON_HIGHEST = -6, 21
_KEY_LOWEST, _KEY_HIGHEST = -4, 6


def _digits(text: str) -> tuple[str, str, int]:
    """Sign, significant digits without outer zeros, and decimal exponent of the first, of a float's text."""
    sign = "-" if text.startswith("-") else ""
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = int(power or "0") + len(whole) - 1 - (len(whole + fraction) - len(digits))
    return sign, digits.rstrip("0"), exponent


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :]}" if len(digits) > exponent + 1 else whole


def _scientific(digits: str, exponent: int) -> str:
    mantissa = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def float_text(number: float) -> str:
    """The JSON text that Go's encoding/json gives a finite float64."""
    if number == 0:
        return "0" if str(number)[0] != "-" else "-0"
    sign, digits, exponent = _digits(repr(number))
    if _JSON_LOWEST <= exponent < _JSON_HIGHEST:
        return sign + _plain(digits, exponent)
    text = _scientific(digits, exponent)
    # encoding/json drops the zero of a two-digit negative exponent: e-09 becomes e-9.
    return sign + (text[:-2] + text[-1] if text[-4:-1] == "e-0" else text)


def from_float(number: float) -> int | Number:
    """The value of a finite float64 once it went through JSON: `1.0` is the int 1."""
    text = float_text(number)
    return Number(text) if "." in text or "e" in text else int(text)


def fits_go_integer(number: int) -> bool:
    """Whether Go reads the integer as int64 or uint64; any other becomes a float64."""
    return _MIN_INT64 <= number <= _MAX_UINT64


def float_key(number: float) -> str:
    """The name of a map key that is a float: shortest text that is right for float32."""
    if isnan(number):
        return ".nan"
    try:
        single: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        single = float("-inf" if number < 0 else "inf")
    if isinf(single):
        return "-.inf" if single < 0 else ".inf"
    if single == 0:
        return "-0" if str(single)[0] == "-" else "0"
    packed, text = struct.pack("f", single), ""
    for precision in range(9):
        text = f"{single:.{precision}e}"
        try:
            if struct.pack("f", float(text)) == packed:
                break
        except OverflowError:
            continue
    sign, digits, exponent = _digits(text)
    if _KEY_LOWEST <= exponent < _KEY_HIGHEST:
        return sign + _plain(digits, exponent)
    return sign + _scientific(digits, exponent)


def only_small_integers(value: Value) -> bool:
    """Is every number in the value an integer below a million in size? Those are the same in every encoding."""
    pending: list[Value] = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is dict:
            pending.extend(item.values())  # type: ignore[union-attr]
        elif kind is list:
            pending.extend(item)  # type: ignore[arg-type]
        elif kind is Number or (kind is int and not -1_000_000 < item < 1_000_000):  # type: ignore[operator]
            return False
    return True
