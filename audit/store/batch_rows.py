"""What a batch asks of a database, and what it hands over: the port that SQLite and PostgreSQL come through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from lockgate.audit.merkle import Hash
from lockgate.audit.store.columns import as_bytes, as_int, as_text
from lockgate.audit.store.tables import place_of
from lockgate.engine.record import light_record
from sqlalchemy import Connection, text

# Columns of a locked head, in the order of `LockedHead`.
HEAD_COLUMNS: Final = (
    "h.size, h.root, h.frontier, h.time_ms, h.streams, h.heads_size, h.heads_ms, h.seal, l.state, l.successor"
)


@dataclass(frozen=True, slots=True)
class LockedHead:
    """The head row and the log's state, under the log's lock. `frontier`: the subtrees' roots behind one another."""

    size: int
    root: Hash
    frontier: bytes
    time_ms: int
    streams: int
    heads_size: int
    heads_ms: int
    seal: bytes
    state: str
    successor: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for together with the lock: request keys, streams by name, namespaces' keys by reference."""

    keys: Sequence[bytes] = ()
    streams: Sequence[str] = ()
    vault_refs: Sequence[bytes] = ()


@light_record
class StoredEntry:
    """An entry's row."""

    place: int
    leaf_hash: Hash
    entry: bytes


@light_record
class StoredStream:
    """A stream's row: its id, counter and last leaf hash."""

    id: int
    n: int
    leaf: Hash


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of what was wanted; nothing of it is checked but its types."""

    repeated: Mapping[bytes, StoredEntry]
    streams: Mapping[str, StoredStream]
    vault_refs: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A signed checkpoint on its way into the database. instead_of: the size of one that it makes needless."""

    size: int
    note: bytes
    time_ms: int
    instead_of: int | None = None


@dataclass(slots=True)
class BatchRows:
    """The rows of a batch, in the order of their tables' columns.

    before: the log's size before it. moved: id, counter and leaf hash of streams that there were. checkpoint: one of an
    earlier batch, if it is not stored yet.
    """

    before: int
    checkpoint: KeptCheckpoint | None = None
    leaves: list[tuple[int, Hash, bytes]] = field(default_factory=list)
    records: list[tuple[Any, ...]] = field(default_factory=list)
    bodies: list[tuple[int, bytes, bytes, bytes]] = field(default_factory=list)
    keys: list[tuple[int, bytes, int]] = field(default_factory=list)
    links: list[tuple[int, int, int]] = field(default_factory=list)
    streams: list[tuple[int, str, int, Hash]] = field(default_factory=list)
    moved: list[tuple[int, int, Hash]] = field(default_factory=list)
    tiles: list[tuple[int, int, int, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """What the database has after a batch: whether its head moved on, and the leaves as it now gives them."""

    is_moved: bool
    leaves: Sequence[StoredEntry]


class BatchTables(Protocol):
    """A log's tables as one transaction's batch sees them. Raises SQLAlchemy's errors."""

    def lock(self, connection: Connection, wanted: Wanted) -> tuple[LockedHead, Found]:
        """Takes the log's lock until the transaction ends, and reads what is wanted under it."""
        ...

    def streams(self, connection: Connection, names: Sequence[str]) -> Mapping[str, StoredStream]:
        """The streams of these names that there are."""
        ...

    def keep(self, connection: Connection, checkpoint: KeptCheckpoint) -> None:
        """Stores a checkpoint, and drops the one that it makes needless unless a witness signed that."""
        ...

    def write(self, connection: Connection, rows: BatchRows, head: LockedHead) -> Written:
        """Writes a batch, moves the head on from the size before it, and reads the leaves back."""
        ...


def span(log: int) -> tuple[int, int]:
    """The first place of a log, and the first behind it."""
    return place_of(log, 0), place_of(log + 1, 0)


def head_of(row: Sequence[Any]) -> LockedHead:
    """A head from its row. Raises VerificationError for a value of another type."""
    size, root, frontier, time_ms, streams, heads_size, heads_ms, seal, state, successor = row
    return LockedHead(
        as_int(size),
        as_bytes(root),
        as_bytes(frontier),
        as_int(time_ms),
        as_int(streams),
        as_int(heads_size),
        as_int(heads_ms),
        as_bytes(seal),
        as_text(state),
        as_text(successor),
    )


def entries_of(rows: Sequence[Sequence[Any]]) -> list[StoredEntry]:
    """Entries from rows of place, leaf hash and entry."""
    return [StoredEntry(as_int(row[0]), as_bytes(row[1]), as_bytes(row[2])) for row in rows]


def repeated_of(rows: Sequence[Sequence[Any]]) -> dict[bytes, StoredEntry]:
    """Entries by request key from rows of key, place, leaf hash and entry."""
    return {as_bytes(row[0]): StoredEntry(as_int(row[1]), as_bytes(row[2]), as_bytes(row[3])) for row in rows}


def streams_of(rows: Sequence[Sequence[Any]]) -> dict[str, StoredStream]:
    """Streams by name from rows of name, id, counter and leaf hash."""
    return {as_text(row[0]): StoredStream(as_int(row[1]), as_int(row[2]), as_bytes(row[3])) for row in rows}


def read_streams(connection: Connection, log: int) -> dict[str, StoredStream]:
    """All streams of a log by name, as the index has them."""
    first, last = span(log)
    rows = connection.execute(
        text("SELECT name, id, n, leaf_hash FROM stream_head WHERE id >= :first AND id < :last"),
        {"first": first, "last": last},
    )
    return streams_of(rows.all())
