"""Timestamps: read from RFC 3339, written by it, and what clocks and calendars show of them in a time zone."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library.arithmetic import MAX_TIME, MIN_TIME, SECOND
from lockgate.engine.cel.library.durations import whole_units
from lockgate.engine.cel.values import Duration, Timestamp, Value

_DAY: Final = 86_400 * SECOND
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER: Final = re.compile("[-+]?[0-9]{1,18}")
_ZONES: Final = 64
# No zone of the database has another sign in its name.
_ZONE_NAME: Final = re.compile("[A-Za-z0-9_+/-]{1,100}")
_LONGEST: Final = 100


def parse_timestamp(text: str) -> Timestamp | None:
    """The moment in a text such as `2026-01-02T15:04:05.5+02:00`, or None where Go's `time.Parse` refuses it.

    Raises CelError outside of the years 1 to 9999.
    """
    # Needed by few policies.
    from lockgate.engine.rego.builtins import go_layout

    try:
        found = go_layout.parse(text, go_layout.NAMED["RFC3339"])
    except go_layout.LayoutError:
        return None
    ns = (found.day.toordinal() - _EPOCH_DAY) * _DAY + found.nanoseconds - found.offset * SECOND
    if not MIN_TIME <= ns <= MAX_TIME:
        raise CelError("timestamp overflow")
    return Timestamp(ns, found.offset)


def timestamp_text(moment: Timestamp) -> str:
    """RFC 3339 with as many digits of a second as it has, in the zone with which it was written."""
    return _rendered(moment, "2006-01-02T15:04:05.999999999Z07:00", "")


def shown_timestamp(moment: Timestamp) -> str:
    """A timestamp as Go's `%v` shows it. A zone that was written has its distance from UTC for a name."""
    zone = _rendered(moment, "-0700", "") if moment.offset else "UTC"
    return _rendered(moment, "2006-01-02 15:04:05.999999999 -0700 MST", zone)


def _rendered(moment: Timestamp, layout: str, zone: str) -> str:
    from lockgate.engine.rego.builtins import go_layout

    days, rest = divmod(moment.ns + moment.offset * SECOND, _DAY)
    return go_layout.render(go_layout.Moment(_date(days), rest, moment.offset, zone), layout)


@lru_cache(maxsize=_ZONES)
def _zone(name: str) -> tzinfo | int:
    """A zone by its name in the IANA database, or the seconds that it is east of UTC. Raises CelError."""
    hours, colon, minutes = name.partition(":")
    if colon:
        whole, rest = _integer(hours), _integer(minutes)
        return 60 * (whole * 60 + (-rest if name[0] == "-" else rest))
    if name in ("", "UTC", "Local"):
        return 0
    if ".." in name or name[0] in "/\\":
        raise CelError("time: invalid location name")
    # Needed by policies that name a zone.
    from zoneinfo import ZoneInfo

    try:
        if not _ZONE_NAME.fullmatch(name):
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise CelError(f"unknown time zone {name[:_LONGEST]}") from error


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        # Go's message of a number that `Atoi` refuses.
        from lockgate.engine.rego.builtins.gotext import quote

        raise CelError(f"strconv.Atoi: parsing {quote(text[:_LONGEST])}: invalid syntax")
    return int(text)


def _local(moment: Timestamp, zone: str) -> tuple[date, int]:
    """The date, and nanoseconds since midnight."""
    place = _zone(zone)
    days, rest = divmod(moment.ns + _distance(place, moment.ns // SECOND) * SECOND, _DAY)
    return _date(days), rest


def _distance(place: tzinfo | int, now: int) -> int:
    """The seconds that a zone is east of UTC at a time."""
    if isinstance(place, int):
        return place
    try:
        found = (_EPOCH + timedelta(seconds=now)).astimezone(place).utcoffset()
    except OverflowError as error:
        raise CelError("timestamp overflow") from error
    return int(found.total_seconds()) if found else 0


def _date(days: int) -> date:
    """The date so many days after 1970. A zone may show a moment of the first or last day in a year that has none."""
    try:
        return date.fromordinal(_EPOCH_DAY + days)
    except (ValueError, OverflowError) as error:
        raise CelError("timestamp overflow") from error


def full_year(moment: Timestamp, zone: str = "UTC") -> int:
    """`getFullYear`."""
    return _local(moment, zone)[0].year


def month(moment: Timestamp, zone: str = "UTC") -> int:
    """`getMonth`: January is 0."""
    return _local(moment, zone)[0].month - 1


def day_of_year(moment: Timestamp, zone: str = "UTC") -> int:
    """`getDayOfYear`: the first is 0."""
    return _local(moment, zone)[0].timetuple().tm_yday - 1


def day_of_month(moment: Timestamp, zone: str = "UTC") -> int:
    """`getDayOfMonth`: the first is 0."""
    return _local(moment, zone)[0].day - 1


def day_of_month_from_one(moment: Timestamp, zone: str = "UTC") -> int:
    """`getDate`: the first is 1."""
    return _local(moment, zone)[0].day


def day_of_week(moment: Timestamp, zone: str = "UTC") -> int:
    """`getDayOfWeek`: Sunday is 0."""
    return _local(moment, zone)[0].isoweekday() % 7


def hours(moment: Timestamp, zone: str = "UTC") -> int:
    """`getHours` of a timestamp."""
    return _local(moment, zone)[1] // (3_600 * SECOND)


def minutes(moment: Timestamp, zone: str = "UTC") -> int:
    """`getMinutes` of a timestamp."""
    return _local(moment, zone)[1] // (60 * SECOND) % 60


def seconds(moment: Timestamp, zone: str = "UTC") -> int:
    """`getSeconds` of a timestamp."""
    return _local(moment, zone)[1] // SECOND % 60


def milliseconds(moment: Timestamp, zone: str = "UTC") -> int:
    """`getMilliseconds` of a timestamp: those of its second."""
    return _local(moment, zone)[1] % SECOND // 1_000_000


def duration_hours(span: Duration) -> int:
    """`getHours` of a duration: all of it, in whole hours."""
    return whole_units(span.ns, 3_600 * SECOND)


def duration_minutes(span: Duration) -> int:
    """`getMinutes` of a duration: all of it, in whole minutes."""
    return whole_units(span.ns, 60 * SECOND)


def duration_seconds(span: Duration) -> int:
    """`getSeconds` of a duration: all of it, in whole seconds."""
    return whole_units(span.ns, SECOND)


def duration_milliseconds(span: Duration) -> Value:
    """`getMilliseconds` of a duration: all of it, in whole milliseconds."""
    return abs(span.ns) // 1_000_000 * (-1 if span.ns < 0 else 1)
