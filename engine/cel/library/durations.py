"""Durations as Go's `time.ParseDuration` reads them and `string()` writes them."""

import re
from typing import Final

from lockgate.engine.cel.library.arithmetic import SECOND
from lockgate.engine.cel.values import MAX_INT

_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3_600 * SECOND,
}
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
# The most digits that a number of 64 bits has.
_MAX_DIGITS: Final = 19


def parse_duration(text: str) -> int | None:
    """Nanoseconds of a text such as `1h30m` or `-1.5s`, or None where Go refuses it."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    if not rest:
        return None
    total = at = 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None or not (part[1] or part[2]):
            return None
        scale = _UNITS.get(part[3])
        whole = part[1].lstrip("0")
        if scale is None or len(whole) > _MAX_DIGITS:
            return None
        total += int(whole or "0") * scale + _fraction(part[2] or "", scale)
        if total > MAX_INT + 1:
            return None
        at = part.end()
    if total > MAX_INT and sign > 0:
        return None
    return sign * total


def _fraction(digits: str, scale: int) -> int:
    """Nanoseconds of the digits behind a point, cut as Go's floating point cuts them."""
    number, power = 0, 1.0
    for digit in digits[:_MAX_DIGITS]:
        if number > MAX_INT // 10:
            break
        more = number * 10 + int(digit)
        if more > MAX_INT:
            break
        number, power = more, power * 10
    return int(float(number) * (float(scale) / power))


def duration_text(ns: int) -> str:
    """Seconds with their fraction, as `string(duration)` gives them: `5400s`, `0.5s`."""
    # Needed by few policies.
    from lockgate.engine.rego.builtins.gotext import format_float

    return format_float(seconds_of(ns), "f", -1) + "s"


def shown_duration(ns: int) -> str:
    """A duration as Go's `%v` shows it: `1h0m0.5s`, `1.5ms`, `0s`."""
    sign, left = ("-", -ns) if ns < 0 else ("", ns)
    if left < SECOND:
        for unit, size in (("ms", 1_000_000), ("\u00b5s", 1_000), ("ns", 1)):
            if left >= size:
                return f"{sign}{_decimal(left, size)}{unit}"
        return "0s"
    minutes, rest = divmod(left, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{shown}{_decimal(rest, SECOND)}s"


def _decimal(number: int, unit: int) -> str:
    """A number in units, with as many digits behind the point as it has."""
    whole, rest = divmod(number, unit)
    fraction = str(unit + rest)[1:].rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def seconds_of(ns: int) -> float:
    """Seconds as Go's `Duration.Seconds` computes them."""
    whole, rest = _cut(ns, SECOND)
    return float(whole) + float(rest) / 1e9


def whole_units(ns: int, unit: int) -> int:
    """The duration in whole units, cut towards zero."""
    whole, rest = _cut(ns, unit)
    # Go goes through floating point, which rounds a rest up where it is nearly one.
    return int(float(whole) + float(rest) / float(unit))


def _cut(ns: int, unit: int) -> tuple[int, int]:
    """Quotient and rest, both with the sign of the duration."""
    whole, rest = divmod(abs(ns), unit)
    return (-whole, -rest) if ns < 0 else (whole, rest)
