"""A batch's statements on PostgreSQL: one round trip to lock and look, one to write and read back."""

from collections.abc import Mapping, Sequence
from typing import Final

from lockgate.audit.errors import TrailError
from lockgate.audit.store.arrays import bigint_array, bytea_array, text_array
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
from lockgate.audit.store.inserting import insertion
from lockgate.audit.store.postgresql import Statement, run_together
from lockgate.audit.store.tables import (
    BodyRow,
    IdempotencyRow,
    LeafRow,
    RecordRow,
    StreamEntryRow,
    StreamRow,
)
from lockgate.engine.database.connections import DURABILITY, check_durability
from sqlalchemy import Connection

# First argument of PostgreSQL's advisory locks of ours: "LG".
_LOCK_CLASS: Final = 0x4C47
# The plan of a statement may be kept that was made when its tables were all but empty: reading them whole is as quick
# then, and takes longer with every entry.
_LOCK: Final = (
    f"SELECT {DURABILITY}, set_config('enable_seqscan', 'off', true), pg_advisory_xact_lock(%s::int, %s::int)"
)
_HEAD: Final = f"SELECT {HEAD_COLUMNS} FROM log_head h JOIN log l ON l.id = h.log WHERE h.log = %s::bigint FOR UPDATE OF h"  # noqa: S608
# Key by key: of `key = ANY (…)` in an empty table the planner makes a look at every key of the log, and keeps to that.
_REPEATED: Final = (
    "SELECT k.key, l.place, l.leaf_hash, l.entry FROM unnest(%s) AS k(key), LATERAL (SELECT i.place FROM "
    "idempotency i WHERE i.log = %s::bigint AND i.key = k.key OFFSET 0) AS i JOIN leaf l ON l.place = i.place"
)
_STREAMS: Final = (
    "SELECT s.name, s.id, s.n, s.leaf_hash FROM unnest(%s) AS k(name), LATERAL (SELECT name, id, n, leaf_hash FROM "
    "stream_head WHERE name = k.name OFFSET 0) AS s WHERE s.id >= %s::bigint AND s.id < %s::bigint"
)
_VAULT_REFS: Final = "SELECT ref FROM vault_key WHERE ref = ANY(%s)"
_MOVE_STREAMS: Final = (
    "UPDATE stream_head s SET n = u.n, leaf_hash = u.leaf FROM unnest(%s, %s, %s) AS u(id, n, leaf) "
    "WHERE s.id = u.id"
)
_TILES: Final = (
    "INSERT INTO tile (log, level, tile, data) SELECT * FROM unnest(%s, %s, %s, %s) "
    "ON CONFLICT (log, level, tile) DO UPDATE SET data = excluded.data"
)
_KEEP: Final = (
    "INSERT INTO checkpoint (log, size, note, time_ms) VALUES (%s::bigint, %s::bigint, %s, %s::bigint) "
    "ON CONFLICT DO NOTHING"
)
_DROP: Final = (
    "DELETE FROM checkpoint k WHERE k.log = %s::bigint AND k.size = %s::bigint AND NOT EXISTS "
    "(SELECT 1 FROM cosignature c WHERE c.log = k.log AND c.size = k.size)"
)
_MOVE_HEAD: Final = (
    "UPDATE log_head SET size = %s::bigint, root = %s, frontier = %s, time_ms = %s::bigint, streams = %s::bigint, "
    "heads_size = %s::bigint, heads_ms = %s::bigint, seal = %s WHERE log = %s::bigint AND size = %s::bigint"
)
_READ_BACK: Final = (
    "SELECT place, leaf_hash, entry FROM leaf WHERE place >= %s::bigint AND place < %s::bigint ORDER BY place"
)


