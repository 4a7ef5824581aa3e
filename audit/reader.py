"""Reading a log: the port that a store and an export both are, for proving, verifying, exporting and following."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lockgate.audit.tiles import Tile


@dataclass(frozen=True, slots=True)
class Head:
    """A log's state as its keeper tells it: entries, root (32 bytes), time of the last entry (Unix milliseconds)."""

    size: int
    root: bytes
    time_ms: int


@dataclass(frozen=True, slots=True)
class StoredBody:
    """The body of entry `index` as stored: None for what was erased."""

    index: int
    sealed: bytes | None
    wrapped_key: bytes | None
    vault_ref: bytes


class TrailReader(Protocol):
    """A log, read. Nothing that it gives is trusted by who verifies."""

    @property
    def origin(self) -> str:
        """The log's origin."""
        ...

    def head(self) -> Head:
        """The size and root as told."""
        ...

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` up to `stop`, streaming; fewer when there are no more."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """A tile of hashes. Raises TrailError when there is none."""
        ...

    def checkpoint(self) -> bytes | None:
        """The latest signed checkpoint, a note, with the cosignatures that are known."""
        ...

    def checkpoints(self) -> Iterator[bytes]:
        """Every signed checkpoint that is kept, the smallest first, with cosignatures."""
        ...

    def bodies(self, start: int, stop: int) -> Iterator[StoredBody]:
        """The bodies of the entries from `start` up to `stop` that have one, or had."""
        ...
