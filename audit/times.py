"""Times as entries spell them: RFC 3339, UTC, milliseconds. Inside, Unix time in milliseconds."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from lockgate.audit.errors import FormatError

# From 1970 to the year 9999.
MAX_TIME: Final = 253_402_300_800_000

_TIME: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def render_time(time_ms: int) -> str:
    """`2026-11-26T09:30:00.123Z`."""
    if not 0 <= time_ms < MAX_TIME:
        raise FormatError(f"{time_ms} is no time in milliseconds")
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"{_second(seconds)}.{milliseconds:03}Z"


@lru_cache(maxsize=64)
def _parse_second(text: str) -> int:
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise FormatError(f"{text!r} is no time") from None
    return int((moment - _EPOCH).total_seconds())


def parse_time(text: str) -> int:
    """Milliseconds from the one spelling that a time has. Raises FormatError."""
    if _TIME.fullmatch(text) is None:
        raise FormatError(f"{text[:40]!r} is no time in UTC with milliseconds")
    made = _parse_second(text[:19]) * 1000 + int(text[20:23])
    if made < 0:
        raise FormatError(f"{text!r} is before 1970")
    return made
