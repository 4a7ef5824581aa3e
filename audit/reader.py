"""Reading a log: the port that a store and an export both are, for proving, verifying, exporting and following."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from lockgate.audit.streams import StreamHead
from lockgate.audit.tiles import Tile
from lockgate.engine.record import light_record


@dataclass(frozen=True, slots=True)
class Head:
    """A log's state as its keeper tells it: entries, root (32 bytes), time of the last entry (Unix milliseconds)."""

    size: int
    root: bytes
    time_ms: int


@light_record
class StoredBody:
    """The body of entry `index` as stored: None for what was erased. `entry_key`: where an export opens it."""

    index: int
    sealed: bytes | None
    wrapped_key: bytes | None
    vault_ref: bytes
    entry_key: bytes = b""


class IndexedRecord(NamedTuple):
    """What the query index has of entry `number`."""

    number: int
    kind: str
    time_ms: int
    outcome: str
    policies: str
    model: str
    environment: str
    resource: str


class TrailIndex(Protocol):
    """What a store has made of its entries to find them; all of it can be made anew."""

    def records(self, start: int, stop: int) -> Iterator[IndexedRecord]:
        """The query index from entry `start` up to `stop`, in order."""
        ...

    def stream_range(self, name: str, first: int, count: int) -> list[int]:
        """The entries of a stream from counter `first` on, `count` of them."""
        ...

    def all_stream_entries(self) -> Iterator[tuple[str, int, int]]:
        """Name, counter and entry index of every stream's every entry, in any order."""
        ...

    def stream_entry_count(self) -> int:
        """How many entries all streams have together."""
        ...

    def stream_heads(self) -> list[StreamHead]:
        """The heads of all streams."""
        ...

    def request_keys(self) -> Iterator[tuple[bytes, int]]:
        """Idempotency key and entry index, in any order."""
        ...


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

    def leaves(self, start: int, stop: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Index, leaf hash as stored, and entry of what there is from `start` up to `stop`, in order."""
        ...

    def key_entries(self) -> Iterator[int]:
        """Where the log's entries of kind `key` are, as its keeper tells."""
        ...

    def seen_entries(self, after: int) -> Iterator[int]:
        """Where the log's entries of kind `seen` behind entry `after` are, in order, as its keeper tells."""
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

    def recent_checkpoints(self) -> Iterator[bytes]:
        """The same, the largest first; who takes only some of them does not wait for the rest."""
        ...

    @property
    def has_bodies(self) -> bool:
        """Whether bodies are kept here at all."""
        ...

    def bodies(self, start: int, stop: int) -> Iterator[StoredBody]:
        """The bodies of the entries from `start` up to `stop` that have one, or had."""
        ...
