"""Following a log's rotations without a walk over all of it: from the keys that are given to those that entries name.

The keeper tells where the entries of kind `key` are; each is proven under the checkpoint, and believed when a key that
is believed already signed a checkpoint above it. Only a whole verification shows that the keeper told of all of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.key_history import KeySpan, believed_keys, is_allowed, key_spans
from lockgate.audit.merkle import Hash
from lockgate.audit.note import Note, VerifierKey, parse_note, verify_note

# Of all uses; a rotation a day for a quarter of a century.
MAX_KEY_ENTRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class FollowedKeys:
    """The keys that are believed, the given ones first, and from where to where the log names each."""

    keys: tuple[VerifierKey, ...]
    spans: tuple[KeySpan, ...]

    def signers(self, note: Note, size: int) -> tuple[VerifierKey, ...]:
        """The believed keys that signed a checkpoint of this size, and may have. Raises VerificationError without any."""
        signed = verify_note(note, self.keys)
        allowed = tuple([key for key in signed if is_allowed(self.spans, key, size)])
        if not allowed:
            raise VerificationError(
                "the checkpoint is signed by a key that the log had given up, or did not have yet",
                where=f"size {size}",
            )
        return allowed


def is_by(note: Note, key: VerifierKey) -> bool:
    """Whether a line of a note says to be this key's."""
    return any((one.name, one.key_id) == (key.name, key.key_id) for one in note.signatures)


def reach_of(
    key: VerifierKey,
    kept: Iterable[tuple[Note, Checkpoint]],
    spans: Sequence[KeySpan],
    root_at: Callable[[int], Hash | None],
) -> int:
    """The largest size of a checkpoint (the largest come first) that a key signed over this tree, and might sign; or 0."""
    for note, checkpoint in kept:
        if not is_by(note, key) or not is_allowed(spans, key, checkpoint.size):
            continue
        try:
            verify_note(note, (key,))
        except VerificationError:
            continue
        if root_at(checkpoint.size) == checkpoint.root:
            return checkpoint.size
    return 0


def follow(
    spans: tuple[KeySpan, ...], given: Sequence[VerifierKey], reach: Callable[[VerifierKey], int]
) -> FollowedKeys:
    """The given keys, and those of the spans that follow from them."""
    believed = believed_keys(spans, given, reach)
    named = [span.key for span in spans if span.key in believed and span.key not in given]
    return FollowedKeys((*given, *named), spans)


def told_spans(
    origin: str, size: int, places: Iterable[int], entry_at: Callable[[int], bytes]
) -> tuple[KeySpan, ...]:
    """The keys of a log of `size` entries whose `key` entries are at these places. entry_at: an entry, proven.

    Raises FormatError for a history that no log makes.
    """
    events: list[tuple[int, Mapping[str, Json]]] = []
    for index in sorted({place for place in places if place < size}):
        entry = parse_entry(entry_at(index))
        if entry.kind == "key":
            events.append((index, entry.value))
        if len(events) > MAX_KEY_ENTRIES:
            raise FormatError(f"the log names more than {MAX_KEY_ENTRIES} keys")
    vkey = parse_entry(entry_at(0)).value.get("vkey")
    if not isinstance(vkey, str):
        raise FormatError("the log's first entry names no key")
    return key_spans(origin, vkey, events)


def notes_below(notes: Iterable[bytes], origin: str, size: int) -> Iterable[tuple[Note, Checkpoint]]:
    """The checkpoints of a log up to a size; what is none is left out: it vouches for nothing."""
    for data in notes:
        try:
            note = parse_note(data)
            checkpoint = parse_checkpoint(note.text)
        except TrailError:
            continue
        if checkpoint.origin == origin and checkpoint.size <= size:
            yield note, checkpoint
