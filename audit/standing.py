"""Where a log stands without a walk over all of it: its latest checkpoint, what it rests on, and proofs under it.

Single entries are proven against the checkpoint. That nothing is wrong elsewhere is what `verify/` looks at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from lockgate.audit.checkpoint import Checkpoint, open_checkpoint
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.merkle import (
    Hash,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from lockgate.audit.reader import TrailReader
from lockgate.audit.tiles import TileHashes
from lockgate.audit.tlog_proof import TlogProof
from lockgate.audit.trust import AnchoredNote, Assurance, Trust, assess


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry's bytes, and the proof that the checkpoint covers it."""

    index: int
    entry: bytes
    proof: TlogProof


class Standing:
    """A log as of its latest checkpoint, which one of the trusted keys signed."""

    __slots__ = ("_hashes", "_reader", "assurance", "checkpoint", "note")

    def __init__(
        self, reader: TrailReader, trust: Trust, anchored: Sequence[AnchoredNote], now_ms: int
    ) -> None:
        """Raises VerificationError where tiles, checkpoints and cosignatures disagree; UnverifiableError without any."""
        note = reader.checkpoint()
        if note is None:
            raise UnverifiableError("the log has no checkpoint yet")
        self.note = note
        signed = open_checkpoint(note, trust.origin, trust.log_keys)
        self.checkpoint: Checkpoint = signed.checkpoint
        if all(trust.is_revoked(key, self.checkpoint.size) for key in signed.keys):
            raise VerificationError(
                "the latest checkpoint is signed by a key that was revoked",
                where=f"size {self.checkpoint.size}",
                hint="an export that was made before still proves its entries",
            )
        self._reader = reader
        self._hashes = TileHashes(self.checkpoint.size, reader.tile)
        if tree_root(self.checkpoint.size, self._hashes) != self.checkpoint.root:
            raise VerificationError(
                "the tiles are not those of the checkpoint", where=f"size {self.checkpoint.size}"
            )
        notes = chain([note], reader.recent_checkpoints())
        self.assurance: Assurance = assess(
            trust, self.checkpoint.size, self._root_at, notes, anchored, now_ms // 1000
        )

    def _root_at(self, size: int) -> Hash:
        """The root of the first entries, proven to be continued by the checkpoint."""
        root = tree_root(size, self._hashes)
        if 0 < size < self.checkpoint.size:
            proof = consistency_proof(size, self.checkpoint.size, self._hashes)
            verify_consistency(size, root, self.checkpoint.size, self.checkpoint.root, proof)
        return root

    def prove(self, index: int) -> ProvenEntry:
        """An entry with its proof, verified. Raises VerificationError, or TrailError when there is none."""
        size = self.checkpoint.size
        if not 0 <= index < size:
            raise TrailError(f"there is no entry {index}: the latest checkpoint covers {size}")
        entry = next(iter(self._reader.entries(index, index + 1)), None)
        if entry is None:
            raise VerificationError("the entry is missing", where=f"entry {index}")
        path = inclusion_proof(index, size, self._hashes)
        try:
            verify_inclusion(leaf_hash(entry), index, size, path, self.checkpoint.root)
        except VerificationError:
            raise VerificationError(
                "the entry is not the one that was signed",
                where=f"entry {index}",
                hint="`lockgate audit verify` tells what else was changed",
            ) from None
        return ProvenEntry(index, entry, TlogProof(index, tuple(path), self.note))
