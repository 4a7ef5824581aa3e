"""A log in memory over the pure core, for tests of what remembers logs: it grows, and can be told to lie."""

import random
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.cosignature import CosignatureSigner
from lockgate.audit.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root_from_hashes, tree_root
from lockgate.audit.note import Signature, VerifierKey, render_note
from lockgate.audit.reader import Head
from lockgate.audit.signing import Ed25519Signer, sign_note
from lockgate.audit.tiles import Tile, TileHashes


def private_key(seed: int) -> Ed25519PrivateKey:
    """A key for tests; the same seed gives the same key."""
    return Ed25519PrivateKey.from_private_bytes(random.Random(seed).randbytes(32))


def witness_signer(name: str, seed: int = 900) -> CosignatureSigner:
    return CosignatureSigner(name, private_key(seed))


class GrowingLog:
    """Entries, their tree and signed checkpoints. `fork(at)` is another log with the same first `at` entries."""

    def __init__(self, origin: str = "example.com/log", seed: int = 1, leaves: Sequence[bytes] = ()) -> None:
        self.origin = origin
        self.signer = Ed25519Signer(origin, private_key(seed))
        self.leaves = list(leaves)
        self.lines: dict[int, list[Signature]] = {}
        self._signed: int | None = None

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        return (self.signer.verifier_key,)

    def grow(self, count: int, flavour: str = "") -> "GrowingLog":
        start = len(self.leaves)
        self.leaves += [leaf_hash(f"{flavour}{place}".encode()) for place in range(start, start + count)]
        return self

    def fork(self, at: int) -> "GrowingLog":
        made = GrowingLog(self.origin, leaves=self.leaves[:at])
        made.signer = self.signer
        return made

    def sign_up_to(self, size: int | None) -> None:
        """Makes `checkpoint` stay at a size; None lets it follow the log again."""
        self._signed = size

    def size(self) -> int:
        return len(self.leaves)

    def head(self) -> Head:
        return Head(len(self.leaves), self.root(len(self.leaves)), 0)

    def root(self, size: int) -> bytes:
        return tree_root(size, TileHashes(size, self.tile)) if size else EMPTY_ROOT

    def note(self, size: int | None = None, extensions: tuple[str, ...] = ()) -> bytes:
        size = len(self.leaves) if size is None else size
        text = render_checkpoint(Checkpoint(self.origin, size, self.root(size), extensions))
        note = sign_note(text, self.signer)
        lines = self.lines.get(size, [])
        return render_note(type(note)(note.text, (*note.signatures, *lines)))

    def text(self, size: int | None = None) -> str:
        return self.note(size).decode().split("\n\n")[0] + "\n"

    def proof(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        new = len(self.leaves) if new is None else new
        return consistency_proof(old, new, TileHashes(new, self.tile))

    def checkpoint(self) -> bytes | None:
        size = len(self.leaves) if self._signed is None else self._signed
        return self.note(size) if size else None

    def tile(self, tile: Tile) -> bytes:
        step = 256**tile.level
        start = tile.index * 256
        return b"".join(
            [
                root_from_hashes(self.leaves[place * step : (place + 1) * step])
                for place in range(start, start + tile.width)
            ]
        )
