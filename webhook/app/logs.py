"""Structured logs: one line an event, as JSON or as text, bounded, masked, and free of control characters.

No message of a policy and no part of an object goes into a log, but for the object's kind, namespace and name: what was
judged is in the trail, sealed. Texts are masked all the same, since names and errors come from outside.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, Literal, Protocol, final

from lockgate.engine.masking.masker import Masker
from lockgate.webhook.app.harmless_texts import HarmlessTexts
from lockgate.webhook.app.log_lines import (
    MAX_ITEMS,
    MAX_LINE,
    OWN,
    LogValue,
    bounded,
    cut,
    json_line,
    text_line,
)
from lockgate.webhook.app.quick_lines import QuickLines

Level = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "text"]
LEVELS: Final[tuple[Level, ...]] = ("debug", "info", "warning", "error")
FORMATS: Final[tuple[LogFormat, ...]] = ("json", "text")

MAX_FIELDS: Final = 32
# Fields whose texts are the same in many lines.
RECURRING: Final = frozenset(
    {"answer", "caller", "namespace", "operation", "policies", "resource", "verdict"}
)


class LineSink(Protocol):
    """Where lines go; False for one that is dropped."""

    def write(self, line: bytes) -> bool:
        """Takes a line with its end."""
        ...


def nothing_lost() -> int:
    """Of a sink that loses nothing that it took."""
    return 0


@final
class Log:
    """A process' log. `process` names it in each line; now_ns: the clock (Unix time)."""

    __slots__ = (
        "_format",
        "_harmless",
        "_level",
        "_masker",
        "_now_ns",
        "_process",
        "_quick",
        "_second",
        "_sink",
        "_take_lost",
        "_unsaid",
    )

    def __init__(
        self,
        sink: LineSink,
        *,
        format: LogFormat,
        level: Level,
        process: str,
        now_ns: Callable[[], int],
        take_lost: Callable[[], int] = nothing_lost,
    ) -> None:
        """take_lost: how many lines the sink took and could not write, since the last time."""
        self._sink = sink
        self._format: LogFormat = format
        self._level = LEVELS.index(level)
        self._process = process
        self._now_ns = now_ns
        self._masker = Masker()
        self._harmless = HarmlessTexts()
        self._quick = QuickLines(RECURRING)
        self._take_lost = take_lost
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
        self._unsaid += self._take_lost()
        if self._unsaid:
            if not self._put("warning", "lines dropped", {"count": self._unsaid}):
                self._unsaid += 1
                return
            self._unsaid = 0
        if not self._put(level, event, fields):
            self._unsaid += 1

    def _put(self, level: Level, event: str, fields: Mapping[str, LogValue]) -> bool:
        is_json = self._format == "json" and len(fields) <= MAX_FIELDS
        told = self._quick.fields(fields) if is_json else None
        if told is not None:
            own = f'{{"time":"{self._time()}","level":"{level}","event":{quoted(event)}'
            line = f'{own},"process":{quoted(self._process)}{told}}}\n'
            if len(line) <= MAX_LINE:
                return self._sink.write(line.encode("ascii", "replace"))
        return self._put_slowly(level, event, fields, learns=is_json)

    def _put_slowly(self, level: Level, event: str, fields: Mapping[str, LogValue], *, learns: bool) -> bool:
        told: list[tuple[str, LogValue]] = []
        recurring: list[str] = []
        others: list[str] = []
        for name, value in fields.items() if len(fields) <= MAX_FIELDS else [*fields.items()][:MAX_FIELDS]:
            if value is None or name in OWN:
                continue
            if not isinstance(value, (int, float)):
                if not value:
                    continue
                texts = recurring if name in RECURRING else others
                if isinstance(value, str):
                    texts.append(value)
                else:
                    texts += value[:MAX_ITEMS]
            told.append((name, value))
        is_harmless = self._harmless.has(recurring, others)
        if is_harmless and learns:
            self._quick.learn(fields)
        show = cut if is_harmless else self._text
        render = json_line if self._format == "json" else text_line
        return self._sink.write(render(self._time(), level, event, self._process, bounded(told, show)))

    def _time(self) -> str:
        ns = self._now_ns()
        second, text = self._second
        if second != ns // 1_000_000_000:
            second = ns // 1_000_000_000
            text = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
            self._second = (second, text)
        return f"{text}.{ns // 1_000_000 % 1_000:03d}Z"

    def _text(self, text: str) -> str:
        # Masked before it is cut: half of a credential has another shape.
        return cut(self._masker.text(text))
