"""A11: what stood at a time; A12: that an entry was there by then, and that the log was only continued since."""

from dataclasses import dataclass

from lockgate.audit.merkle import leaf_hash
from lockgate.audit.note import encode_base64
from lockgate.audit.query.answers.answer import Answer, Given, Opener, columns, proven, size_of
from lockgate.audit.query.answers.exceptions import a2_exemptions
from lockgate.audit.query.answers.promoted import read_promoted
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.errors import QuestionError
from lockgate.audit.times import render_time


@dataclass(frozen=True, slots=True)
class Stood:
    """Something that stood. what: `model`, `policies`, `exemption`, `key`. entry: that made it so."""

    what: str
    name: str
    value: str
    entry: int
    since: str


@dataclass(frozen=True, slots=True)
class Existed:
    """An entry that is in the log. by: who saw the log when it had the entry; at: when, "" where only now. consistency: from `seen_size`
    entries to those of the checkpoint, base64."""

    entry: int
    leaf: str
    time: str
    by: str
    at: str
    seen_size: int
    consistency: tuple[str, ...]


def a11_state(engine: Engine, given: Given, opener: Opener | None) -> Answer[Stood]:
    """Which version of each model was in which environment, which policies were in force, which exemptions and keys stood."""
    size = size_of(engine, given)
    promoted = read_promoted(engine, size)
    complete = [*promoted.complete]
    lines: list[Stood] = []
    for one in promoted.made():
        if promoted.standing(one) == "current":
            what = one.promoted
            name, value = f"{what.model} in {what.environment}", f"{what.version} {what.subject}".strip()
            lines.append(Stood("model", name, value, one.index, render_time(promoted.time_ms(one.index))))
    lines += [
        Stood("key", key.name, "enrolled", key.added, render_time(promoted.time_ms(key.added)))
        for key in promoted.history.signing_keys()
        if key.ended is None
    ]
    changes, told = engine.whole("policy-change", size)
    complete.append(told)
    if changes:
        last = changes[-1]
        lines.append(
            Stood(
                "policies",
                "in force",
                str(last.entry.value["policies"]),
                last.index,
                render_time(last.entry.time_ms),
            )
        )
    exemptions = a2_exemptions(engine, given, opener)
    complete += exemptions.proven.complete
    lines += [
        Stood("exemption", state.exemption, state.until or "active", state.entry, state.granted)
        for state in exemptions.lines
        if state.state == "active" and state.entry is not None
    ]
    missing = [
        "of several instances with policies of their own, the policies are those that one of them recorded last"
    ]
    if opener is None:
        missing.append("when exemptions end is sealed: one that expired unrecorded stands here")
    return Answer(
        "a11",
        "What stood",
        columns(Stood),
        tuple(lines),
        engine.as_of(size),
        proven(engine, [one.entry for one in lines], complete, [], missing),
    )


def a12_existed(engine: Engine, given: Given, opener: Opener | None) -> Answer[Existed]:
    """That an entry existed by a time, and that the log extends what was seen then. Raises QuestionError without an entry."""
    if given.entry is None:
        raise QuestionError("name an entry", field="entry", hint="its index in the log")
    size = size_of(engine, given)
    if given.entry >= size:
        raise QuestionError(f"the log has {size} entries as of then", field="entry")
    proven_entry = engine.standing.prove(given.entry)
    row = engine.row(given.entry)
    ranges = engine.standing.assurance.of(given.entry)
    leaf, time = encode_base64(leaf_hash(proven_entry.entry)), render_time(row.entry.time_ms)
    lines = [
        Existed(
            given.entry,
            leaf,
            time,
            f"{one.name} of {one.administrator}",
            "" if one.time is None else render_time(one.time * 1000),
            one.size,
            tuple([encode_base64(part) for part in engine.standing.consistency(one.size)]),
        )
        for one in ranges.vouches
    ]
    if not lines:
        proof = tuple([encode_base64(part) for part in engine.standing.consistency(size)])
        lines = [Existed(given.entry, leaf, time, "the log itself", "", size, proof)]
    return Answer(
        "a12",
        f"Entry {given.entry} existed, and the log was only continued since",
        columns(Existed),
        tuple(lines),
        engine.as_of(size),
        proven(
            engine,
            [given.entry],
            (),
            [
                f"entry {given.entry} is in the log of {engine.size} entries (inclusion proof)",
                "the log of the checkpoint continues each of the sizes that are told (consistency proof)",
            ],
            ["the entry's own time is the clock of the log's keeper; a witness's time is the witness's"],
        ),
    )
