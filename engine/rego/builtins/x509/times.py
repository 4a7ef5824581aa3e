"""Times in certificates: UTCTime and GeneralizedTime, as Go's `cryptobyte` reads them."""

import re
from datetime import date
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509.der import GENERALIZED_TIME, UTC_TIME, Reader

# Of UTCTime, Go takes the form without seconds as well.
_UTC: Final = re.compile(
    r"(?P<year>[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
    r"(?P<second>[0-9]{2})?(?P<zone>Z|[+-][0-9]{4})"
)
_GENERALIZED: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
    r"(?P<second>[0-9]{2})(?P<zone>Z|[+-][0-9]{4})"
)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
# The calendar repeats itself after so many years and days.
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097
_DAY_MINUTES: Final = 1_440


@record
class Time:
    """A time: `seconds` since 1970, and `text` by RFC 3339 in its own zone."""

    seconds: int
    text: str


def read_time(reader: Reader) -> Time:
    """The next element, which must be a time."""
    if reader.at(UTC_TIME):
        problem = "x509: malformed UTCTime"
        return parse_time(reader.contents(UTC_TIME, problem), UTC_TIME, problem)
    if reader.at(GENERALIZED_TIME):
        problem = "x509: malformed GeneralizedTime"
        return parse_time(reader.contents(GENERALIZED_TIME, problem), GENERALIZED_TIME, problem)
    raise BuiltinError("x509: unsupported time format")


def parse_time(contents: bytes, tag: int, problem: str) -> Time:
    """The time with these contents."""
    pattern = _UTC if tag == UTC_TIME else _GENERALIZED
    matched = pattern.fullmatch(contents.decode("latin-1"))
    if matched is None:
        raise BuiltinError(problem)
    parts = {name: int(text or 0) for name, text in matched.groupdict().items() if name != "zone"}
    year = parts["year"]
    if tag == UTC_TIME:
        year += 1900 if year >= 50 else 2000
    zone = matched["zone"]
    offset = 0 if zone == "Z" else int(zone[1:3]) * 60 + int(zone[3:])
    clock = (parts["hour"], parts["minute"], parts["second"])
    # UTC has to be written as Z.
    odd_zone = zone != "Z" and (zone[3:] > "59" or not 0 < offset < _DAY_MINUTES)
    if clock[0] > 23 or max(clock[1:]) > 59 or odd_zone:
        raise BuiltinError(problem)
    try:
        in_cycle = date(2_000 + year % _CYCLE_YEARS, parts["month"], parts["day"])
    except ValueError as error:
        raise BuiltinError(problem) from error
    days = in_cycle.toordinal() - _EPOCH_DAY + (year // _CYCLE_YEARS - 5) * _CYCLE_DAYS
    seconds = days * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    shown = zone if zone == "Z" else f"{zone[:3]}:{zone[3:]}"
    text = f"{year:04}-{in_cycle:%m-%d}T{clock[0]:02}:{clock[1]:02}:{clock[2]:02}{shown}"
    return Time(seconds + (offset if zone[0] == "-" else -offset) * 60, text)
