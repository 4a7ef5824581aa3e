"""Moments and spans as exemptions spell them."""

import re
from datetime import UTC, datetime
from typing import Final

from lockgate.gatekeeper.fields import Field

_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_SPAN: Final = re.compile(r"([1-9]\d{0,5})([dhm])", re.ASCII)
_SECONDS: Final = {"d": 86_400, "h": 3_600, "m": 60}
# 9999-01-01T00:00:00Z: every moment can be shown, in any zone.
_LATEST: Final = 253_370_764_800
SECOND_NS: Final = 1_000_000_000


def parse_moment(field: Field) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time with its zone. Raises PolicyError."""
    text = field.string()
    if _MOMENT.fullmatch(text) is None:
        field.refuse(
            f"{field.name} is no time", 'write it as RFC 3339 has it, such as "2026-12-31T00:00:00Z"'
        )
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        field.refuse(f"{field.name} is no time: {text!r} does not exist")
    seconds = int(moment.timestamp())
    if not 0 <= seconds < _LATEST:
        field.refuse(f"{field.name} is no time between the years 1970 and 9999")
    return seconds * SECOND_NS


def parse_span(field: Field) -> int:
    """Nanoseconds of a span such as `90d`, `12h` or `30m`. Raises PolicyError."""
    span = span_ns(field.string())
    if span is None:
        field.refuse(
            f"{field.name} is no span of time", "write days, hours or minutes, such as 90d, 12h or 30m"
        )
    return span


def span_ns(text: str) -> int | None:
    """Nanoseconds of a span such as `90d`; None for what is none."""
    found = _SPAN.fullmatch(text)
    return None if found is None else int(found[1]) * _SECONDS[found[2]] * SECOND_NS


def render_moment(ns: int) -> str:
    """The moment in UTC, whole seconds: `2026-12-31T00:00:00Z`."""
    return datetime.fromtimestamp(ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_span(ns: int) -> str:
    """The span in the largest unit that it is a whole number of."""
    seconds = ns // SECOND_NS
    for unit, size in _SECONDS.items():
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds} seconds"
