"""`time.*`: nanoseconds since 1970, their date and clock in a time zone, and durations."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

from lockgate.engine.codegen import arithmetic
from lockgate.engine.codegen.values import Number, Value
from lockgate.engine.rego.builtins import go_layout
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import BuiltinError, type_error
from lockgate.engine.rego.builtins.gotext import format_float
from lockgate.engine.rego.builtins.operands import machine_integer, number, string

_INT64: Final = 1 << 63
_SECOND: Final = 1_000_000_000
_DAY: Final = 86_400 * _SECOND
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EITHER: Final = "either number (ns) or [number (ns), string (tz)]"
_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": _SECOND,
    "m": 60 * _SECOND,
    "h": 3_600 * _SECOND,
}
_HOURS: Final = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_SEGMENT: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
# No date in range is further away.
_MAX_STEP: Final = 1_000_000


def time_now_ns(context: Context) -> int:
    """The time of the evaluation."""
    return context.now_ns


class _Zone:
    """A time zone by name; UTC for `UTC`, `Local` and an empty name."""

    def __init__(self, name: str) -> None:
        self.zone: timezone | object = UTC
        if name in ("", "UTC", "Local"):
            return
        from zoneinfo import ZoneInfo

        try:
            self.zone = ZoneInfo(name)
        except (ValueError, OSError, KeyError) as error:
            raise BuiltinError(f"unknown time zone {name[:100]}") from error

    def at(self, seconds: int) -> tuple[int, str]:
        """The offset from UTC, in seconds, and the zone's abbreviation at a time."""
        if self.zone is UTC:
            return 0, "UTC"
        local = (_EPOCH + timedelta(seconds=seconds)).astimezone(self.zone)  # type: ignore[arg-type]
        offset = local.utcoffset()
        assert offset is not None
        return int(offset.total_seconds()), local.tzname() or ""

    def instant(self, local_seconds: int) -> int:
        """The time at which clocks there show so many seconds since 1970, in Go's choice where there are two."""
        offset = self.at(local_seconds)[0]
        guess = local_seconds - offset
        actual = self.at(guess)[0]
        return guess if actual == offset else local_seconds - actual


