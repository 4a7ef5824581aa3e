"""Moments as options name them: a day, a time, or so long ago."""

import re
from datetime import UTC, datetime
from typing import Final

from lockgate.engine.errors import UsageError

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST: Final = 40


def parse_moment(text: str, now_ms: int, option: str) -> int:
    """Unix time in milliseconds of `2026-07-01`, `2026-07-01T09:30:00Z` or `30d` (before `now_ms`). Raises UsageError.

    What names no zone is UTC.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return max(0, now_ms - int(ago[1]) * _SECONDS[ago[2]] * 1000)
    try:
        moment = datetime.fromisoformat(text) if len(text) <= _LONGEST else None
    except ValueError:
        moment = None
    if moment is None:
        raise UsageError(
            f"{option} takes a moment, not {text[:_LONGEST]!r}",
            hint="such as 2026-07-01, 2026-07-01T09:30:00Z, or 30d for so long ago",
        )
    placed = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0, round(placed.timestamp() * 1000))
