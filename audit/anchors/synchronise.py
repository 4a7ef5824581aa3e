"""Bringing an anchor up to a log's latest checkpoint, from whatever size it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import sleep
from typing import Final

from lockgate.audit.anchors.anchor import Anchor, AnchoredLog
from lockgate.audit.checkpoint import Checkpoint, open_checkpoint
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.merkle import EMPTY_ROOT, consistency_proof
from lockgate.audit.note import Note, Signature, VerifierKey, encode_base64, parse_note, render_note
from lockgate.audit.tiles import TileHashes
from lockgate.audit.witness.errors import ForkError, StaleError

# An anchor that keeps moving is one that other replicas are moving; each of them is as good as we.
_MAX_STEPS: Final = 8
# An appender stores the checkpoint that it has signed with its next batch, or after a second without one.
_WAIT_S: Final = 0.2
_MAX_WAITS: Final = 25


class BehindAnchorError(VerificationError):
    """The database does not continue what an anchor has seen: it was rolled back, or its history was changed."""


@dataclass(frozen=True, slots=True)
class Anchored:
    """What an anchor holds after a step: the checkpoint, its note with the log's own signatures only, and the anchor's
    cosignatures over it."""

    checkpoint: Checkpoint
    note: bytes
    signatures: tuple[Signature, ...]


def _opened(log: AnchoredLog, keys: Sequence[VerifierKey]) -> tuple[bytes, Checkpoint]:
    """The log's latest checkpoint. The first one of a log is stored soon after its first entry."""
    for _ in range(_MAX_WAITS):
        note = log.checkpoint()
        if note is not None:
            return note, open_checkpoint(note, log.origin, keys).checkpoint
        if log.head().size == 0:
            break
        sleep(_WAIT_S)
    raise UnverifiableError("the log has no signed checkpoint yet", hint="append an entry first")


def _own(note: bytes, keys: Sequence[VerifierKey]) -> bytes:
    """A note without the lines of others."""
    parsed = parse_note(note)
    ids = {(key.name, key.key_id) for key in keys}
    own = [one for one in parsed.signatures if (one.name, one.key_id) in ids]
    return render_note(Note(parsed.text, tuple(own)))


def _ours(checkpoint: Checkpoint) -> str:
    return f"our latest checkpoint is of size {checkpoint.size}, root {encode_base64(checkpoint.root)}"


def _theirs(anchor: Anchor, size: int) -> str:
    """The size and, where the anchor can show it, the root that it holds."""
    try:
        note = anchor.last()
        lines = note.decode().split("\n") if note else []
    except TrailError:
        lines = []
    if len(lines) > 2 and lines[1] == str(size):
        return f"it holds size {size}, root {lines[2]}"
    return f"it holds size {size} (a witness tells no root)"


def behind(anchor: Anchor, size: int, ours: Checkpoint) -> BehindAnchorError:
    """The error for a database that is smaller than what the anchor has seen."""
    return BehindAnchorError(
        f"the database is behind its anchor: {_theirs(anchor, size)}; {_ours(ours)}",
        where=f"anchor {anchor.name}",
        hint="a backup was restored, or entries were removed. Nothing is appended: put the newer database back, or "
        "run `lockgate audit restore`, which closes this log, names what was lost and opens a successor",
    )


def forked(anchor: Anchor, size: int, ours: Checkpoint, error: ForkError) -> BehindAnchorError:
    """The error for a database that contradicts what the anchor has seen."""
    return BehindAnchorError(
        f"the database contradicts its anchor: {_theirs(anchor, size)}; {_ours(ours)}: {error.message}",
        where=f"anchor {anchor.name}",
        hint="history was changed, or a restored backup was appended to. Nothing is appended: put the database back "
        "that the anchor saw, or run `lockgate audit restore`, which closes this log and opens a successor",
    )


def _check_nothing_seen(log: AnchoredLog, anchor: Anchor, keys: Sequence[VerifierKey]) -> None:
    """An empty database is one that was emptied, if its anchor shows a checkpoint."""
    note = anchor.last()
    if note is not None:
        held = open_checkpoint(note, log.origin, keys).checkpoint
        raise behind(anchor, held.size, Checkpoint(log.origin, 0, EMPTY_ROOT))


def _caught_up(
    log: AnchoredLog, anchor: Anchor, keys: Sequence[VerifierKey], held_size: int
) -> tuple[bytes, Checkpoint]:
    """The log's latest checkpoint once it is as large as what an anchor holds.

    Another replica may have appended since we looked: what an anchor holds was committed before it was sent there, and
    its checkpoint is stored soon after.
    """
    for _ in range(_MAX_WAITS):
        size = log.head().size
        note, ours = _opened(log, keys)
        if held_size <= ours.size:
            return note, ours
        if held_size > size:
            raise behind(anchor, held_size, ours)
        sleep(_WAIT_S)
    raise TrailError(
        f"anchor {anchor.name} holds size {held_size}, and the checkpoint of that size is not in the database",
        hint="another process that appends to this log may be in trouble; otherwise try again",
    )


def synchronise(
    log: AnchoredLog,
    anchor: Anchor,
    keys: Sequence[VerifierKey],
    held_size: int | None = None,
) -> Anchored:
    """Makes the anchor hold the log's latest checkpoint. `held_size` is what it held when last asked, if known.

    Raises BehindAnchorError when the log does not continue what the anchor holds, UnverifiableError when the log has
    no checkpoint to show yet, and whatever `advance` raises.
    """
    if log.head().size == 0:
        _check_nothing_seen(log, anchor, keys)
    note, ours = _opened(log, keys)
    old_size = ours.size if held_size is None else min(held_size, ours.size)
    for _ in range(_MAX_STEPS):
        proof = consistency_proof(old_size, ours.size, TileHashes(ours.size, log.tile))
        try:
            signatures = anchor.advance(old_size, proof, note)
            return Anchored(ours, _own(note, keys), signatures)
        except StaleError as stale:
            old_size = stale.size
        except ForkError as error:
            raise forked(anchor, old_size, ours, error) from None
        if old_size > ours.size:
            note, ours = _caught_up(log, anchor, keys, old_size)
    raise TrailError(
        f"anchor {anchor.name}: it moved {_MAX_STEPS} times while we were asking", hint="try again"
    )
