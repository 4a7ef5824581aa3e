"""A log in a database: made, opened, written to. Appending is the appender's (`appender.py`) or a given transaction's."""

from typing import Any, Final

from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import EMPTY_ROOT
from lockgate.audit.reader import Head
from lockgate.audit.store.append import BatchAppender
from lockgate.audit.store.columns import as_bytes, as_int, as_text
from lockgate.audit.store.database import WriterLock, open_engine
from lockgate.audit.store.reading import HEAD_QUERY, StoredLog, head_of
from lockgate.audit.store.schema import VERSIONS, check_version
from lockgate.audit.store.seal import head_seal
from lockgate.audit.vault import VaultRow
from lockgate.engine.database.connections import (
    check_connection,
    is_sqlite,
    sqlite_path,
    write_transaction,
    writing,
)
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError


class Store(StoredLog):
    """One log of a database."""

    __slots__ = ("_lock", "_writing", "url")

    def __init__(self, url: str, engine: Engine, log: int, origin: str) -> None:
        super().__init__(engine, log, origin)
        self.url: Final = url
        self._writing: Final = writing(engine)
        self._lock: WriterLock | None = None

    # Writing

    def take_writer_lock(self) -> None:
        """Makes this process the one that appends, where the database is SQLite. Raises TrailError."""
        path = sqlite_path(self.url)
        if path is not None and self._lock is None:
            self._lock = WriterLock(path)

    def free_writer_lock(self) -> None:
        """Lets another process append."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def batch_appender(self, seal_key: bytes) -> BatchAppender:
        """What appends to this log over given connections; `seal_key` is the installation's (`MasterKey.seal_key`)."""
        return BatchAppender(self.log, self.origin, seal_key)

    def write(self) -> Any:
        """A transaction that may write, as a context."""
        return self._writing.begin()

    def connect(self) -> Connection:
        """A connection whose transactions may write, as a context."""
        return self._writing.connect()

    def commit_on(self, connection: Connection) -> Head | None:
        """Commits the connection's transaction and reads the head behind it, where one round trip does both.

        None where that is no gain, and nothing is done: on SQLite. Raises DBAPIError as SQLAlchemy does, which has
        nothing to commit any more.
        """
        if is_sqlite(connection):
            return None
        # It needs a driver that only those who use PostgreSQL have.
        from lockgate.audit.store.postgresql import Statement, run_together

        _, head = run_together(
            connection, [Statement("COMMIT"), Statement(f"{HEAD_QUERY} %s::bigint", (self.log,))]
        )
        return head_of(head.rows[0] if head.rows else None)

    def add_checkpoint(self, connection: Connection, size: int, note: bytes, time_ms: int) -> None:
        """Stores a checkpoint; a second one of its size, such as one by another key, does nothing."""
        connection.execute(
            text(
                "INSERT INTO checkpoint (log, size, note, time_ms) "
                "SELECT :log, :size, :note, :time_ms WHERE NOT EXISTS "
                "(SELECT 1 FROM checkpoint WHERE log = :log AND size = :size) ON CONFLICT (log, size) DO NOTHING"
            ),
            {"log": self.log, "size": size, "note": note, "time_ms": time_ms},
        )

    def add_cosignature(self, size: int, note: bytes, witness: str, line: str, time_ms: int) -> None:
        """Stores a witness's line on a checkpoint, and that checkpoint."""
        with self.write() as connection:
            self.add_checkpoint(connection, size, note, time_ms)
            connection.execute(
                text(
                    "INSERT INTO cosignature (log, size, witness, line) VALUES (:log, :size, :witness, :line) "
                    "ON CONFLICT (log, size, witness) DO UPDATE SET line = excluded.line"
                ),
                {"log": self.log, "size": size, "witness": witness, "line": line},
            )

    def set_state(self, state: str, successor: str) -> None:
        """Closes or freezes the log."""
        with self.write() as connection:
            connection.execute(
                text("UPDATE log SET state = :state, successor = :successor WHERE id = :log"),
                {"state": state, "successor": successor, "log": self.log},
            )

    # Keys of namespaces (vault.VaultKeys)

    def find(self, tag: bytes) -> VaultRow | None:
        """The key row with this tag."""
        return self._vault_row("tag", tag)

    def get(self, ref: bytes) -> VaultRow | None:
        """The key row with this reference."""
        return self._vault_row("ref", ref)

    def _vault_row(self, column: str, value: bytes) -> VaultRow | None:
        query = f"SELECT ref, tag, wrapped_key, sealed_name FROM vault_key WHERE {column} = :value"  # noqa: S608
        with self.engine.connect() as connection:
            row = connection.execute(text(query), {"value": value}).one_or_none()
        return None if row is None else VaultRow(*[as_bytes(one) for one in row])

    def add(self, row: VaultRow) -> VaultRow:
        """Stores a key row; returns the one that is there."""
        try:
            with self.write() as connection:
                connection.execute(
                    text(
                        "INSERT INTO vault_key (ref, tag, wrapped_key, sealed_name) "
                        "VALUES (:ref, :tag, :wrapped_key, :sealed_name)"
                    ),
                    {
                        "ref": row.ref,
                        "tag": row.tag,
                        "wrapped_key": row.wrapped_key,
                        "sealed_name": row.sealed_name,
                    },
                )
        except IntegrityError:
            found = self.find(row.tag)
            if found is None:
                raise
            return found
        return row

    def close(self) -> None:
        """Closes every connection and frees the writer's lock."""
        self.engine.dispose()
        self.free_writer_lock()


