"""Numbers as policies see them in `input.review`.

Gatekeeper's Rego driver passes the review through Go's `json.Unmarshal` into float64 and prints each number with
`strconv.FormatFloat(f, 'g', -1, 64)`: 1000000 becomes `1e+06` and 2^53 + 1 loses its last digit, which messages
show. Parameters and the inventory keep their integers.
"""

from typing import Any, Final

from lockgate.engine.codegen.values import Number

# Go prints a float with an exponent when its decimal exponent is below the one or at least the other.
_LOWEST_PLAIN, _FIRST_SCIENTIFIC = -4, 6
# Integers up to here are printed as they are written.
_PLAIN_INTEGER: Final = 10**_FIRST_SCIENTIFIC


def review_number(number: int | Number) -> int | Number:
    """The number after float64 and Go's shortest text for it."""
    if isinstance(number, int) and -_PLAIN_INTEGER < number < _PLAIN_INTEGER:
        return number
    try:
        value = float(number if isinstance(number, int) else number.text)
    except OverflowError:
        return number
    if value in (float("inf"), float("-inf")):
        return number
    if value == 0:
        return 0
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or "0") + len(whole) - 1 - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if _LOWEST_PLAIN <= power < _FIRST_SCIENTIFIC:
        if power < 0:
            return Number(f"{sign}0.{'0' * (-power - 1)}{digits}")
        if len(digits) <= power + 1:
            return int(sign + digits.ljust(power + 1, "0"))
        return Number(f"{sign}{digits[: power + 1]}.{digits[power + 1 :]}")
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return Number(f"{sign}{digits[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):02d}")


def review_value(value: Any) -> Any:
    """The value with every number as policies see it; the same object where nothing changes."""
    kind = type(value)
    if kind is dict:
        return _review_object(value)
    if kind is list:
        return _review_list(value)
    return review_number(value) if kind is int or kind is Number else value


# Both look at members without a call, since most are texts.


def _review_object(value: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] | None = None
    shown: Any
    for name, item in value.items():
        kind = type(item)
        if kind is str:
            continue
        if kind is dict:
            shown = _review_object(item)
        elif kind is list:
            shown = _review_list(item)
        elif kind is int or kind is Number:
            shown = review_number(item)
        else:
            continue
        if shown is not item:
            if changed is None:
                changed = dict(value)
            changed[name] = shown
    return value if changed is None else changed


def _review_list(value: list[Any]) -> list[Any]:
    changed: list[Any] | None = None
    shown: Any
    for at, item in enumerate(value):
        kind = type(item)
        if kind is str:
            continue
        if kind is dict:
            shown = _review_object(item)
        elif kind is list:
            shown = _review_list(item)
        elif kind is int or kind is Number:
            shown = review_number(item)
        else:
            continue
        if shown is not item:
            if changed is None:
                changed = list(value)
            changed[at] = shown
    return value if changed is None else changed
