"""Quantities as the API server prints them: `1000m` becomes `1`, `0.5` becomes `500m`, the number 2 the text `2`.

After k8s.io/apimachinery pkg/api/resource: of the forms with the quantity's kind of suffix the one without a fraction
and with the largest suffix; `1.5Gi` is `1536Mi`, and a binary quantity with a fraction of a byte is printed decimally.
"""

import re
from functools import lru_cache
from typing import Final

from lockgate.engine.codegen.values import Number, Value

_BINARY: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_MOST_DECIMAL: Final = 18
_SUFFIXES: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_QUANTITY: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?")
# No quantity that is written by people is longer, and exponents beyond this are out of range for the API server too.
_LONGEST: Final = 40
_MOST_POWER: Final = 30
# The API server caps quantities here.
_MOST: Final = 2**63 - 1
# With no more digits a quantity that is nearly as it would be printed keeps its text: `+1`, `1.500`.
_MOST_DIGITS: Final = 18


def complete_list(value: Value) -> Value:
    """A list of resources (limits, requests) with quantities as they are printed; the same where nothing changes."""
    if type(value) is not dict:
        return value
    made: dict[str, Value] | None = None
    for name, amount in value.items():
        # Resources are rounded up to thousandths.
        shown = quantity(amount, -3)
        if shown is not amount:
            if made is None:
                made = value.copy()
            made[name] = shown
    return value if made is None else made


def quantity(value: Value, lowest: int = -9) -> Value:
    """The quantity as it is printed, rounded up to a power of ten; what is none as it is."""
    if type(value) is str:
        text = value
    elif type(value) is int:
        text = str(value) if -_MOST <= value <= _MOST else ""
    elif type(value) is Number:
        text = value.text
    else:
        return value
    if len(text) > _LONGEST:
        return value
    shown = _printed(text, lowest)
    return value if shown is None or shown == value else shown


@lru_cache(maxsize=1024)
def _printed(text: str, lowest: int) -> str | None:
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    sign, whole, fraction, suffix = found[1], found[2], found[3] or "", found[4] or ""
    if not (whole or fraction):
        return None
    # Without leading zeros, as Go counts digits.
    digits = (whole.lstrip("0") or "0") + fraction
    value = int(digits)
    if suffix in _BINARY:
        if not fraction and value & 7 and len(digits) + 3 * _BINARY[suffix] < 15:
            return text.strip()
        value *= 1024 ** _BINARY[suffix]
        scale = -len(fraction)
    else:
        power = int(suffix[1:]) if suffix not in _DECIMAL else _DECIMAL[suffix]
        if abs(power) > _MOST_POWER:
            return None
        scale = power - len(fraction)
        is_short = len(digits) <= _MOST_DIGITS and not digits.endswith("000") and digits[0] != "0"
        if is_short and scale % 3 == 0 and scale >= lowest:
            return text.strip()
    # Counted in powers of ten as given, rounded away from zero.
    count = value * 10 ** (scale - lowest) if scale >= lowest else -(-value // 10 ** (lowest - scale))
    count = min(count, _MOST * 10**-lowest)
    if count == 0:
        return "0"
    minus = "-" if sign == "-" else ""
    if suffix in _BINARY:
        # Below 1 Ki a binary quantity is printed decimally, and so is one with a fraction.
        whole_count, rest = divmod(count, 10**-lowest)
        if not rest and whole_count >= 1024:
            return minus + _binary(whole_count)
    power = lowest
    while count % 10 == 0:
        count //= 10
        power += 1
    # The exponent is a multiple of three.
    extra = power % 3
    count, power = count * 10**extra, power - extra
    if suffix not in _BINARY and suffix not in _DECIMAL:
        return f"{minus}{count}e{power}" if power else f"{minus}{count}"
    if power > _MOST_DECIMAL:
        count, power = count * 10 ** (power - _MOST_DECIMAL), _MOST_DECIMAL
    return f"{minus}{count}{_SUFFIXES[power]}"


def _binary(count: int) -> str:
    power = 0
    while power < len(_BINARY) and count % 1024 == 0:
        count //= 1024
        power += 1
    return f"{count}{['', *_BINARY][power]}"
