"""What goes over the wire between a log and a witness (C2SP tlog-witness v1.0.0, "add-checkpoint")."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.checkpoint import parse_size
from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import HASH_SIZE
from lockgate.audit.note import MAX_SIGNATURES, Signature, decode_base64, encode_base64, parse_signature

# The specification's own limit; a proof is as long as the tree is high, at most twice.
MAX_PROOF: Final = 63
# 63 hashes are 3 KB; a checkpoint with a few ML-DSA-44 cosignatures is 20 KB.
MAX_REQUEST: Final = 64 * 1024
MAX_ANSWER: Final = 64 * 1024
SIZE_TYPE: Final = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A log's request: its checkpoint (a note's bytes), and the proof (hashes of 32 bytes) from `old_size` to it."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def render_add_checkpoint(request: AddCheckpoint) -> bytes:
    """The body of a request."""
    lines = [f"old {request.old_size}\n", *[f"{encode_base64(one)}\n" for one in request.proof], "\n"]
    return "".join(lines).encode("ascii") + request.note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """A request from its body; the note is not looked into. Raises FormatError."""
    if len(body) > MAX_REQUEST:
        raise FormatError(f"a request to a witness has at most {MAX_REQUEST} bytes")
    head, separator, note = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise FormatError("the head of a request to a witness is ASCII") from None
    if not separator or not first.startswith("old "):
        raise FormatError("a request to a witness is an old size, a proof, a blank line and a checkpoint")
    old_size = parse_size(first.removeprefix("old "), "the old size")
    if len(lines) > MAX_PROOF:
        raise FormatError(f"a consistency proof has at most {MAX_PROOF} hashes")
    proof = tuple([decode_base64(line, "a hash of the consistency proof") for line in lines])
    if any(len(one) != HASH_SIZE for one in proof):
        raise FormatError(f"a hash of the consistency proof is not of {HASH_SIZE} bytes")
    return AddCheckpoint(old_size, proof, note)


def render_size(size: int) -> bytes:
    """The body of the answer 409: the size that the witness holds."""
    return f"{size}\n".encode("ascii")


def parse_size_answer(body: bytes) -> int:
    """The size in an answer 409. Raises FormatError."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        raise FormatError("a witness's size is ASCII") from None
    if not text.endswith("\n"):
        raise FormatError("a witness's size ends with a newline")
    return parse_size(text[:-1], "the size that the witness holds")


def render_signature_lines(signatures: Sequence[Signature]) -> bytes:
    """The body of the answer 200: a line for each cosignature."""
    return "".join([f"{one}\n" for one in signatures]).encode()


def parse_signature_lines(body: bytes) -> tuple[Signature, ...]:
    """The lines of an answer 200, of whatever keys. Raises FormatError."""
    try:
        *lines, last = body.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise FormatError("a witness's answer is UTF-8") from None
    if last or not 0 < len(lines) <= MAX_SIGNATURES:
        raise FormatError(f"a witness answers with 1 to {MAX_SIGNATURES} lines that end with newlines")
    return tuple([parse_signature(line) for line in lines])
