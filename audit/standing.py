"""Where a log stands without a walk over all of it: its latest checkpoint, what it rests on, and proofs under it.

Single entries are proven against the checkpoint. That nothing is wrong elsewhere is what `verify/` looks at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from lockgate.audit.checkpoint import Checkpoint, parse_checkpoint
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.key_following import FollowedKeys, follow, is_by, notes_below, reach_of, told_spans
from lockgate.audit.key_history import is_allowed
from lockgate.audit.merkle import (
    Hash,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from lockgate.audit.note import Note, VerifierKey, parse_note, verify_note
from lockgate.audit.reader import TrailReader
from lockgate.audit.tiles import TILE_WIDTH, TileHashes
from lockgate.audit.tlog_proof import TlogProof
from lockgate.audit.trust import AnchoredNote, Assurance, Trust, assess

# As many entries between two that are wanted are read with them: a query takes longer.
_GAP: Final = 16


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry's bytes, and the proof that the checkpoint covers it."""

    index: int
    entry: bytes
    proof: TlogProof


class Standing:
    """A log as of its latest checkpoint. `keys`: the trusted ones, or those that follow from them; one of them signed it."""

    __slots__ = ("_hashes", "_proven", "_reader", "assurance", "checkpoint", "keys", "note")

    def __init__(
        self, reader: TrailReader, trust: Trust, anchored: Sequence[AnchoredNote], now_ms: int
    ) -> None:
        """Raises VerificationError where tiles, checkpoints and cosignatures disagree; UnverifiableError without any."""
        note = reader.checkpoint()
        if note is None:
            raise UnverifiableError("the log has no checkpoint yet")
        self.note = note
        parsed = parse_note(note)
        self.checkpoint: Checkpoint = parse_checkpoint(parsed.text)
        size, origin = self.checkpoint.size, self.checkpoint.origin
        if origin != trust.origin:
            raise VerificationError(f"the checkpoint is of the log {origin!r}, not {trust.origin!r}")
        self._reader = reader
        # Tiles of which an entry was proven.
        self._proven: set[int] = set()
        self._hashes = TileHashes(size, reader.tile)
        if tree_root(size, self._hashes) != self.checkpoint.root:
            raise VerificationError("the tiles are not those of the checkpoint", where=f"size {size}")
        followed = self._follow(trust, parsed)
        self.keys: tuple[VerifierKey, ...] = followed.keys
        if all(trust.is_revoked(key, size) for key in followed.signers(parsed, size)):
            raise VerificationError(
                "the latest checkpoint is signed by a key that was revoked",
                where=f"size {size}",
                hint="an export that was made before still proves its entries",
            )
        notes = chain([note], reader.recent_checkpoints())
        self.assurance: Assurance = assess(
            replace(trust, log_keys=self.keys), size, self.root_at, notes, anchored, now_ms // 1000
        )

    def _follow(self, trust: Trust, latest: Note) -> FollowedKeys:
        """The keys that are believed: the log's rotations are followed, as far as they are told of, up to the latest."""
        size, reader = self.checkpoint.size, self._reader
        spans = told_spans(trust.origin, size, reader.key_entries(), lambda index: self.prove(index).entry)

        def may_sign(key: VerifierKey, size: int) -> bool:
            return is_allowed(spans, key, size) and not trust.is_revoked(key, size)

        # A log's keys bear its name: who signs for another log has no say in this one.
        given = tuple([key for key in trust.log_keys if key.name == trust.origin])
        if any(is_by(latest, key) for key in given) and any(
            may_sign(key, size) for key in verify_note(latest, given)
        ):
            # As it is most of the time: no other checkpoint has to be looked at.
            return follow(spans, given, lambda _: size)

        def reach(key: VerifierKey) -> int:
            kept = notes_below(chain([self.note], reader.recent_checkpoints()), trust.origin, size)
            good = ((note, one) for note, one in kept if may_sign(key, one.size))
            return reach_of(key, good, spans, self.root_at)

        return follow(spans, given, reach)

    def root_at(self, size: int) -> Hash:
        """The root of the first entries, proven to be continued by the checkpoint."""
        root = tree_root(size, self._hashes)
        if 0 < size < self.checkpoint.size:
            proof = consistency_proof(size, self.checkpoint.size, self._hashes)
            verify_consistency(size, root, self.checkpoint.size, self.checkpoint.root, proof)
        return root

    def consistency(self, size: int) -> tuple[Hash, ...]:
        """The proof that the checkpoint continues the log's first `size` entries, verified; none where there is nothing to show."""
        if not 0 < size < self.checkpoint.size:
            return ()
        self.root_at(size)
        return tuple(consistency_proof(size, self.checkpoint.size, self._hashes))

    def proven(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` to below `stop`, each proven: one inclusion proof is made of all hashes of a tile, and holds for each.

        Raises VerificationError.
        """
        index = start
        for entry in self._reader.entries(start, stop):
            if index == start or index % TILE_WIDTH == 0:
                self.prove(index)
            if leaf_hash(entry) != self._hashes(0, index):
                raise VerificationError("the entry is not the one that was signed", where=f"entry {index}")
            yield entry
            index += 1
        if index < min(stop, self.checkpoint.size):
            raise VerificationError("the entry is missing", where=f"entry {index}")

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
            raise _other(index) from None
        return ProvenEntry(index, entry, TlogProof(index, tuple(path), self.note))

    def entries(self, indices: Sequence[int]) -> Iterator[bytes]:
        """Entries that the checkpoint covers, verified, without proofs to hand on. Raises as `prove` does.

        The path of one entry has all other hashes of its tile in it. So one proof for each tile shows that its hashes were signed, and
        the other entries are compared with them.
        """
        for start, stop, wanted in _runs(indices):
            if not 0 <= start < stop <= self.checkpoint.size:
                raise TrailError(
                    f"there is no entry {stop - 1}: the latest checkpoint covers {self.checkpoint.size}"
                )
            found = iter(self._reader.entries(start, stop))
            for index in range(start, stop):
                entry = next(found, None)
                if index not in wanted:
                    continue
                if entry is None:
                    raise VerificationError("the entry is missing", where=f"entry {index}")
                tile = index // TILE_WIDTH
                if tile not in self._proven:
                    # The path has the hashes beside this one, and not its own.
                    if leaf_hash(self.prove(index).entry) != self._hashes(0, index):
                        raise _other(index)
                    self._proven.add(tile)
                if leaf_hash(entry) != self._hashes(0, index):
                    raise _other(index)
                yield entry


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Start, end and wanted ones of what is read at once: ascending indices that are not far from each other."""
    run: list[int] = []
    for index in indices:
        if run and not run[-1] < index <= run[-1] + _GAP:
            yield run[0], run[-1] + 1, frozenset(run)
            run = []
        run.append(index)
    if run:
        yield run[0], run[-1] + 1, frozenset(run)


def _other(index: int) -> VerificationError:
    return VerificationError(
        "the entry is not the one that was signed",
        where=f"entry {index}",
        hint="`lockgate audit verify` tells what else was changed",
    )