def create_log(url: str, origin: str, now_ms: int, seal_key: bytes) -> Store:
    """Makes the tables where there are none, and an empty log. Raises TrailError when the origin exists."""
    engine = open_engine(url)
    check_connection(engine, TrailError)
    with write_transaction(engine) as connection:
        if VERSIONS.current(connection) is None:
            VERSIONS.migrate(connection)
        check_version(connection)
        taken = connection.execute(
            text("SELECT count(*) FROM log WHERE origin = :origin"), {"origin": origin}
        )
        if taken.scalar_one():
            raise TrailError(f"the database has a log {origin} already")
        log = as_int(connection.execute(text("SELECT coalesce(max(id), 0) + 1 FROM log")).scalar_one())
        connection.execute(
            text(
                "INSERT INTO log (id, origin, created_ms, state, successor) "
                "VALUES (:log, :origin, :now, 'active', '')"
            ),
            {"log": log, "origin": origin, "now": now_ms},
        )
        connection.execute(
            text(
                "INSERT INTO log_head (log, size, root, frontier, time_ms, streams, heads_size, heads_ms, seal) "
                "VALUES (:log, 0, :root, :frontier, 0, 0, 0, :now, :seal)"
            ),
            {
                "log": log,
                "root": EMPTY_ROOT,
                "frontier": b"",
                "now": now_ms,
                "seal": head_seal(seal_key, origin, 0, EMPTY_ROOT),
            },
        )
    return Store(url, engine, log, origin)


def open_store(url: str, origin: str | None = None) -> Store:
    """Opens the log of an origin; without one, the only log that is active, or the last. Raises TrailError."""
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        raise TrailError(f"there is no database {path}", hint="make a trail with `lockgate audit init`")
    engine = open_engine(url)
    check_connection(engine, TrailError)
    with engine.connect() as connection:
        check_version(connection)
        rows = [
            (as_int(row[0]), as_text(row[1]), as_text(row[2]))
            for row in connection.execute(text("SELECT id, origin, state FROM log ORDER BY id"))
        ]
    found = (
        [row for row in rows if row[1] == origin] if origin else [row for row in rows if row[2] == "active"]
    )
    if not found and not origin:
        found = rows[-1:]
    if not found:
        engine.dispose()
        raise TrailError(f"the database has no log {origin}" if origin else "the database has no log")
    return Store(url, engine, found[-1][0], found[-1][1])
