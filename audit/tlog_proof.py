"""Proofs that fit in a file (`c2sp.org/tlog-proof@v1`): index, inclusion proof and the signed checkpoint it leads to.

The text is the header, an optional `extra` line, `index N`, one base64 hash a line, a blank line and the checkpoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.checkpoint import SignedCheckpoint, open_checkpoint, parse_size
from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import HASH_SIZE, leaf_hash, verify_inclusion
from lockgate.audit.note import MAX_NOTE, VerifierKey, decode_base64, encode_base64

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    """`hashes` from the leaf upwards; `checkpoint` as a note's bytes; `extra` is data of the application's own."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""


def render_tlog_proof(proof: TlogProof) -> bytes:
    """The bytes of a proof."""
    lines = [HEADER]
    if proof.extra:
        lines.append(f"extra {encode_base64(proof.extra)}")
    lines.append(f"index {proof.index}")
    lines += [encode_base64(one) for one in proof.hashes]
    return "".join([f"{line}\n" for line in lines]).encode() + b"\n" + proof.checkpoint


def parse_tlog_proof(data: bytes) -> TlogProof:
    """A proof from its bytes. Raises FormatError."""
    if len(data) > MAX_NOTE:
        raise FormatError("a tlog-proof is not that long")
    head, separator, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise FormatError("the head of a tlog-proof is ASCII") from None
    if not separator or lines.pop(0) != HEADER or not lines:
        raise FormatError(f"a tlog-proof begins with {HEADER}, has an index, and ends with a checkpoint")
    extra = b""
    if lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), "the extra data of the proof")
        if not extra:
            raise FormatError("a tlog-proof without extra data has no line for it")
    if not lines or not lines[0].startswith("index "):
        raise FormatError("a tlog-proof names its index")
    index = parse_size(lines.pop(0).removeprefix("index "), "the index of the proof")
    if len(lines) > MAX_HASHES:
        raise FormatError(f"a tlog-proof has at most {MAX_HASHES} hashes")
    hashes = tuple([decode_base64(line, "a hash of the proof") for line in lines])
    if any(len(one) != HASH_SIZE for one in hashes):
        raise FormatError(f"a hash of the proof is not of {HASH_SIZE} bytes")
    return TlogProof(index, hashes, checkpoint, extra)


def verify_tlog_proof(
    proof: TlogProof, entry: bytes, origin: str, keys: Sequence[VerifierKey]
) -> SignedCheckpoint:
    """Checks that an entry is in the log of this origin, under a checkpoint that one of its keys signed.

    Returns the checkpoint, whose cosignatures are the caller's to judge. Raises FormatError or VerificationError.
    """
    signed = open_checkpoint(proof.checkpoint, origin, keys)
    checkpoint = signed.checkpoint
    verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return signed
