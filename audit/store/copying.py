"""Copying databases through backups: out of one consistent snapshot, and back into an empty database.

Tiles, streams, the query index and request keys are made anew from the entries.
"""

from collections.abc import Iterator
from typing import Any

from lockgate.audit.backup import (
    BackupWriter,
    KeptCheckpoint,
    KeptCosignature,
    LogHeader,
)
from lockgate.audit.entry import Entry
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import Frontier, Hash
from lockgate.audit.reader import StoredBody
from lockgate.audit.store.columns import as_bytes, as_int, as_text
from lockgate.audit.store.derived import CHUNK, Derived, Rows
from lockgate.audit.store.schema import VERSIONS, check_version
from lockgate.audit.store.tables import (
    BodyRow,
    CheckpointRow,
    CosignatureRow,
    HeadRow,
    LeafRow,
    LogRow,
    VaultRowTable,
    place_of,
)
from lockgate.audit.tiles import TILE_WIDTH
from lockgate.audit.vault import VaultRow
from sqlalchemy import Connection, Engine, text


def dump_database(engine: Engine, writer_of: "WriterOf") -> None:
    """Writes every log of a database, as of one moment, while others append."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        check_version(connection)
        logs = connection.execute(text("SELECT id FROM log ORDER BY id")).scalars().all()
        writer = writer_of(len(logs))
        rows = connection.execute(
            text("SELECT ref, tag, wrapped_key, sealed_name FROM vault_key ORDER BY ref")
        )
        for row in rows.all():
            writer.vault_row(VaultRow(*[as_bytes(one) for one in row]))
        for log in logs:
            _dump_log(connection, as_int(log), writer)
        writer.end()


class WriterOf:
    """Begins a backup of a number of logs."""

    def __init__(self, write: Any, time_ms: int) -> None:
        self._write = write
        self._time_ms = time_ms

    def __call__(self, logs: int) -> BackupWriter:
        """The writer."""
        return BackupWriter(self._write, self._time_ms, logs)


def _dump_log(connection: Connection, log: int, writer: BackupWriter) -> None:
    row = connection.execute(
        text(
            "SELECT l.origin, l.created_ms, l.state, l.successor, h.size, h.root, h.time_ms, h.seal "
            "FROM log l JOIN log_head h ON h.log = l.id WHERE l.id = :log"
        ),
        {"log": log},
    ).one()
    origin, state, successor = as_text(row[0]), as_text(row[2]), as_text(row[3])
    size = as_int(row[4])
    header = LogHeader(
        origin, as_int(row[1]), state, successor, size, as_bytes(row[5]), as_int(row[6]), as_bytes(row[7])
    )
    writer.log(header)
    for found in _pages(
        connection, "SELECT size, note, time_ms FROM checkpoint WHERE log = :log", "size", log, -1
    ):
        writer.checkpoint(KeptCheckpoint(as_int(found[0]), as_bytes(found[1]), as_int(found[2])))
    lines = connection.execute(
        text("SELECT size, witness, line FROM cosignature WHERE log = :log ORDER BY size, witness"),
        {"log": log},
    )
    for found in lines.all():
        writer.cosignature(KeptCosignature(as_int(found[0]), as_text(found[1]), as_text(found[2])))
    for start in range(0, size, TILE_WIDTH):
        span = {
            "first": place_of(log, start),
            "last": place_of(log, min(size, start + TILE_WIDTH)),
        }
        entries = connection.execute(
            text("SELECT entry FROM leaf WHERE place >= :first AND place < :last ORDER BY place"), span
        )
        writer.entries([as_bytes(one) for one in entries.scalars()])
        bodies = connection.execute(
            text(
                "SELECT place, sealed, wrapped_key, vault_ref FROM body WHERE place >= :first "
                "AND place < :last AND sealed IS NOT NULL AND wrapped_key IS NOT NULL ORDER BY place"
            ),
            span,
        )
        for found in bodies:
            index = as_int(found[0]) - place_of(log, 0)
            writer.body(StoredBody(index, as_bytes(found[1]), as_bytes(found[2]), as_bytes(found[3])))


def _pages(connection: Connection, query: str, key: str, log: int, after: int) -> Iterator[Any]:
    """The rows of a query by an ascending number, a page at a time; its first column is that number."""
    while True:
        rows = connection.execute(
            text(f"{query} AND {key} > :after ORDER BY {key} LIMIT :limit"),
            {"log": log, "after": after, "limit": CHUNK},
        ).all()
        yield from rows
        if len(rows) < CHUNK:
            return
        after = as_int(rows[-1][0])


def check_empty(connection: Connection) -> None:
    """Makes the tables where there are none. Raises TrailError where the database has a log."""
    if VERSIONS.current(connection) is None:
        VERSIONS.migrate(connection)
    check_version(connection)
    if connection.execute(text("SELECT count(*) FROM log")).scalar_one():
        raise TrailError(
            "the database has a log already: a backup is restored into an empty one",
            hint="make a new database, and name it in trail.toml",
        )


class DatabaseSink:
    """Writes a backup into the tables of an empty database, over a connection whose transaction is the caller's."""

    def __init__(self, connection: Connection) -> None:
        check_empty(connection)
        self._log = 0
        self._rows = Rows(connection)
        self._derived = Derived(0, self._rows, 0)

    def vault_row(self, row: VaultRow) -> None:
        """A namespace's key as stored."""
        self._rows.add(VaultRowTable, row.ref, row.tag, row.wrapped_key, row.sealed_name)

    def log(self, header: LogHeader) -> None:
        """A log begins."""
        self._log += 1
        self._derived = Derived(self._log, self._rows, header.created_ms)
        self._rows.add(LogRow, self._log, header.origin, header.created_ms, header.state, header.successor)

    def checkpoint(self, kept: KeptCheckpoint) -> None:
        """A checkpoint of the log."""
        self._rows.add(CheckpointRow, self._log, kept.size, kept.note, kept.time_ms)

    def cosignature(self, kept: KeptCosignature) -> None:
        """A line on one of the checkpoints."""
        self._rows.add(CosignatureRow, self._log, kept.size, kept.witness, kept.line)

    def entry(self, index: int, leaf: Hash, data: bytes, entry: Entry) -> None:
        """An entry, with what is found by it."""
        self._rows.add(LeafRow, place_of(self._log, index), leaf, data)
        self._derived.entry(index, leaf, entry)

    def body(self, body: StoredBody) -> None:
        """A body."""
        place = place_of(self._log, body.index)
        self._rows.add(BodyRow, place, body.vault_ref, body.wrapped_key, body.sealed)

    def end_log(self, header: LogHeader, frontier: Frontier) -> None:
        """The head, the streams and the tiles that are not full."""
        self._derived.finish()
        self._rows.add(
            HeadRow,
            self._log,
            header.size,
            header.root,
            b"".join(frontier.hashes),
            header.time_ms,
            len(self._derived.streams),
            *self._derived.heads,
            header.seal,
        )
        self._rows.flush()
