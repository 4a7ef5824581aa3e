"""Times as text by Go's layouts, in which `2006-01-02T15:04:05Z07:00` stands for itself (go.dev/pkg/time)."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from lockgate.engine.record import record

NAMED: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_CACHED: Final = 256
# The longest form of a chunk comes first.
_CHUNK: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|_(?=2006)|__2|_2|3|4|5|PM|pm"
    r"|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?![0-9])"
)
_ZONE: Final = re.compile(r"([-+])([0-9]{2})(:?)([0-9]{2})?(?:\3([0-9]{2}))?")


class LayoutError(Exception):
    """The text does not follow the layout; the argument says where."""


@record
class Moment:
    """A time as clocks show it at some place: date, nanoseconds since midnight, seconds east of UTC, zone."""

    day: date
    nanoseconds: int
    offset: int
    zone: str


@lru_cache(maxsize=_CACHED)
def chunks(layout: str) -> tuple[str, ...]:
    """Literal texts at even positions, what stands for a part of the time at odd ones."""
    found: list[str] = []
    last = 0
    for match in _CHUNK.finditer(layout):
        if match[0] == "_":
            continue
        found += [layout[last : match.start()], match[0]]
        last = match.end()
    return (*found, layout[last:])


def render(moment: Moment, layout: str) -> str:
    """The time as the layout shows it."""
    pieces = chunks(layout)
    return "".join([_part(moment, piece) if at % 2 else piece for at, piece in enumerate(pieces)])


def _part(moment: Moment, chunk: str) -> str:
    if chunk[0] in ".,":
        return _fraction(moment.nanoseconds % 1_000_000_000, chunk)
    if chunk[0] in "-Z":
        return _offset(moment.offset, chunk)
    if chunk == "MST":
        return moment.zone
    seconds = moment.nanoseconds // 1_000_000_000
    day, hour = moment.day, seconds // 3600
    if chunk in ("Mon", "Monday"):
        return DAYS[day.weekday()][: 3 if chunk == "Mon" else None]
    if chunk in ("Jan", "January"):
        return MONTHS[day.month - 1][: 3 if chunk == "Jan" else None]
    if chunk in ("PM", "pm"):
        shown = "PM" if hour >= 12 else "AM"
        return shown if chunk == "PM" else shown.lower()
    year_day = day.toordinal() - date(day.year, 1, 1).toordinal() + 1
    numbers = {
        "2006": (day.year, "04d"),
        "06": (day.year % 100, "02d"),
        "1": (day.month, "d"),
        "01": (day.month, "02d"),
        "2": (day.day, "d"),
        "_2": (day.day, "2d"),
        "02": (day.day, "02d"),
        "002": (year_day, "03d"),
        "__2": (year_day, "3d"),
        "15": (hour, "02d"),
        "3": (hour % 12 or 12, "d"),
        "03": (hour % 12 or 12, "02d"),
        "4": (seconds // 60 % 60, "d"),
        "04": (seconds // 60 % 60, "02d"),
        "5": (seconds % 60, "d"),
        "05": (seconds % 60, "02d"),
    }
    number, form = numbers[chunk]
    return format(number, form)


def _fraction(nanoseconds: int, chunk: str) -> str:
    digits = f"{nanoseconds:09d}"[: len(chunk) - 1].ljust(len(chunk) - 1, "0")
    if chunk[1] == "9":
        digits = digits.rstrip("0")
    return chunk[0] + digits if digits else ""


def _offset(offset: int, chunk: str) -> str:
    if chunk[0] == "Z" and offset == 0:
        return "Z"
    # Go cuts seconds off where the layout has none.
    minutes, seconds = divmod(abs(offset), 60)
    colon = ":" if ":" in chunk else ""
    shown = f"{'-' if offset < 0 else '+'}{minutes // 60:02d}"
    if len(chunk) > 3:
        shown += f"{colon}{minutes % 60:02d}"
    if len(chunk) > 6:
        shown += f"{colon}{seconds:02d}"
    return shown


class _Parser:
    def __init__(self, text: str) -> None:
        self.rest = text
        self.year = 0
        self.month = self.day = self.year_day = -1
        self.hour = self.minute = self.second = self.nanoseconds = 0
        self.half = ""
        self.offset = 0

    def literal(self, text: str) -> None:
        """Skips literal text; a run of spaces is as good as another."""
        while text:
            if text[0] == " ":
                if self.rest and self.rest[0] != " ":
                    raise LayoutError("text does not match the layout")
                text, self.rest = text.lstrip(" "), self.rest.lstrip(" ")
                continue
            if self.rest[:1] != text[0]:
                raise LayoutError("text does not match the layout")
            text, self.rest = text[1:], self.rest[1:]

    def number(self, least: int, most: int) -> int:
        found = re.match(rf"[0-9]{{{least},{most}}}", self.rest)
        if found is None:
            raise LayoutError("a number is missing")
        self.rest = self.rest[found.end() :]
        return int(found[0])

    def within(self, number: int, low: int, high: int, what: str) -> int:
        if not low <= number <= high:
            raise LayoutError(f"{what} out of range")
        return number

    def name(self, names: tuple[str, ...], size: int | None) -> int:
        for index, name in enumerate(names):
            shown = name[:size]
            if self.rest[: len(shown)].lower() == shown.lower():
                self.rest = self.rest[len(shown) :]
                return index
        raise LayoutError("a name is missing")

    def part(self, chunk: str, after: str) -> None:
        if chunk[0] in ".,":
            self.fraction(chunk)
        elif chunk[0] in "-Z":
            self.zone(chunk)
        elif chunk == "MST":
            self.zone_name()
        elif chunk == "2006":
            self.year = self.number(4, 4)
        elif chunk == "06":
            year = self.number(2, 2)
            self.year = year + (1900 if year >= 69 else 2000)
        elif chunk in ("Jan", "January"):
            self.month = 1 + self.name(MONTHS, 3 if chunk == "Jan" else None)
        elif chunk in ("Mon", "Monday"):
            self.name(DAYS, 3 if chunk == "Mon" else None)
        elif chunk in ("1", "01"):
            self.month = self.within(self.number(len(chunk), 2), 1, 12, "month")
        elif chunk in ("2", "_2", "02"):
            if chunk == "_2":
                self.rest = self.rest.removeprefix(" ")
            self.day = self.number(2 if chunk == "02" else 1, 2)
        elif chunk in ("002", "__2"):
            if chunk == "__2":
                self.rest = self.rest.removeprefix(" ").removeprefix(" ")
            self.year_day = self.number(1 if chunk == "__2" else 3, 3)
        elif chunk == "15":
            self.hour = self.within(self.number(1, 2), 0, 23, "hour")
        elif chunk in ("3", "03"):
            self.hour = self.within(self.number(len(chunk), 2), 0, 12, "hour")
        elif chunk in ("4", "04"):
            self.minute = self.within(self.number(len(chunk), 2), 0, 59, "minute")
        elif chunk in ("5", "05"):
            self.second = self.within(self.number(len(chunk), 2), 0, 59, "second")
            # A fraction is read even if the layout has none.
            if after[:1] not in (".", ",") or after[1:2] not in ("0", "9"):
                self.fraction(".9")
        else:
            self.half = self.rest[:2]
            if self.half not in (("PM", "AM") if chunk == "PM" else ("pm", "am")):
                raise LayoutError("AM or PM is missing")
            self.rest = self.rest[2:]

    def fraction(self, chunk: str) -> None:
        found = re.match(r"[.,]([0-9]+)", self.rest)
        if chunk[1] == "0":
            size = len(chunk) - 1
            if found is None or len(found[1]) < size:
                raise LayoutError("a fraction of a second is missing")
            digits = found[1][:size]
        elif found is None:
            return
        else:
            digits = found[1]
        self.rest = self.rest[1 + len(digits) :]
        self.nanoseconds = int(digits[:9].ljust(9, "0"))

    def zone(self, chunk: str) -> None:
        if chunk[0] == "Z" and self.rest[:1] == "Z":
            self.rest = self.rest[1:]
            return
        size = len(chunk)
        found = _ZONE.fullmatch(self.rest[:size])
        if found is None or (":" in chunk) != (found[3] == ":") or (size > 3) != (found[4] is not None):
            raise LayoutError("a time zone is missing")
        hours, minutes, seconds = int(found[2]), int(found[4] or 0), int(found[5] or 0)
        self.within(hours, 0, 24, "time zone offset hour")
        self.within(minutes, 0, 59, "time zone offset minute")
        self.within(seconds, 0, 59, "time zone offset second")
        self.offset = (hours * 3600 + minutes * 60 + seconds) * (-1 if found[1] == "-" else 1)
        self.rest = self.rest[size:]

    def zone_name(self) -> None:
        """A zone's abbreviation says nothing about its offset, except with GMT and hours."""
        found = re.match(
            r"GMT([-+][0-9]{1,2})?|ChST|MeST|WITA|[-+][0-9]{1,2}|[A-Z]{4}T|[A-Z]{3}T|[A-Z]{3}", self.rest
        )
        upper = re.match("[A-Z]*", self.rest)
        size = len(upper[0]) if upper else 0
        if found is None or (found[0].isupper() and not found[0].startswith("GMT") and size > len(found[0])):
            raise LayoutError("a time zone is missing")
        if found[1]:
            self.offset = int(found[1]) * 3600
        self.rest = self.rest[found.end() :]

    def day_found(self) -> date:
        if not 1 <= self.year <= 9999:
            raise LayoutError("year out of range")
        if self.year_day >= 0:
            start = date(self.year, 1, 1).toordinal()
            last = date(self.year, 12, 31).toordinal() - start + 1
            self.within(self.year_day, 1, last, "day-of-year")
            found = date.fromordinal(start + self.year_day - 1)
            if self.month not in (-1, found.month) or self.day not in (-1, found.day):
                raise LayoutError("day-of-year does not match the date")
            return found
        try:
            return date(self.year, 1 if self.month < 0 else self.month, 1 if self.day < 0 else self.day)
        except ValueError as error:
            raise LayoutError("day out of range") from error


def parse(text: str, layout: str) -> Moment:
    """The time in a text that follows the layout. Raises LayoutError."""
    parser = _Parser(text)
    pieces = chunks(layout)
    parser.literal(pieces[0])
    for at in range(1, len(pieces), 2):
        after = pieces[at + 1] or (pieces[at + 2] if at + 2 < len(pieces) else "")
        parser.part(pieces[at], after)
        parser.literal(pieces[at + 1])
    if parser.rest:
        raise LayoutError("extra text")
    hour = parser.hour
    if parser.half.lower() == "pm" and hour < 12:
        hour += 12
    elif parser.half.lower() == "am" and hour == 12:
        hour = 0
    seconds = (hour * 60 + parser.minute) * 60 + parser.second
    return Moment(parser.day_found(), seconds * 1_000_000_000 + parser.nanoseconds, parser.offset, "")
