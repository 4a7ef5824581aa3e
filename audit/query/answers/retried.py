"""A7: what was denied and soon after allowed, and which labels had changed in between."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.entry import Entry
from lockgate.audit.query.answers.answer import MAX_LINES, Answer, Given, Opener, columns, proven, size_of
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
    lines: list[Retried] = []
    for row in denials:
        place = _namespace(row.entry)
        body = None if opener is None else opener(row.index, row.raw)
        if place is None or (opener is not None and body is None):
            continue
        name, labels = ("", {}) if body is None else _object(body)
        found = _next(engine, row.entry, place, size, given.hours * _HOUR_MS, opener, name)
        if found is not None:
            link, after = found
            lines.append(
                Retried(
                    row.index,
                    render_time(row.entry.time_ms),
                    link.index,
                    render_time(link.entry.time_ms),
                    str(row.entry.value["resource"]),
                    name,
                    () if body is None else _changes(labels, after),
                )
            )
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


def _next(
    engine: Engine,
    denied: Entry,
    place: tuple[str, int],
    size: int,
    within_ms: int,
    opener: Opener | None,
    name: str,
) -> tuple[Link, Mapping[str, Any]] | None:
    stream, n = place
    end = min(engine.stream_end(stream, size), n + _MOST_BEHIND)
    count = _FIRST_BLOCK
    while n < end:
        block = engine.chain(stream, n + 1, min(count, end - n))
        n += len(block)
        count = min(2 * count, _LAST_BLOCK)
        for link in block:
            if link.entry.time_ms > denied.time_ms + within_ms:
                return None
            if not _let_through(link.entry) or link.entry.value["resource"] != denied.value["resource"]:
                continue
            if opener is None:
                return link, {}
            body = opener(link.index, link.raw)
            if body is None:
                continue
            told, labels = _object(body)
            if told == name:
                return link, labels
    return None
