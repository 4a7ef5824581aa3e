"""Proofs that come alone, in a file: that an entry is in a log, or how many entries a stream has.

A file of the first kind is a tlog-proof whose `extra` is the entry; one without needs the entry's bytes beside it. What
is shown holds up to the size of the checkpoint in it, on the word of who signed and cosigned that.
"""

from dataclasses import dataclass

from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.completeness import StreamProof, check_heads, parse_stream_proof
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.key_following import is_by
from lockgate.audit.merkle import Hash, leaf_hash, verify_inclusion
from lockgate.audit.note import VerifierKey, parse_note, verify_note
from lockgate.audit.tlog_proof import HEADER, TlogProof, parse_tlog_proof
from lockgate.audit.trust import Assurance, Trust, assess


class NoProofError(TrailError):
    """A file does not look like a proof at all."""


class NoEntryError(TrailError):
    """A proof does not have with it what it is about."""


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """Entry `index` is in the log, with these bytes."""

    index: int
    leaf: Hash
    entry: Entry


@dataclass(frozen=True, slots=True)
class ShownStream:
    """The stream has `count` entries among the first `size` of the log; `leaf`: of the last, None where it has none."""

    name: str
    count: int
    size: int
    leaf: Hash | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof shows, up to which checkpoint, and on whose word; nobody's where no key was given from outside."""

    what: ShownEntry | ShownStream
    checkpoint: Checkpoint
    signers: tuple[VerifierKey, ...]
    assurance: Assurance | None


def parse_proof(data: bytes) -> TlogProof | StreamProof:
    """A proof from its file. Raises NoProofError for another file, VerificationError for one that was changed."""
    try:
        if data.startswith(HEADER.encode()):
            return parse_tlog_proof(data)
        if data.startswith(b"{"):
            return parse_stream_proof(data)
    except FormatError as error:
        raise VerificationError(error.message, where="proof") from None
    raise NoProofError("that is no proof of an entry or of a stream", hint=f"the first begins with {HEADER}")


def verify_proof(proof: TlogProof | StreamProof, entry: bytes, trust: Trust | None, now_ms: int) -> Shown:
    """Checks a proof on its own. entry: bytes that are known from elsewhere, or none.

    trust: keys from outside; without it whatever fits together is shown on nobody's word. Raises NoEntryError, or
    VerificationError for anything that does not fit.
    """
    try:
        return _verified(proof, entry, trust, now_ms)
    except FormatError as error:
        raise VerificationError(error.message, where="proof") from None


def _verified(proof: TlogProof | StreamProof, entry: bytes, trust: Trust | None, now_ms: int) -> Shown:
    leading = proof if isinstance(proof, TlogProof) else parse_tlog_proof(proof.proof)
    data = _entry_of(proof, leading, entry)
    note = parse_note(leading.checkpoint)
    checkpoint = parse_checkpoint(note.text)
    leaf = leaf_hash(data)
    verify_inclusion(leaf, leading.index, checkpoint.size, leading.hashes, checkpoint.root)
    if isinstance(proof, TlogProof):
        what: ShownEntry | ShownStream = ShownEntry(leading.index, leaf, parse_entry(data))
    else:
        count = check_heads(proof)
        what = ShownStream(proof.name, count, proof.size, proof.heads[0].head.leaf if count else None)
    if trust is None:
        return Shown(what, checkpoint, (), None)
    if checkpoint.origin != trust.origin:
        raise VerificationError(f"the checkpoint is of the log {checkpoint.origin!r}, not {trust.origin!r}")
    if not any(is_by(note, key) for key in trust.log_keys):
        raise VerificationError(
            "the checkpoint is not signed by a key that was given",
            where=f"size {checkpoint.size}",
            hint="give the log's key of that time, if it had another: a proof does not tell of rotations",
        )
    signers = [key for key in verify_note(note, trust.log_keys) if not trust.is_revoked(key, checkpoint.size)]
    if not signers:
        raise VerificationError(
            "the checkpoint is signed by a key that was revoked", where=f"size {checkpoint.size}"
        )
    # The one checkpoint that there is; of the tree at other sizes a proof says nothing.
    assurance = assess(
        trust, checkpoint.size, lambda _: checkpoint.root, [leading.checkpoint], (), now_ms // 1000
    )
    return Shown(what, checkpoint, tuple(signers), assurance)


def _entry_of(proof: TlogProof | StreamProof, leading: TlogProof, given: bytes) -> bytes:
    """The bytes that the proof is about."""
    told = leading.extra if isinstance(proof, TlogProof) else proof.heads_entry
    if told and given and told != given:
        raise VerificationError("the entry is not the one that the proof has with it", where="proof")
    if not told and not given:
        raise NoEntryError(
            "the proof does not have its entry with it", hint="give the entry's bytes with --entry"
        )
    return told or given