class PostgresqlBatch:
    """The tables of one log."""

    __slots__ = ("_log",)

    def __init__(self, log: int) -> None:
        self._log = log

    def lock(self, connection: Connection, wanted: Wanted) -> tuple[LockedHead, Found]:
        """The lock first: the statements behind it see what its last holder committed (READ COMMITTED).

        Raises TrailError when a commit would not be durable any more.
        """
        statements = [Statement(_LOCK, (_LOCK_CLASS, self._log)), Statement(_HEAD, (self._log,))]
        if wanted.keys:
            statements.append(Statement(_REPEATED, (bytea_array(wanted.keys), self._log)))
        if wanted.streams:
            statements.append(self._find_streams(wanted.streams))
        if wanted.vault_refs:
            statements.append(Statement(_VAULT_REFS, (bytea_array(wanted.vault_refs),)))
        lock, head, *rest = [one.rows for one in run_together(connection, statements)]
        check_durability(lock[0][:-2], TrailError)
        found = Found(
            repeated_of(rest.pop(0)) if wanted.keys else {},
            streams_of(rest.pop(0)) if wanted.streams else {},
            frozenset([as_bytes(row[0]) for row in rest.pop(0)]) if wanted.vault_refs else frozenset(),
        )
        return head_of(head[0]), found

    def _find_streams(self, names: Sequence[str]) -> Statement:
        return Statement(_STREAMS, (text_array(names), *span(self._log)))

    def streams(self, connection: Connection, names: Sequence[str]) -> Mapping[str, StoredStream]:
        """The streams of these names that there are."""
        if not names:
            return {}
        (found,) = run_together(connection, [self._find_streams(names)])
        return streams_of(found.rows)

    def keep(self, connection: Connection, checkpoint: KeptCheckpoint) -> None:
        """A second checkpoint of a size, such as one by another key, does nothing."""
        run_together(connection, self._keep(checkpoint))

    def _keep(self, checkpoint: KeptCheckpoint) -> list[Statement]:
        statements = [
            Statement(_KEEP, (self._log, checkpoint.size, checkpoint.note, checkpoint.time_ms)),
        ]
        if checkpoint.instead_of is not None:
            statements.append(Statement(_DROP, (self._log, checkpoint.instead_of)))
        return statements

    def write(self, connection: Connection, rows: BatchRows, head: LockedHead) -> Written:
        """All rows and the head in one statement, since each takes the driver as long as many rows; then the leaves again."""
        parts = [
            Statement(*insertion(table, some))
            for table, some in (
                (LeafRow, rows.leaves),
                (RecordRow, rows.records),
                (BodyRow, rows.bodies),
                (IdempotencyRow, rows.keys),
                (StreamEntryRow, rows.links),
                (StreamRow, rows.streams),
            )
        ]
        ids, numbers, leaves = zip(*rows.moved, strict=True) if rows.moved else ((), (), ())
        moved = (bigint_array(ids), bigint_array(numbers), bytea_array(leaves))
        parts.append(Statement(_MOVE_STREAMS, moved))
        *places, data = zip(*rows.tiles, strict=True) if rows.tiles else ((), (), (), ())
        tiles = (*[bigint_array(column) for column in places], bytea_array(data))
        parts.append(Statement(_TILES, tiles))
        if rows.checkpoint is not None:
            parts += self._keep(rows.checkpoint)
        parts.append(
            Statement(
                _MOVE_HEAD,
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
        )
        first, _ = span(self._log)
        read_back = Statement(_READ_BACK, (first + rows.before, first + head.size))
        written, again = run_together(connection, [_as_one(parts), read_back])
        return Written(written.count == 1, entries_of(again.rows))


def _as_one(parts: Sequence[Statement]) -> Statement:
    """Statements that do not see each other's rows as one, whose count is the last one's."""
    *others, last = parts
    named = ", ".join([f"part{place} AS ({one.sql})" for place, one in enumerate(others)])
    parameters = [value for one in parts for value in one.parameters]
    return Statement(f"WITH {named} {last.sql}", tuple(parameters))
