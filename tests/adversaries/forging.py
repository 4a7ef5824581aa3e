"""Forgers: each changes what a log says, recomputes everything that it can, and signs if it has the key."""

import random
from collections.abc import Callable, Sequence

from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.note import Note, parse_note, render_note
from lockgate.audit.signing import NoteSigner, sign_note

from tests.adversaries.memory import MemoryTrail, parsed, relink, sizes

Edit = Callable[[MemoryTrail, random.Random, int], str]

OUTCOMES = ("allow", "deny", "warn", "error")


def _pick(chance: random.Random, below: int) -> int:
    """An entry that is not the opening."""
    return chance.randrange(1, max(2, below))


def _set(trail: MemoryTrail, index: int, **fields: Json) -> None:
    trail.data[index] = canonical_bytes({**parsed(trail.data[index]), **fields})


def outcome(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index = _pick(chance, below)
    value = parsed(trail.data[index])
    if value["kind"] != "decision":
        return ""
    other = chance.choice([one for one in OUTCOMES if one != value["outcome"]])
    _set(trail, index, outcome=other)
    return f"outcome of {index}"


def field(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index = _pick(chance, below)
    value = parsed(trail.data[index])
    name = chance.choice(["model", "environment", "resource", "operation", "evaluator"])
    if name not in value:
        return ""
    _set(trail, index, **{name: f"{value[name]}x"})
    return f"{name} of {index}"


def commitment(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index, other = _pick(chance, below), _pick(chance, below)
    one, two = parsed(trail.data[index]), parsed(trail.data[other])
    if "commitments" not in one or "commitments" not in two or one["commitments"] == two["commitments"]:
        return ""
    _set(trail, index, commitments=two["commitments"])
    return f"commitments of {index} from {other}"


def time(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index = _pick(chance, below)
    text = str(parsed(trail.data[index])["time"])
    digit = str((int(text[-2]) + 1) % 10)
    _set(trail, index, time=f"{text[:-2]}{digit}Z")
    return f"time of {index}"


def delete(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index = _pick(chance, below)
    if index >= len(trail.data):
        return ""
    del trail.data[index]
    trail.sealed = {at - (at > index): data for at, data in trail.sealed.items() if at != index}
    return f"{index} deleted"


def insert(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index, other = _pick(chance, below), _pick(chance, below)
    value = parsed(trail.data[other])
    value.pop("idempotency", None)
    trail.data.insert(index, canonical_bytes(value))
    sealed = trail.sealed.get(other)
    trail.sealed = {at + (at >= index): data for at, data in trail.sealed.items()}
    if sealed is not None:
        trail.sealed[index] = sealed
    return f"{other} once more at {index}"


def swap(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    one, two = _pick(chance, below), _pick(chance, below)
    if one == two or max(one, two) >= len(trail.data):
        return ""
    trail.data[one], trail.data[two] = trail.data[two], trail.data[one]
    first, second = trail.sealed.pop(one, None), trail.sealed.pop(two, None)
    if first is not None:
        trail.sealed[two] = first
    if second is not None:
        trail.sealed[one] = second
    return f"{one} and {two} swapped"


def body(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    some = [index for index in trail.sealed if index < below]
    if not some:
        return ""
    index = chance.choice(some)
    data = bytearray(trail.sealed[index])
    data[chance.randrange(len(data))] ^= 1
    trail.sealed[index] = bytes(data)
    return f"body of {index}"


def erase(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    some = [index for index in trail.sealed if index < below]
    if not some:
        return ""
    index = chance.choice(some)
    del trail.sealed[index]
    if chance.random() < 0.5:
        # With a record of its erasure in the place of another entry's.
        at = _pick(chance, below)
        if at > index:
            value = parsed(trail.data[at])
            made: dict[str, Json] = {
                name: value[name] for name in ("v", "time", "streams", "clockAnomaly") if name in value
            }
            made |= {"kind": "erasure", "scope": "entry", "entries": 1, "index": index, "reason": "gone"}
            trail.data[at] = canonical_bytes(made)
            trail.sealed.pop(at, None)
    return f"body of {index} erased"


def truncate(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    size = _pick(chance, below)
    if size >= len(trail.data):
        return ""
    del trail.data[size:]
    trail.sealed = {at: data for at, data in trail.sealed.items() if at < size}
    return f"cut to {size}"


def stream(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    index = _pick(chance, below)
    value = parsed(trail.data[index])
    links = value["streams"]
    if not isinstance(links, list) or not links:
        return ""
    if chance.random() < 0.5:
        del links[chance.randrange(len(links))]
    else:
        link = chance.choice(links)
        assert isinstance(link, dict)
        link["k"] = f"{link['k']}x"
    _set(trail, index, streams=links)
    return f"streams of {index}"


EDITS: Sequence[Edit] = (
    outcome,
    field,
    commitment,
    time,
    delete,
    insert,
    swap,
    body,
    erase,
    truncate,
    stream,
)


def edit(trail: MemoryTrail, chance: random.Random, below: int) -> str:
    """One to three edits among the entries below an index; what they were."""
    made: list[str] = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        if len(trail.data) > 2:
            made += [chance.choice(EDITS)(trail, chance, min(below, len(trail.data)))]
    return ", ".join([one for one in made if one])


def forge_without_key(
    honest: MemoryTrail, chance: random.Random, other: NoteSigner
) -> tuple[MemoryTrail, str]:
    """Everything recomputed, under a signature that it has or can make with a key of its own."""
    trail = honest.copy()
    told = edit(trail, chance, len(trail.data))
    if not told:
        return trail, ""
    if chance.random() < 0.9:
        relink(trail)
    text = render_checkpoint(Checkpoint(trail.origin, len(trail.data), trail.tree().root()))
    latest = parse_note(honest.notes[-1])
    kind = chance.randrange(5)
    if kind == 0:
        told += ", old checkpoints"
    elif kind == 1:
        trail.notes = [render_note(Note(text, latest.signatures))]
        told += ", the old signature under the new text"
    elif kind == 2:
        trail.notes = [render_note(sign_note(text, other))]
        told += ", a key of its own"
    elif kind == 3:
        signatures = (*sign_note(text, other).signatures, *latest.signatures)
        trail.notes = [render_note(Note(text, signatures))]
        told += ", both signatures"
    else:
        trail.notes = [
            note for note, size in zip(trail.notes, sizes(trail), strict=True) if size <= len(trail.data)
        ]
        told += ", checkpoints that fit"
    return trail, told


def forge_with_key(
    honest: MemoryTrail, chance: random.Random, signer: NoteSigner, below: int
) -> tuple[MemoryTrail, str]:
    """History before an index rewritten, everything recomputed and signed again, also the earlier checkpoints."""
    trail = honest.copy()
    told = edit(trail, chance, below)
    relink(trail)
    kept = sorted({min(size, len(trail.data)) for size in (*sizes(trail), len(trail.data))})
    trail.notes = [
        render_note(
            sign_note(render_checkpoint(Checkpoint(trail.origin, size, trail.tree(size).root())), signer)
        )
        for size in kept
        if size
    ]
    return trail, told


def is_prefix(trail: MemoryTrail, honest: MemoryTrail) -> bool:
    """Whether a log is the honest one, or what it was at an earlier time: nobody has changed that."""
    size = len(trail.data)
    return (
        trail.data == honest.data[:size]
        and trail.sealed == {at: data for at, data in honest.sealed.items() if at < size}
        and set(trail.notes) <= set(honest.notes)
    )


def same_entries(trail: MemoryTrail, honest: MemoryTrail, below: int) -> bool:
    """Whether the entries below an index are the honest ones, with their bodies."""
    return [leaf_hash(one) for one in trail.data[:below]] == [
        leaf_hash(one) for one in honest.data[:below]
    ] and {at: one for at, one in trail.sealed.items() if at < below} == {
        at: one for at, one in honest.sealed.items() if at < below
    }