def _moment(nanoseconds: int, zone: _Zone) -> go_layout.Moment:
    offset, name = zone.at(nanoseconds // _SECOND)
    days, rest = divmod(nanoseconds + offset * _SECOND, _DAY)
    return go_layout.Moment(date.fromordinal(_EPOCH_DAY + days), rest, offset, name)


def _nanoseconds(value: Value) -> int:
    given = arithmetic.to_float(number(value, 1))
    whole = arithmetic.truncated(given)
    if not arithmetic.is_integral(given) or not -_INT64 <= whole < _INT64:
        raise BuiltinError("timestamp too big")
    return whole


def _time(value: Value) -> tuple[int, _Zone, str]:
    """Nanoseconds, zone and layout of a number or of an array that begins with one."""
    if type(value) is int or type(value) is Number:
        return _nanoseconds(value), _Zone(""), ""
    if type(value) is not list or not value:
        raise type_error(1, value, _EITHER)
    number(value[0], 1)
    zone = _Zone(string(value[1], 1) if len(value) > 1 else "")
    layout = string(value[2], 1) if len(value) > 2 else ""
    return _nanoseconds(value[0]), zone, layout


def _in_range(nanoseconds: int) -> int:
    if not -_INT64 <= nanoseconds < _INT64:
        raise BuiltinError("time outside of valid range")
    return nanoseconds


def _parsed(text: str, layout: str) -> int:
    try:
        found = go_layout.parse(text, layout)
    except go_layout.LayoutError as error:
        raise BuiltinError(f'parsing time "{text[:100]}" as "{layout[:100]}": {error}') from error
    days = found.day.toordinal() - _EPOCH_DAY
    return _in_range(days * _DAY + found.nanoseconds - found.offset * _SECOND)


def time_parse_ns(layout: Value, text: Value) -> int:
    """The time in a text by a Go layout or the name of one."""
    form, given = string(layout, 1), string(text, 2)
    return _parsed(given, go_layout.NAMED.get(form, form))


def time_parse_rfc3339_ns(text: Value) -> int:
    """The time in a text such as `2006-01-02T15:04:05Z`."""
    return _parsed(string(text, 1), go_layout.NAMED["RFC3339"])


def time_format(value: Value) -> str:
    """The time as text: by RFC 3339, or by the layout that is the third element."""
    nanoseconds, zone, layout = _time(value)
    form = go_layout.NAMED.get(layout or "RFC3339Nano", layout)
    return go_layout.render(_moment(nanoseconds, zone), form)


def time_date(value: Value) -> list[Value]:
    """Year, month and day."""
    nanoseconds, zone, _ = _time(value)
    day = _moment(nanoseconds, zone).day
    return [day.year, day.month, day.day]


def _clock(nanoseconds: int) -> tuple[int, int, int]:
    seconds = nanoseconds // _SECOND
    return seconds // 3_600, seconds // 60 % 60, seconds % 60


def time_clock(value: Value) -> list[Value]:
    """Hour, minute and second."""
    nanoseconds, zone, _ = _time(value)
    return list(_clock(_moment(nanoseconds, zone).nanoseconds))


def time_weekday(value: Value) -> str:
    """The day's name."""
    nanoseconds, zone, _ = _time(value)
    return go_layout.DAYS[_moment(nanoseconds, zone).day.weekday()]


def time_add_date(value: Value, years: Value, months: Value, days: Value) -> int:
    """The time so many years, months and days later; a day that a month has not runs over into the next."""
    nanoseconds, zone, _ = _time(value)
    steps = [machine_integer(item, position) for position, item in enumerate((years, months, days), 2)]
    if max(map(abs, steps)) > _MAX_STEP:
        raise BuiltinError("time outside of valid range")
    local = _moment(nanoseconds, zone)
    month = (local.day.year + steps[0]) * 12 + local.day.month - 1 + steps[1]
    if not 1 <= month // 12 <= 9_998:
        raise BuiltinError("time outside of valid range")
    ordinal = date(month // 12, month % 12 + 1, 1).toordinal() + local.day.day - 1 + steps[2]
    local_nanoseconds = (ordinal - _EPOCH_DAY) * _DAY + local.nanoseconds
    if not -2 * _INT64 <= local_nanoseconds < 2 * _INT64:
        raise BuiltinError("time outside of valid range")
    seconds, rest = divmod(local_nanoseconds, _SECOND)
    return _in_range(zone.instant(seconds) * _SECOND + rest)


def time_diff(left: Value, right: Value) -> list[Value]:
    """Years, months, days, hours, minutes and seconds between two times, in the zone of the first."""
    first, zone, _ = _time(left)
    second, _, _ = _time(right)
    one, other = _moment(min(first, second), zone), _moment(max(first, second), zone)
    parts = [other.day.year - one.day.year, other.day.month - one.day.month, other.day.day - one.day.day]
    parts += [
        after - before
        for before, after in zip(_clock(one.nanoseconds), _clock(other.nanoseconds), strict=True)
    ]
    month_start = one.day.replace(day=1)
    next_month = (month_start + timedelta(days=31)).replace(day=1)
    bounds = (0, 12, next_month.toordinal() - month_start.toordinal(), 24, 60, 60)
    for index in range(5, 0, -1):
        if parts[index] < 0:
            parts[index] += bounds[index]
            parts[index - 1] -= 1
    return list(parts)


def time_parse_duration_ns(text: Value) -> int:
    """The nanoseconds of a duration such as `1h30m`, with days, weeks and years of 365 days."""
    given = string(text, 1)
    found = _duration(given)
    if found is None:
        raise BuiltinError(f'time: invalid duration "{given[:100]}"')
    return found


def _duration(text: str) -> int | None:
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0" and text:
        return 0
    total = at = 0
    while at < len(rest):
        segment = _SEGMENT.match(rest, at)
        if segment is None or not (segment[1] or segment[2]):
            return None
        whole, fraction, unit = segment[1], segment[2] or "", segment[3]
        if unit in _HOURS:
            hours = format_float(float(f"{whole or 0}.{fraction or 0}") * _HOURS[unit], "f", -1)
            whole, _, fraction = hours.partition(".")
            unit = "h"
        scale = _UNITS.get(unit)
        if scale is None or len(whole) > 19:
            return None
        total += int(whole or "0") * scale
        if fraction:
            # Digits past the 18th do not change a nanosecond.
            digits = fraction[:18]
            total += int(float(int(digits)) * (float(scale) / 10.0 ** len(digits)))
        if total > _INT64:
            return None
        at = segment.end()
    if not rest or (total == _INT64 and not text.startswith("-")):
        return None
    return -total if text.startswith("-") else total
