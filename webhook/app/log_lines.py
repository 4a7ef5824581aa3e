"""A line of the log, as JSON or as text: bounded, in ASCII, and without control characters."""

import json
import re
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from typing import Final

LogValue = str | int | float | bool | None | Sequence[str]
Fields = Sequence[tuple[str, LogValue]]

# With its end a line fits into a pipe in one piece, so that processes do not write into each other's.
MAX_LINE: Final = 4_096
MAX_TEXT: Final = 512
MAX_ITEMS: Final = 32
# What the log itself says of each line.
OWN: Final = frozenset({"time", "level", "event", "process"})

_PLAIN: Final = re.compile(r"[\w./:@+*-]{1,200}", re.ASCII)


def cut(text: str) -> str:
    """The text, or its beginning and how long it is."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def bounded(told: Fields, show: Callable[[str], str]) -> Fields:
    """The fields with their texts as they are shown, and no more items than a line has."""
    made: list[tuple[str, LogValue]] = []
    for name, value in told:
        if isinstance(value, str):
            value = show(value)
        elif value is not None and not isinstance(value, (int, float)):
            shown = [*map(show, value[:MAX_ITEMS])]
            value = shown if len(value) <= MAX_ITEMS else [*shown, f"… ({len(value) - MAX_ITEMS} more)"]
        made.append((name, value))
    return made


def json_line(time: str, level: str, event: str, process: str, told: Fields) -> bytes:
    """The line as JSON."""
    own = f'{{"time":"{time}","level":"{level}","event":{quoted(event)},"process":{quoted(process)}'
    parts = [f',"{name}":{quoted(value) if type(value) is str else _json(value)}' for name, value in told]
    return _fitting(own, parts, ',"cut":{}', "}\n")


def text_line(time: str, level: str, event: str, process: str, told: Fields) -> bytes:
    """The line as text."""
    own = f"{time} {level} {process} {event}"
    return _fitting(own, [f" {name}={_shown(value)}" for name, value in told], " cut={}", "\n")


def _fitting(own: str, parts: list[str], cut_off: str, end: str) -> bytes:
    """The line; where it is too long the last fields are left out, and it says so."""
    line = f"{own}{''.join(parts)}{end}".encode("ascii", "replace")
    count = len(parts)
    while len(line) > MAX_LINE and parts:
        parts.pop()
        line = f"{own}{''.join(parts)}{cut_off.format(count - len(parts))}{end}".encode("ascii", "replace")
    return line


def _json(value: LogValue) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, (int, float)):
        # The encoder of `json` takes ten times as long.
        return repr(value) if type(value) is float and isfinite(value) else json.dumps(value)
    return f"[{','.join(map(quoted, value))}]"


def _shown(value: LogValue) -> str:
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else _json(value)
