"""A6: when less was judged than should have been: errors, break-glass, requests that were refused, minutes without coverage."""

from dataclasses import dataclass
from typing import Final

from lockgate.audit.coverage import ON_DEMAND
from lockgate.audit.query.answers.answer import MAX_LINES, Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.page import Completeness
from lockgate.audit.query.question import Question
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
        instance = name.removeprefix(_PREFIX)
        found, pages = engine.all(
            Question(
                stream=name,
                since_ms=given.since_ms,
                until_ms=given.until_ms,
                order="oldest",
                walk="complete",
            ),
            _MOST_MINUTES,
            pinned,
        )
        complete += [page.completeness for page in pages if page.completeness is not None]
        covered = -1
        for row in found:
            value = row.entry.value
            start, stop = parse_time(str(value["from"])), parse_time(str(value["to"]))
            if covered >= 0 and start > covered and not instance.startswith(ON_DEMAND):
                minutes = (start - covered) // 60_000
                lines.append(
                    Degraded("gap", render_time(covered), render_time(start), instance, minutes, row.index)
                )
            covered = max(covered, stop)
            refused = value["refused"]
            if isinstance(refused, int) and refused:
                lines.append(
                    Degraded("refused", str(value["from"]), str(value["to"]), instance, refused, row.index)
                )
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
