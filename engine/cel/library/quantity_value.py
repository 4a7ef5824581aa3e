"""Quantities as `k8s.io/apimachinery/pkg/api/resource.Quantity` reads, computes, compares and writes them.

Upstream has two forms, and so has this: a machine integer with a scale, and an arbitrary decimal. They are equal as
numbers, but only the first ever counts as an integer (`asInteger`).
"""

import re
from typing import Any, Final, final

from lockgate.engine.cel.errors import CelError, CostError
from lockgate.engine.cel.library.limits import bound_read
from lockgate.engine.cel.library.opaque import KubernetesValue
from lockgate.engine.cel.values import MAX_INT, MIN_INT

DECIMAL: Final = "DecimalSI"
BINARY: Final = "BinarySI"
EXPONENT: Final = "DecimalExponent"

_DECIMAL_SUFFIXES: Final = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
_DECIMAL_NAMES: Final = {power: suffix for suffix, power in _DECIMAL_SUFFIXES.items()}
_BINARY_SUFFIXES: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_NAMES: Final = {power: suffix for suffix, power in _BINARY_SUFFIXES.items()}
_FORM: Final = re.compile(r"[-+]?0*([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_POWER: Final = re.compile(r"[eE]([-+]?[0-9]+)")
_WRONG_FORM: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_WRONG_NUMBER: Final = "unable to parse numeric part of quantity"
_WRONG_SUFFIX: Final = "unable to parse quantity's suffix"

_NANO: Final = -9
_MOST_DIGITS: Final = 18
_MOST_BINARY_DIGITS: Final = 15
# Upstream computes with powers of ten of any size; beyond this there is no resource, and no memory for the number.
_MAX_POWER: Final = 10_000


@final
class Quantity(KubernetesValue):
    """`unscaled * 10**scale`, in the machine's form or as a decimal; `format` says with which suffixes it is written.

    text: how it was written, where that is how it is written again. computed: it is a sum or difference, to which
    upstream compares nothing but what stands left of it.
    """

    __slots__ = ("computed", "format", "is_decimal", "scale", "text", "unscaled")
    type_name = "kubernetes.Quantity"

    def __init__(
        self,
        unscaled: int,
        scale: int,
        form: str,
        *,
        is_decimal: bool = False,
        text: str = "",
        computed: bool = False,
    ) -> None:
        self.unscaled: Final = unscaled
        self.scale: Final = scale
        self.format: Final = form
        self.is_decimal: Final = is_decimal
        self.text: Final = text
        self.computed: Final = computed

    def equals(self, other: Any) -> bool:
        """Is it the other quantity? Raises CelError for another kind, and for one that was computed, as upstream."""
        if type(other) is not Quantity or other.computed:
            raise CelError("no such overload")
        return compare(self, other) == 0

    def __eq__(self, other: object) -> bool:
        return type(other) is Quantity and compare(self, other) == 0

    def __hash__(self) -> int:
        number, power = _reduced(self)
        return hash((Quantity, number, power))

    def __str__(self) -> str:
        return self.text or render(self)

    @property
    def integer(self) -> int | None:
        """Its value where the machine's form is an integer of 64 bits, else None."""
        if self.is_decimal or self.scale < 0:
            return None
        if self.unscaled == 0:
            return 0
        # More digits than any integer of 64 bits has.
        if self.scale > _MOST_DIGITS:
            return None
        found = self.unscaled * 10**self.scale
        return found if MIN_INT <= found <= MAX_INT else None

    @property
    def approximate(self) -> float:
        """The double that upstream computes, not always the nearest."""
        base = float(self.unscaled)
        return base if self.scale == 0 else base * _power_of_ten(self.scale)


def _power_of_ten(power: int) -> float:
    """A power of ten as Go's `math.Pow10` multiplies it together."""
    if power > 308:
        return float("inf")
    if power < -323:
        return 0.0
    large, small = divmod(abs(power), 32)
    first, second = float(f"1e{large * 32}"), float(f"1e{small}")
    return first * second if power >= 0 else float(f"1e-{large * 32}") / second


def parse(text: str) -> Quantity:
    """The quantity in a text. Raises CelError in upstream's words."""
    if text == "0":
        return Quantity(0, 0, DECIMAL, text=text)
    bound_read(text)
    form = _FORM.fullmatch(text) if text else None
    if form is None:
        raise CelError(_WRONG_FORM)
    whole, fraction, suffix = form[1] or "0", form[3] or "", form[4]
    negative = text[0] == "-"
    kind, power = _suffix(suffix)
    fast = _machine_form(text, whole, fraction, kind, power, negative)
    return fast or _decimal_form(text[: form.start(4)], fraction, kind, power)


def _suffix(suffix: str) -> tuple[str, int]:
    """The format of a suffix, and the power of ten or two that it is."""
    if suffix in _DECIMAL_SUFFIXES:
        return DECIMAL, _DECIMAL_SUFFIXES[suffix]
    if suffix in _BINARY_SUFFIXES:
        return BINARY, _BINARY_SUFFIXES[suffix]
    exponent = _POWER.fullmatch(suffix)
    if exponent is None or len(exponent[1]) > 20 or not MIN_INT <= int(exponent[1]) <= MAX_INT:
        raise CelError(_WRONG_SUFFIX)
    # Upstream cuts it to 32 bits.
    power = (int(exponent[1]) + (1 << 31)) % (1 << 32) - (1 << 31)
    return EXPONENT, power


def _machine_form(
    text: str, whole: str, fraction: str, kind: str, power: int, negative: bool
) -> Quantity | None:
    """The quantity as an integer with a scale, if it has few digits."""
    factor, scale = 1, power - len(fraction)
    if kind == BINARY:
        if fraction or len(whole) + power * 3 // 10 + 1 > _MOST_BINARY_DIGITS:
            return None
        factor, scale = 1 << power, 0
    elif len(whole) + len(fraction) > _MOST_DIGITS:
        return None
    if scale < _NANO:
        return None
    digits = whole + fraction
    number = int(digits)
    if number * factor > MAX_INT:
        return None
    if kind == BINARY:
        is_canonical = power % 10 == 0 and number & 7 != 0
    else:
        is_canonical = scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
    signed = -number * factor if negative else number * factor
    return Quantity(signed, scale, kind, text=text if is_canonical else "")


def _decimal_form(number: str, fraction: str, kind: str, power: int) -> Quantity:
    """The quantity as a decimal, rounded away from zero at nine places."""
    digits = number.lstrip("+-").replace(".", "")
    if not digits:
        raise CelError(_WRONG_NUMBER)
    unscaled, scale = int(digits), -len(fraction)
    if kind == BINARY:
        unscaled <<= power
    else:
        scale += power
    if unscaled:
        unscaled, scale = _rounded_up(unscaled, scale), _NANO
    if kind == BINARY:
        one = 10**-_NANO
        if unscaled > MAX_INT * one:
            unscaled, scale = MAX_INT, 0
        elif 0 < unscaled < one:
            kind = DECIMAL
    return Quantity(-unscaled if number.startswith("-") else unscaled, scale, kind, is_decimal=True)


def _rounded_up(unscaled: int, scale: int) -> int:
    """A positive number in billionths."""
    _bound(scale)
    if scale >= _NANO:
        return unscaled * int(10 ** (scale - _NANO))
    return int(-(-unscaled // 10 ** (_NANO - scale)))


def _bound(power: int) -> None:
    if abs(power) > _MAX_POWER:
        raise CostError(f"a quantity with a power of ten beyond {_MAX_POWER} is not computed with")


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1."""
    signs = sign(left), sign(right)
    if signs[0] != signs[1]:
        return 1 if signs[0] > signs[1] else -1
    if not signs[0]:
        return 0
    # Numbers of different length need not be written out.
    lengths = [len(str(abs(one.unscaled))) + one.scale for one in (left, right)]
    if lengths[0] != lengths[1]:
        return signs[0] if lengths[0] > lengths[1] else -signs[0]
    scale = min(left.scale, right.scale)
    one, other = (q.unscaled * 10 ** (q.scale - scale) for q in (left, right))
    return int(one > other) - int(one < other)


def sign(quantity: Quantity) -> int:
    """-1, 0 or 1."""
    return int(quantity.unscaled > 0) - int(quantity.unscaled < 0)


def add(left: Quantity, right: Quantity) -> Quantity:
    """The sum, in the form and with the suffixes of the left side unless that is zero."""
    form = right.format if left.unscaled == 0 else left.format
    if not left.is_decimal and not right.is_decimal:
        if right.unscaled == 0:
            return Quantity(left.unscaled, left.scale, form, computed=True)
        if left.unscaled == 0:
            return Quantity(right.unscaled, right.scale, form, computed=True)
    scale = min(left.scale, right.scale)
    _bound(max(left.scale, right.scale) - scale)
    shifted = [one.unscaled * 10 ** (one.scale - scale) for one in (left, right)]
    total = shifted[0] + shifted[1]
    is_decimal = (
        left.is_decimal
        or right.is_decimal
        or not all(MIN_INT <= number <= MAX_INT for number in (*shifted, total))
    )
    return Quantity(total, scale, form, is_decimal=is_decimal, computed=True)


def negated(quantity: Quantity) -> Quantity:
    """The quantity with the other sign, but for the least of the machine's integers, which Go leaves as it is."""
    number = quantity.unscaled
    if quantity.is_decimal or number != MIN_INT:
        number = -number
    return Quantity(number, quantity.scale, quantity.format, is_decimal=quantity.is_decimal)


def of_integer(number: int) -> Quantity:
    """The quantity that `add` and `sub` make of an int."""
    return Quantity(number, 0, EXPONENT)


def _reduced(quantity: Quantity) -> tuple[int, int]:
    """The number without factors of ten, and its power of ten."""
    number, power = quantity.unscaled, quantity.scale
    if not number:
        return 0, 0
    while number % 10 == 0:
        number //= 10
        power += 1
    return number, power


def render(quantity: Quantity) -> str:
    """The canonical text: no fraction, and the largest suffix that is exact."""
    number, power = _reduced(quantity)
    if not number:
        return "0"
    form = quantity.format
    if form == BINARY:
        # Fractions and small numbers are written with decimal suffixes.
        whole = number * 10**power if 0 <= power <= _MAX_POWER else 0
        if abs(whole) >= 1024:
            return _binary_text(whole)
        form = DECIMAL
    number *= 10 ** (power % 3)
    power -= power % 3
    if form == DECIMAL:
        return f"{number}{_DECIMAL_NAMES.get(power, '')}"
    return f"{number}e{power}" if power else str(number)


def _binary_text(number: int) -> str:
    power = 0
    while number % 1024 == 0:
        number //= 1024
        power += 10
    return f"{number}{_BINARY_NAMES.get(power, '')}"
