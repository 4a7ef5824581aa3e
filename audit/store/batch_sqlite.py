"""A batch's statements on SQLite. The transaction holds the writer's lock from its start."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

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
from lockgate.audit.store.inserting import insert_rows
from lockgate.audit.store.tables import (
    BodyRow,
    IdempotencyRow,
    LeafRow,
    RecordRow,
    StreamEntryRow,
    StreamRow,
)
from sqlalchemy import Connection

# Values of one `IN (…)`; older builds of SQLite take 999 parameters.
_LISTED: Final = 500


class SqliteBatch:
    """The tables of one log."""

    __slots__ = ("_log",)

    def __init__(self, log: int) -> None:
        self._log = log

    def lock(self, connection: Connection, wanted: Wanted) -> tuple[LockedHead, Found]:
        """The head row, and what is wanted."""
        head = connection.exec_driver_sql(
            f"SELECT {HEAD_COLUMNS} FROM log_head h JOIN log l ON l.id = h.log WHERE h.log = ?",  # noqa: S608
            (self._log,),
        ).one()
        repeated = _listed(
            connection,
            "SELECT i.key, l.place, l.leaf_hash, l.entry FROM idempotency i JOIN leaf l ON l.place = i.place "
            "WHERE i.log = ? AND i.key IN",
            (self._log,),
            wanted.keys,
        )
        refs = _listed(connection, "SELECT ref FROM vault_key WHERE ref IN", (), wanted.vault_refs)
        found = Found(
            repeated_of(list(repeated)),
            self.streams(connection, wanted.streams),
            frozenset([as_bytes(row[0]) for row in refs]),
        )
        return head_of(head), found

    def streams(self, connection: Connection, names: Sequence[str]) -> Mapping[str, StoredStream]:
        """The streams of these names that there are."""
        query = "SELECT name, id, n, leaf_hash FROM stream_head WHERE id >= ? AND id < ? AND name IN"
        return streams_of(list(_listed(connection, query, span(self._log), names)))

    def keep(self, connection: Connection, checkpoint: KeptCheckpoint) -> None:
        """A second checkpoint of a size, such as one by another key, does nothing."""
        connection.exec_driver_sql(
            "INSERT INTO checkpoint (log, size, note, time_ms) SELECT ?, ?, ?, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE log = ? AND size = ?)",
            (self._log, checkpoint.size, checkpoint.note, checkpoint.time_ms, self._log, checkpoint.size),
        )
        if checkpoint.instead_of is not None:
            connection.exec_driver_sql(
                "DELETE FROM checkpoint WHERE log = ? AND size = ? AND NOT EXISTS "
                "(SELECT 1 FROM cosignature c WHERE c.log = checkpoint.log AND c.size = checkpoint.size)",
                (self._log, checkpoint.instead_of),
            )

    def write(self, connection: Connection, rows: BatchRows, head: LockedHead) -> Written:
        """A statement a table, then the head, then the leaves again."""
        insert_rows(connection, LeafRow, rows.leaves)
        insert_rows(connection, RecordRow, rows.records)
        insert_rows(connection, BodyRow, rows.bodies)
        insert_rows(connection, IdempotencyRow, rows.keys)
        insert_rows(connection, StreamEntryRow, rows.links)
        insert_rows(connection, StreamRow, rows.streams)
        if rows.moved:
            connection.exec_driver_sql(
                "UPDATE stream_head SET n = ?, leaf_hash = ? WHERE id = ?",
                [(n, leaf, stream) for stream, n, leaf in rows.moved],
            )
        if rows.tiles:
            connection.exec_driver_sql(
                "INSERT INTO tile (log, level, tile, data) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (log, level, tile) DO UPDATE SET data = excluded.data",
                list(rows.tiles),
            )
        moved = connection.exec_driver_sql(
            "UPDATE log_head SET size = ?, root = ?, frontier = ?, time_ms = ?, streams = ?, heads_size = ?, "
            "heads_ms = ?, seal = ? WHERE log = ? AND size = ?",
            (
                head.size,
                head.root,
                head.frontier,
                head.time_ms,
                head.streams,
                head.heads_size,
                head.heads_ms,
                head.seal,
                self._log,
                rows.before,
            ),
        )
        if rows.checkpoint is not None:
            self.keep(connection, rows.checkpoint)
        first, _ = span(self._log)
        again = connection.exec_driver_sql(
            "SELECT place, leaf_hash, entry FROM leaf WHERE place >= ? AND place < ? ORDER BY place",
            (first + rows.before, first + head.size),
        )
        return Written(moved.rowcount == 1, entries_of(again.all()))


def _listed(
    connection: Connection, query: str, parameters: tuple[Any, ...], values: Sequence[Any]
) -> Iterator[Sequence[Any]]:
    """The rows of a query that ends with `IN`, for some values at a time."""
    for start in range(0, len(values), _LISTED):
        some = tuple(values[start : start + _LISTED])
        marks = ", ".join("?" * len(some))
        yield from connection.exec_driver_sql(f"{query} ({marks})", parameters + some)
