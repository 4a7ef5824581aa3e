"""A batch's statements on SQLite. The transaction holds the writer's lock from its start.

They are the driver's own: what SQLAlchemy does around each of a dozen takes longer than a small batch itself.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

from lockgate.audit.errors import VerificationError
from lockgate.audit.store.batch_rows import (
    HEAD_COLUMNS,
    BatchRows,
    Found,
    KeptCheckpoint,
    LockedHead,
    StoredStream,
    Wanted,
    Written,
    entries_of,
    head_of,
    repeated_of,
    span,
    streams_of,
)
from lockgate.audit.store.columns import as_bytes
from lockgate.audit.store.inserting import plain_insertion
from lockgate.audit.store.tables import (
    BodyRow,
    IdempotencyRow,
    LeafRow,
    RecordRow,
    StreamEntryRow,
    StreamRow,
)
from lockgate.engine.database.connections import driver_errors
from sqlalchemy import Connection

# Values of one `IN (…)`; older builds of SQLite take 999 parameters.
_LISTED: Final = 500
_HEAD: Final = f"SELECT {HEAD_COLUMNS} FROM log_head h JOIN log l ON l.id = h.log WHERE h.log = ?"  # noqa: S608
_REPEATED: Final = (
    "SELECT i.key, l.place, l.leaf_hash, l.entry FROM idempotency i JOIN leaf l ON l.place = i.place "
    "WHERE i.log = ? AND i.key IN"
)
_STREAMS: Final = "SELECT name, id, n, leaf_hash FROM stream_head WHERE id >= ? AND id < ? AND name IN"
_VAULT_REFS: Final = "SELECT ref FROM vault_key WHERE ref IN"
_KEEP: Final = (
    "INSERT INTO checkpoint (log, size, note, time_ms) SELECT ?, ?, ?, ? "
    "WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE log = ? AND size = ?)"
)
_DROP: Final = (
    "DELETE FROM checkpoint WHERE log = ? AND size = ? AND NOT EXISTS "
    "(SELECT 1 FROM cosignature c WHERE c.log = checkpoint.log AND c.size = checkpoint.size)"
)
_MOVE_STREAM: Final = "UPDATE stream_head SET n = ?, leaf_hash = ? WHERE id = ?"
_TILE: Final = (
    "INSERT INTO tile (log, level, tile, data) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (log, level, tile) DO UPDATE SET data = excluded.data"
)
_MOVE_HEAD: Final = (
    "UPDATE log_head SET size = ?, root = ?, frontier = ?, time_ms = ?, streams = ?, heads_size = ?, "
    "heads_ms = ?, seal = ? WHERE log = ? AND size = ?"
)
_READ_BACK: Final = "SELECT place, leaf_hash, entry FROM leaf WHERE place >= ? AND place < ? ORDER BY place"


class SqliteBatch:
    """The tables of one log."""

    __slots__ = ("_log",)

    def __init__(self, log: int) -> None:
        self._log = log

    def lock(self, connection: Connection, wanted: Wanted) -> tuple[LockedHead, Found]:
        """The head row, and what is wanted."""
        with _driver(connection) as cursor:
            head = cursor.execute(_HEAD, (self._log,)).fetchone()
            repeated = _listed(cursor, _REPEATED, (self._log,), wanted.keys)
            refs = _listed(cursor, _VAULT_REFS, (), wanted.vault_refs)
            found = Found(
                repeated_of(list(repeated)),
                streams_of(list(_listed(cursor, _STREAMS, span(self._log), wanted.streams))),
                frozenset([as_bytes(row[0]) for row in refs]),
            )
        if head is None:
            raise VerificationError("the log has no head", where="database")
        return head_of(head), found

    def streams(self, connection: Connection, names: Sequence[str]) -> Mapping[str, StoredStream]:
        """The streams of these names that there are."""
        with _driver(connection) as cursor:
            return streams_of(list(_listed(cursor, _STREAMS, span(self._log), names)))

    def keep(self, connection: Connection, checkpoint: KeptCheckpoint) -> None:
        """A second checkpoint of a size, such as one by another key, does nothing."""
        with _driver(connection) as cursor:
            self._keep(cursor, checkpoint)

    def _keep(self, cursor: sqlite3.Cursor, checkpoint: KeptCheckpoint) -> None:
        log, size = self._log, checkpoint.size
        cursor.execute(_KEEP, (log, size, checkpoint.note, checkpoint.time_ms, log, size))
        if checkpoint.instead_of is not None:
            cursor.execute(_DROP, (log, checkpoint.instead_of))

    def write(self, connection: Connection, rows: BatchRows, head: LockedHead) -> Written:
        """A statement a table, then the head, then the leaves again."""
        with _driver(connection) as cursor:
            for table, some in (
                (LeafRow, rows.leaves),
                (RecordRow, rows.records),
                (BodyRow, rows.bodies),
                (IdempotencyRow, rows.keys),
                (StreamEntryRow, rows.links),
                (StreamRow, rows.streams),
            ):
                if some:
                    cursor.executemany(plain_insertion(table), some)  # pyright: ignore[reportArgumentType]
            if rows.moved:
                cursor.executemany(_MOVE_STREAM, [(n, leaf, stream) for stream, n, leaf in rows.moved])
            if rows.tiles:
                cursor.executemany(_TILE, rows.tiles)
            place = (head.size, head.root, head.frontier, head.time_ms, head.streams)
            heads = (head.heads_size, head.heads_ms, head.seal)
            is_moved = cursor.execute(_MOVE_HEAD, (*place, *heads, self._log, rows.before)).rowcount == 1
            if rows.checkpoint is not None:
                self._keep(cursor, rows.checkpoint)
            first, _ = span(self._log)
            again = cursor.execute(_READ_BACK, (first + rows.before, first + head.size)).fetchall()
        return Written(is_moved, entries_of(again))


@contextmanager
def _driver(connection: Connection) -> Iterator[sqlite3.Cursor]:
    """The driver's cursor in the connection's transaction. Raises DBAPIError as SQLAlchemy does."""
    if not connection.in_transaction():
        # SQLAlchemy does not see what the driver begins, and would not roll it back.
        connection.begin()
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    with driver_errors(connection), closing(raw.cursor()) as cursor:
        yield cursor


def _listed(
    cursor: sqlite3.Cursor, query: str, parameters: tuple[Any, ...], values: Sequence[Any]
) -> Iterator[Sequence[Any]]:
    """The rows of a query that ends with `IN`, for some values at a time."""
    for start in range(0, len(values), _LISTED):
        some = tuple(values[start : start + _LISTED])
        marks = ", ".join("?" * len(some))
        yield from cursor.execute(f"{query} ({marks})", parameters + some)
