"""Asking an anchor how far it has seen a log, without moving it on: before a database that may be old is used again."""

from dataclasses import dataclass

from lockgate.audit.anchors.anchor import Anchor, AnchoredLog
from lockgate.audit.anchors.synchronise import forked
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.errors import UnverifiableError
from lockgate.audit.merkle import tree_root
from lockgate.audit.note import VerifierKey, encode_base64
from lockgate.audit.tiles import TileHashes
from lockgate.audit.witness.errors import ForkError, StaleError


@dataclass(frozen=True, slots=True)
class Seen:
    """How far somebody saw a log; root and note (a checkpoint) where it shows them."""

    name: str
    size: int
    root: bytes | None
    note: bytes | None


def compare_note(name: str, note: bytes, log: AnchoredLog, keys: tuple[VerifierKey, ...]) -> Seen:
    """What a kept note says. Raises ForkError when the log's own history of that size is another."""
    held = open_checkpoint(note, log.origin, keys).checkpoint
    size = log.head().size
    if held.size <= size and tree_root(held.size, TileHashes(size, log.tile)) != held.root:
        raise ForkError(
            f"it saw another tree of size {held.size}, root {encode_base64(held.root)}", where=name
        )
    return Seen(name, held.size, held.root, note)


def ask(anchor: Anchor, log: AnchoredLog, keys: tuple[VerifierKey, ...]) -> Seen:
    """How far an anchor saw the log.

    Raises BehindAnchorError when it saw another history, and UnreachableError or RefusedError.
    """
    note = log.checkpoint()
    if note is None:
        raise UnverifiableError("the log has no checkpoint")
    ours = open_checkpoint(note, log.origin, keys).checkpoint
    kept = anchor.last()
    try:
        if kept is not None:
            return compare_note(f"anchor {anchor.name}", kept, log, keys)
        # A witness tells its size when it is asked to step from another.
        anchor.advance(ours.size, (), note)
    except StaleError as stale:
        return Seen(f"anchor {anchor.name}", stale.size, None, None)
    except ForkError as error:
        raise forked(anchor, ours.size, ours, error) from None
    return Seen(f"anchor {anchor.name}", ours.size, ours.root, note)
