"""A14: who looked at what is sealed, or took it away; A15: whether the trail is healthy."""

import json
from dataclasses import dataclass
from typing import Final

from lockgate.audit.entry import parse_entry
from lockgate.audit.query.answers.answer import DAY_MS, Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.answers.people import actor_of, details_of
from lockgate.audit.query.engine import Engine
from lockgate.audit.times import render_time

# A checkpoint is signed within seconds.
_LONG_TAIL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Accessed:
    """A look at sealed bodies, or an export. count: of entries. by and question: where bodies may be opened."""

    entry: int
    time: str
    action: str
    count: int
    index: int | None
    by: str
    question: str


@dataclass(frozen=True, slots=True)
class Health:
    """Something about the trail. verdict: `good`, `look` (somebody should) or `said` (a number)."""

    what: str
    value: str
    verdict: str


def _last_verification(engine: Engine, given: Given, size: int, opener: Opener | None) -> Health:
    """What the log keeps of when all of it was verified last."""
    what = "last recorded verification"
    end = engine.stream_end("verification", size)
    if not end:
        return Health(what, "none", "look")
    (link,) = engine.chain("verification", end, 1)
    engine.anchor("verification", link.index, link.n, link.raw)
    value = link.entry.value
    who = actor_of(opener, link.index, link.raw)
    told = f"{render_time(link.entry.time_ms)}: {value['verdict']}, {value['size']} entries, {value['opened']} bodies opened (entry {link.index})"
    # As of then, where a moment is named: a pack of the same log is the same whenever it is made.
    moment_ms = engine.now_ms if given.at_ms is None else given.at_ms
    is_late = link.entry.time_ms < moment_ms - given.days * DAY_MS
    is_good = value["verdict"] == "verified" and not is_late
    return Health(what, f"{told}, by {who}" if who else told, "good" if is_good else "look")


def a14_access(engine: Engine, given: Given, opener: Opener | None) -> Answer[Accessed]:
    """Every look and every export that the log keeps."""
    size = size_of(engine, given)
    links, complete = engine.whole("access", size)
    lines: list[Accessed] = []
    for link in links:
        value = link.entry.value
        if not given.covers(link.entry.time_ms):
            continue
        count, index = value["entries"], value.get("index")
        asked = details_of(opener, link.index, link.raw)
        lines.append(
            Accessed(
                link.index,
                render_time(link.entry.time_ms),
                str(value["action"]),
                count if type(count) is int else 0,
                index if type(index) is int else None,
                actor_of(opener, link.index, link.raw),
                json.dumps(asked, sort_keys=True) if asked else "",
            )
        )
    missing = ["who copied the database, and has the master key, looked without an entry"]
    if opener is None:
        missing.append("who looked is sealed")
    return Answer(
        "a14",
        "Looks at sealed bodies, and exports",
        columns(Accessed),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [one.entry for one in lines], [complete], [], missing),
    )


def a15_health(
    engine: Engine, given: Given, opener: Opener | None, told_size: int | None = None
) -> Answer[Health]:
    """Checkpoint, witnesses, streams, erasures, holds. told_size: how many entries the store says it has."""
    standing = engine.standing
    size = size_of(engine, given)
    assurance = standing.assurance
    lines = [Health("entries under the checkpoint", str(engine.size), "said")]
    if engine.size:
        last = parse_entry(standing.prove(engine.size - 1).entry).time_ms
        lines.append(Health("last entry", render_time(last), "said"))
    tail = engine.index.told_size() - engine.size
    lines.append(Health("entries without a checkpoint", str(tail), "good" if tail < _LONG_TAIL else "look"))
    is_from_outside = engine.trusted == "outside"
    for one in assurance.ranges:
        told = str(one) if is_from_outside else f"entries {one.start} to {one.stop - 1}: self-attested"
        lines.append(Health("rests on", told, "good" if is_from_outside and one.state.is_green else "look"))
        if not is_from_outside and one.vouches:
            names = ", ".join([f"{vouch.name} of {vouch.administrator}" for vouch in one.vouches])
            lines.append(Health("says of itself that it was seen by", names, "said"))
    lines += [Health("remark", remark, "look") for remark in assurance.remarks]
    lines.append(_last_verification(engine, given, size, opener))
    lines.append(Health("streams, each to its end", str(len(engine.ends())), "good"))
    for name, verdict in (
        ("erasure", "said"),
        ("hold", "said"),
        ("access", "said"),
        ("break-glass", "look"),
        ("key", "said"),
    ):
        end = engine.stream_end(name, size)
        lines.append(Health(f"entries of {name}", str(end), verdict if end else "good"))
    return Answer(
        "a15",
        "Health of the trail",
        columns(Health),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            (),
            (),
            [
                "the tiles are those of the checkpoint, a believed key signed it, and every stream leads to its end"
            ],
            [
                "entries were not looked at one by one: `lockgate audit verify` does that; when it last was is told by whoever had it recorded (`--record`), and is no proof that they did",
            ],
        ),
    )
