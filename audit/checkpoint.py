"""Checkpoints (C2SP tlog-checkpoint v1.0.0): a log's origin, size and root, as the text of a signed note."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from lockgate.audit.note import Note, VerifierKey, decode_base64, encode_base64, parse_note, verify_note

# A witness reads extension lines too; ours have none.
MAX_EXTENSIONS: Final = 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: `size` entries under `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log's signature was verified, with its note and the log's keys that signed it."""

    checkpoint: Checkpoint
    note: Note
    keys: tuple[VerifierKey, ...]


def parse_size(text: str, what: str) -> int:
    """A decimal without sign or leading zeros, below the largest size of a tree. Raises FormatError."""
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0") or len(text) > 19:
        raise FormatError(f"{what} is a decimal number without leading zeros, not {text[:40]!r}")
    size = int(text)
    if size >= MAX_SIZE:
        raise FormatError(f"{what} {size} is larger than any log")
    return size


def render_checkpoint(checkpoint: Checkpoint) -> str:
    """The text of a checkpoint: origin, size, root, extensions, each on a line."""
    lines = (
        checkpoint.origin,
        str(checkpoint.size),
        encode_base64(checkpoint.root),
        *checkpoint.extensions,
    )
    if any("\n" in line or not line for line in lines) or len(checkpoint.extensions) > MAX_EXTENSIONS:
        raise FormatError("a line of a checkpoint is empty or has a newline, or there are too many")
    if not 0 <= checkpoint.size < MAX_SIZE or len(checkpoint.root) != HASH_SIZE:
        raise FormatError("a checkpoint has the size of a tree, and a root of 32 bytes")
    return "".join([f"{line}\n" for line in lines])


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from its text. Raises FormatError."""
    lines = text.split("\n")
    if lines.pop() != "" or len(lines) < 3 or "" in lines:
        raise FormatError("a checkpoint is an origin, a size and a root, each on a line, and none is empty")
    origin, size_text, root_text, *extensions = lines
    if len(extensions) > MAX_EXTENSIONS:
        raise FormatError(f"a checkpoint has more than {MAX_EXTENSIONS} extension lines")
    size = parse_size(size_text, "the size of a checkpoint")
    root = decode_base64(root_text, "the root of a checkpoint")
    if len(root) != HASH_SIZE:
        raise FormatError(f"the root of a checkpoint has {len(root)} bytes, not {HASH_SIZE}")
    if size == 0 and root != EMPTY_ROOT:
        raise FormatError("a checkpoint of size 0 has the root of the empty tree")
    return Checkpoint(origin, size, root, tuple(extensions))


def open_checkpoint(data: bytes, origin: str, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    """A checkpoint of this origin from a note that one of the log's keys signed.

    Raises FormatError or VerificationError.
    """
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != origin:
        raise VerificationError(f"the checkpoint is of the log {checkpoint.origin!r}, not {origin!r}")
    return SignedCheckpoint(checkpoint, note, verify_note(note, keys))
