"""Structured logs: one line an event, as JSON or as text, bounded, masked, and free of control characters.

No message of a policy and no part of an object goes into a log, but for the object's kind, namespace and name: what was
judged is in the trail, sealed. Texts are masked all the same, since names and errors come from outside.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, Protocol, final

from lockgate.engine.masking.masker import MAX_SHOWN, Masker

Level = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "text"]
LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning", "error")
FORMATS: Final[tuple[LogFormat, ...]] = ("json", "text")
LogValue = str | int | float | bool | None | Sequence[str]

# With its end a line fits into a pipe in one piece, so that processes do not write into each other's.
MAX_LINE: Final = 4_096
MAX_TEXT: Final = 512
MAX_ITEMS: Final = 32
MAX_FIELDS: Final = 32

_PLAIN: Final = re.compile(r"[\w./:@+*-]{1,200}", re.ASCII)
# What the log itself says of each line.
_OWN: Final = ("time", "level", "event", "process")
_JSON: Final = json.JSONEncoder(separators=(",", ":"))


class LineSink(Protocol):
    """Where lines go; False for one that is dropped."""

    def write(self, line: bytes) -> bool:
        """Takes a line with its end."""
        ...


@final
class Log:
    """A process' log. `process` names it in each line; now_ns: the clock (Unix time)."""

    __slots__ = ("_format", "_level", "_masker", "_now_ns", "_process", "_second", "_sink", "_unsaid")

    def __init__(
        self,
        sink: LineSink,
        *,
        format: LogFormat,
        level: Level,
        process: str,
        now_ns: Callable[[], int],
    ) -> None:
        self._sink = sink
        self._format: LogFormat = format
        self._level = LEVELS.index(level)
        self._process = process
        self._now_ns = now_ns
        self._masker = Masker()
        self._unsaid = 0
        # The last one that was told, and its text.
        self._second = (-1, "")

    def shows(self, level: Level) -> bool:
        """Whether lines of this level are written: what costs time to tell need not be made otherwise."""
        return LEVELS.index(level) >= self._level

    def write(self, level: Level, event: str, fields: Mapping[str, LogValue]) -> None:
        """Writes a line. event: what happened, a word or two of ours; fields: in their order, empty ones left out."""
        if not self.shows(level):
            return
        if self._unsaid:
            if not self._put("warning", "lines dropped", {"count": self._unsaid}):
                self._unsaid += 1
                return
            self._unsaid = 0
        if not self._put(level, event, fields):
            self._unsaid += 1

    def _put(self, level: Level, event: str, fields: Mapping[str, LogValue]) -> bool:
        own: dict[str, LogValue] = {
            "time": self._time(),
            "level": level,
            "event": event,
            "process": self._process,
        }
        given = {
            name: value
            for name, value in [*fields.items()][:MAX_FIELDS]
            if value not in (None, "", ()) and name not in _OWN
        }
        show = _cut if self._is_harmless(given) else self._text
        told = {name: _bounded(value, show) for name, value in given.items()}
        return self._sink.write(self._fitting(own, told))

    def _time(self) -> str:
        ns = self._now_ns()
        second, text = self._second
        if second != ns // 1_000_000_000:
            second = ns // 1_000_000_000
            text = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
            self._second = (second, text)
        return f"{text}.{ns // 1_000_000 % 1_000:03d}Z"

    def _is_harmless(self, fields: Mapping[str, LogValue]) -> bool:
        """Whether no text has to be masked or cut: one search through all of them costs a quarter of one search each."""
        texts: list[str] = []
        for value in fields.values():
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, Sequence):
                texts += value[:MAX_ITEMS]
        joined = "\n".join(texts)
        return len(joined) <= MAX_SHOWN and self._masker.text(joined) == joined

    def _text(self, text: str) -> str:
        # Masked before it is cut: half of a credential has another shape.
        return _cut(self._masker.text(text))

    def _fitting(self, own: Mapping[str, LogValue], told: Mapping[str, LogValue]) -> bytes:
        """The line; where it is too long the last fields are left out, and it says so."""
        line = self._render({**own, **told})
        kept = [*told.items()]
        while len(line) > MAX_LINE and kept:
            kept.pop()
            line = self._render({**own, **dict(kept), "cut": len(told) - len(kept)})
        return line

    def _render(self, fields: Mapping[str, LogValue]) -> bytes:
        if self._format == "json":
            return _JSON.encode(fields).encode() + b"\n"
        parts = [str(fields[name]) for name in ("time", "level", "process", "event")]
        parts += [f"{name}={_shown(value)}" for name, value in fields.items() if name not in _OWN]
        return (" ".join(parts) + "\n").encode("ascii", "replace")


def _bounded(value: LogValue, show: Callable[[str], str]) -> LogValue:
    if isinstance(value, str):
        return show(value)
    if isinstance(value, Sequence):
        shown = [show(one) for one in value[:MAX_ITEMS]]
        return shown if len(value) <= MAX_ITEMS else [*shown, f"… ({len(value) - MAX_ITEMS} more)"]
    return value


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def _shown(value: LogValue) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, separators=(",", ":"))
