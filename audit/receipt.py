"""What an append gives: an entry's place in the log, with the proof that a signed checkpoint covers it."""

from dataclasses import dataclass

from lockgate.audit.merkle import Hash
from lockgate.audit.tlog_proof import TlogProof, render_tlog_proof
from lockgate.engine.record import light_record


@light_record
class Place:
    """Where an entry is in the log, durably and under a signed checkpoint; its proof was not asked for."""

    index: int
    leaf_hash: Hash
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry is in the log: its index and bytes, and the proof that a signed checkpoint covers it."""

    index: int
    leaf_hash: Hash
    entry: bytes
    size: int
    proof: tuple[Hash, ...]
    checkpoint: bytes
    repeated: bool = False

    def render(self) -> bytes:
        """As a tlog-proof."""
        return render_tlog_proof(TlogProof(self.index, self.proof, self.checkpoint))
