"""A6: when less was judged than should have been: errors, break-glass, requests that were refused, minutes without coverage."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from lockgate.audit.coverage import ON_DEMAND
from lockgate.audit.query.answers.answer import MAX_LINES, Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.page import Completeness
from lockgate.audit.query.question import Question
from lockgate.audit.query.scan import Scanned, scan
from lockgate.audit.times import parse_time, render_time

_PREFIX: Final = "coverage/"
_MOST_INSTANCES: Final = 1_000
_MOST_MINUTES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Degraded:
    """A time in which less was judged. what: `error`, `break-glass`, `refused`, `gap`, `observe`. count: of requests, or of minutes
    of a gap. entry: that says so; of a gap, the first behind it."""

    what: str
    start: str
    stop: str
    instance: str
    count: int
    entry: int


def a6_degraded(engine: Engine, given: Given, opener: Opener | None) -> Answer[Degraded]:
    """Decisions that could not be made, uses of break-glass, requests that were answered closed, and minutes that nobody covered."""
    size = size_of(engine, given)
    pinned = Asking(as_of_size=size)
    lines: list[Degraded] = []
    errors, _ = engine.all(
        Question(
            kinds=("decision",),
            outcomes=("error",),
            since_ms=given.since_ms,
            until_ms=given.until_ms,
            order="oldest",
        ),
        MAX_LINES,
        pinned,
    )
    for row in errors:
        time = render_time(row.entry.time_ms)
        lines.append(Degraded("error", time, time, "", 1, row.index))
    complete: list[Completeness] = []
    links, told = engine.whole("break-glass", size)
    complete.append(told)
    for link in links:
        if link.entry.value["event"] == "used" and given.covers(link.entry.time_ms):
            time = render_time(link.entry.time_ms)
            lines.append(Degraded("break-glass", time, time, "", 1, link.index))
    for name in engine.index.streams_named(_PREFIX, "", _MOST_INSTANCES):
        times = Question(stream=name, since_ms=given.since_ms, until_ms=given.until_ms)
        found, whole = scan(engine, times, size, _MOST_MINUTES)
        complete.append(whole)
        lines += _degraded(name.removeprefix(_PREFIX), found)
    lines.sort(key=lambda one: (one.start, one.entry))
    return Answer(
        "a6",
        "Degraded: errors, break-glass, refusals, minutes without coverage",
        columns(Degraded),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            [one.entry for one in lines],
            complete,
            [],
            [
                "errors were found by the index, which whoever writes to the database can change: `audit verify` compares it",
                "a time before an instance's first and behind its last minute of coverage is in no gap",
                "a check that nobody ran is in no entry",
            ],
        ),
    )


def _degraded(instance: str, covered: Iterable[Scanned]) -> Iterator[Degraded]:
    """Gaps, and refusals, of an instance."""
    # As the log writes times, their texts have their order: only at a gap is it worth to know how many minutes.
    last = ""
    for one in covered:
        start, stop = str(one.value["from"]), str(one.value["to"])
        if last and start > last and not instance.startswith(ON_DEMAND):
            minutes = (parse_time(start) - parse_time(last)) // 60_000
            yield Degraded("gap", last, start, instance, minutes, one.index)
        last = max(last, stop)
        refused = one.value["refused"]
        if isinstance(refused, int) and refused:
            yield Degraded("refused", start, stop, instance, refused, one.index)
