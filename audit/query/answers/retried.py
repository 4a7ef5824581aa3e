"""A7: what was denied and soon after allowed, and which labels had changed in between."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from lockgate.audit.entry import Entry
from lockgate.audit.errors import TrailError
from lockgate.audit.query.answers.answer import (
    MAX_LINES,
    Answer,
    Given,
    Opener,
    columns,
    look_ahead,
    proven,
    size_of,
)
from lockgate.audit.query.engine import Asking, Engine
from lockgate.audit.query.page import Link
from lockgate.audit.query.question import Question
from lockgate.audit.times import render_time

_HOUR_MS: Final = 3_600_000
# Entries of a namespace that are looked at behind one denial.
_MOST_BEHIND: Final = 2_000
# Most denials have few others within hours: blocks begin small.
_FIRST_BLOCK: Final = 4
_LAST_BLOCK: Final = 256
# Bodies that are opened for one answer: some seconds of a processor.
MAX_OPENED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Retried:
    """A denial, and the decision that let the same object through. object: its name, "" where bodies are sealed: then something of the
    same kind in the same namespace was let through, and nobody says that it is the same. labels: that changed, as `key: old → new`."""

    denied: int
    denied_at: str
    allowed: int
    allowed_at: str
    resource: str
    object: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Denied:
    """A denial whose object may have been let through later. n: in its namespace's stream. name: "" where bodies are sealed."""

    index: int
    n: int
    time_ms: int
    resource: str
    name: str
    labels: Mapping[str, Any]


def _object(body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    asked = body.get("input")
    request = asked if isinstance(asked, dict) else {}
    obj = request.get("object")
    meta = obj.get("metadata") if isinstance(obj, dict) else None
    labels = meta.get("labels") if isinstance(meta, dict) else None
    name = f"{request.get('namespace', '')}/{request.get('name', '')}"
    return name, labels if isinstance(labels, dict) else {}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        [
            f"{key}: {json.dumps(before.get(key, ''))} → {json.dumps(after.get(key, ''))}"
            for key in sorted({*before, *after})
            if before.get(key) != after.get(key)
        ]
    )


def _namespace(entry: Entry) -> tuple[str, int] | None:
    return next(((link.name, link.n) for link in entry.links if link.name.startswith("namespace/")), None)


def _let_through(entry: Entry) -> bool:
    return entry.kind == "decision" and entry.value["outcome"] in ("allow", "warn")


def a7_retried(engine: Engine, given: Given, opener: Opener | None) -> Answer[Retried]:
    """Objects that were denied and let through within some hours."""
    size = size_of(engine, given)
    denials, _ = engine.all(
        Question(
            kinds=("decision",),
            outcomes=("deny",),
            model=given.model,
            environment=given.environment,
            since_ms=given.since_ms,
            until_ms=given.until_ms,
            order="oldest",
        ),
        MAX_LINES,
        Asking(as_of_size=size),
    )
    waiting: defaultdict[str, list[_Denied]] = defaultdict(list)
    for start in range(0, len(denials), _LAST_BLOCK):
        block = denials[start : start + _LAST_BLOCK]
        look_ahead(opener, [row.index for row in block])
        for row in block:
            place = _namespace(row.entry)
            body = None if opener is None else opener(row.index, row.raw)
            if place is None or (opener is not None and body is None):
                continue
            name, labels = ("", {}) if body is None else _object(body)
            resource = str(row.entry.value["resource"])
            waiting[place[0]].append(_Denied(row.index, place[1], row.entry.time_ms, resource, name, labels))
    found = _Finding(engine, size, given.hours * _HOUR_MS, opener)
    lines = [
        Retried(
            one.index,
            render_time(one.time_ms),
            link.index,
            render_time(link.entry.time_ms),
            one.resource,
            one.name,
            () if opener is None else _changes(one.labels, after),
        )
        for stream in sorted(waiting)
        for one, link, after in found.pairs(stream, waiting[stream])
    ]
    lines.sort(key=lambda one: one.denied)
    missing = [
        "denials were found by the index, which whoever writes to the database can change: `audit verify` compares it"
    ]
    if opener is None:
        missing.append(
            "names of objects and their labels are sealed: of the same kind in the same namespace is all that is said"
        )
    return Answer(
        "a7",
        f"Denied, and let through within {given.hours} hours",
        columns(Retried),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [index for one in lines for index in (one.denied, one.allowed)], (), [], missing),
    )


def _up_to(n: int, coming: Sequence[_Denied]) -> Iterator[_Denied]:
    """Those with a counter up to `n`, of some whose last comes first."""
    return takewhile(lambda one: one.n <= n, reversed(coming))


class _Finding:
    """Finds what was let through behind denials: each stream is read once, and of it only what is near behind one."""

    def __init__(self, engine: Engine, size: int, within_ms: int, opener: Opener | None) -> None:
        self._engine = engine
        self._size = size
        self._within_ms = within_ms
        self._opener = opener
        self._opened = 0

    def pairs(
        self, stream: str, denied: Sequence[_Denied]
    ) -> Iterator[tuple[_Denied, Link, Mapping[str, Any]]]:
        """Each denial with the first decision that let its object through, and the labels then. denied: in the order of the stream."""
        end = self._engine.stream_end(stream, self._size)
        coming = [one for one in denied if one.n < end][::-1]
        open_: list[_Denied] = []
        before: Link | None = None
        n, count = 0, _FIRST_BLOCK
        while open_ or coming:
            if not open_:
                # Nobody waits: on to the next denial.
                n, before, count = coming[-1].n, None, _FIRST_BLOCK
                open_.append(coming.pop())
            block = self._engine.chain(stream, n + 1, min(count, end - n))
            if before is not None:
                self._engine.check_join(stream, before, block[0])
            n, before, count = n + len(block), block[-1], min(2 * count, _LAST_BLOCK)
            wanted = {one.resource for one in (*open_, *_up_to(n, coming))}
            look_ahead(
                self._opener,
                [link.index for link in block if _let_through(link.entry) and _kind(link) in wanted],
            )
            for link in block:
                while coming and coming[-1].n < link.n:
                    open_.append(coming.pop())
                open_ = [one for one in open_ if self._is_near(one, link)]
                if not open_ and (not coming or coming[-1].n > n):
                    break
                for one, labels in self._let(link, open_):
                    yield one, link, labels
                    open_.remove(one)
            if n >= end:
                return

    def _is_near(self, one: _Denied, link: Link) -> bool:
        return link.entry.time_ms <= one.time_ms + self._within_ms and link.n <= one.n + _MOST_BEHIND

    def _let(self, link: Link, open_: Sequence[_Denied]) -> list[tuple[_Denied, Mapping[str, Any]]]:
        """Those of the denials whose object a decision let through."""
        same = [one for one in open_ if one.resource == _kind(link)] if _let_through(link.entry) else []
        if not same or self._opener is None:
            return [(one, {}) for one in same]
        self._opened += 1
        if self._opened > MAX_OPENED:
            raise TrailError(
                f"more than {MAX_OPENED} bodies would have to be opened",
                hint="ask about a shorter time, or fewer hours",
            )
        body = self._opener(link.index, link.raw)
        if body is None:
            return []
        name, labels = _object(body)
        return [(one, labels) for one in same if one.name == name]


def _kind(link: Link) -> str:
    return str(link.entry.value.get("resource", ""))
