"""A log in a database: made, opened, read. Appending is the appender's (`appender.py`) or a given transaction's."""

from collections.abc import Iterator
from typing import Any, Final

from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import EMPTY_ROOT, MAX_SIZE
from lockgate.audit.reader import Head, IndexedRecord, StoredBody
from lockgate.audit.store.append import BatchAppender, head_seal, read_tile
from lockgate.audit.store.columns import as_bytes, as_int, as_text
from lockgate.audit.store.database import (
    WriterLock,
    check_connection,
    open_engine,
    sqlite_path,
    write_transaction,
)
from lockgate.audit.store.schema import check_version, current_version, migrate
from lockgate.audit.store.tables import LOG_SPAN, place_of
from lockgate.audit.streams import StreamHead
from lockgate.audit.tiles import TILE_WIDTH, Tile, render_entries
from lockgate.audit.vault import VaultRow
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

# Rows that a reader takes at a time.
CHUNK: Final = 4096


class Store:
    """One log of a database."""

    __slots__ = ("_lock", "engine", "log", "origin", "url")

    def __init__(self, url: str, engine: Engine, log: int, origin: str) -> None:
        self.url: Final = url
        self.engine: Final = engine
        self.log: Final = log
        self._lock: WriterLock | None = None
        self.origin: Final = origin

    # Reading

    def head(self) -> Head:
        """The head row."""
        with self.engine.connect() as connection:
            row = connection.execute(
                text("SELECT size, root, time_ms FROM log_head WHERE log = :log"), {"log": self.log}
            ).one_or_none()
        if row is None:
            raise VerificationError("the log has no head", where="database")
        return Head(as_int(row[0]), as_bytes(row[1]), as_int(row[2]))

    def head_seal(self) -> bytes:
        """The seal of the head row."""
        with self.engine.connect() as connection:
            query = text("SELECT seal FROM log_head WHERE log = :log")
            return as_bytes(connection.execute(query, {"log": self.log}).scalar_one())

    def state(self) -> str:
        """`active`, `frozen` or `closed`."""
        with self.engine.connect() as connection:
            return str(
                connection.execute(
                    text("SELECT state FROM log WHERE id = :log"), {"log": self.log}
                ).scalar_one()
            )

    def leaves(self, start: int, stop: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Index, leaf hash and entry of the rows there are from `start` up to `stop`, in order."""
        place, end = place_of(self.log, start), place_of(self.log, stop)
        first = place_of(self.log, 0)
        with self.engine.connect() as connection:
            while place < end:
                rows = connection.execute(
                    text(
                        "SELECT place, leaf_hash, entry FROM leaf "
                        "WHERE place >= :first AND place < :last ORDER BY place LIMIT :limit"
                    ),
                    {"first": place, "last": end, "limit": CHUNK},
                ).all()
                for row in rows:
                    yield as_int(row[0]) - first, as_bytes(row[1]), as_bytes(row[2])
                if len(rows) < CHUNK:
                    return
                place = rows[-1][0] + 1

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` up to `stop`."""
        for _, _, entry in self.leaves(start, stop):
            yield entry

    def tile(self, tile: Tile) -> bytes:
        """A tile of hashes, or of entries. Raises VerificationError when it is missing."""
        if tile.level < 0:
            start = tile.index * TILE_WIDTH
            return render_entries(list(self.entries(start, start + tile.width)))
        with self.engine.connect() as connection:
            return read_tile(connection, self.log, tile)

    def checkpoint(self) -> bytes | None:
        """The latest checkpoint with its cosignatures."""
        with self.engine.connect() as connection:
            row = connection.execute(
                text("SELECT size, note FROM checkpoint WHERE log = :log ORDER BY size DESC LIMIT 1"),
                {"log": self.log},
            ).one_or_none()
            if row is None:
                return None
            return as_bytes(row[1]) + self._lines(connection, as_int(row[0]), row[0]).get(row[0], b"")

    def checkpoints(self) -> Iterator[bytes]:
        """Every kept checkpoint with its cosignatures, the smallest first."""
        return self._checkpoints("size > :beyond ORDER BY size", -1)

    def recent_checkpoints(self) -> Iterator[bytes]:
        """The same, the largest first."""
        return self._checkpoints("size < :beyond ORDER BY size DESC", MAX_SIZE)

    def _checkpoints(self, order: str, beyond: int) -> Iterator[bytes]:
        """Checkpoints in an order, some at a time, so that nobody waits for those that they do not take."""
        query = f"SELECT size, note FROM checkpoint WHERE log = :log AND {order} LIMIT 256"  # noqa: S608
        while True:
            with self.engine.connect() as connection:
                rows = connection.execute(text(query), {"log": self.log, "beyond": beyond}).all()
                sizes = [as_int(row[0]) for row in rows] or [0]
                lines = self._lines(connection, min(sizes), max(sizes))
            for row in rows:
                yield as_bytes(row[1]) + lines.get(row[0], b"")
            if not rows:
                return
            beyond = as_int(rows[-1][0])

    def _lines(self, connection: Connection, first: int, last: int) -> dict[int, bytes]:
        """The cosignature lines of the checkpoints from one size to another, by size."""
        rows = connection.execute(
            text(
                "SELECT size, line FROM cosignature WHERE log = :log AND size >= :first AND size <= :last "
                "ORDER BY size, witness"
            ),
            {"log": self.log, "first": first, "last": last},
        )
        made: dict[int, bytes] = {}
        for size, line in rows:
            made[size] = made.get(size, b"") + f"{as_text(line)}\n".encode()
        return made

    @property
    def has_bodies(self) -> bool:
        """A store keeps every body."""
        return True

    def bodies(self, start: int, stop: int) -> Iterator[StoredBody]:
        """The bodies of the entries from `start` up to `stop`, erased ones too."""
        place, end = place_of(self.log, start), place_of(self.log, stop)
        first = place_of(self.log, 0)
        with self.engine.connect() as connection:
            while place < end:
                rows = connection.execute(
                    text(
                        "SELECT place, sealed, wrapped_key, vault_ref FROM body "
                        "WHERE place >= :first AND place < :last ORDER BY place LIMIT 256"
                    ),
                    {"first": place, "last": end},
                ).all()
                for row in rows:
                    yield StoredBody(as_int(row[0]) - first, _maybe(row[1]), _maybe(row[2]), as_bytes(row[3]))
                if len(rows) < 256:
                    return
                place = rows[-1][0] + 1

    def stream_entries(self, name: str, after: int, limit: int) -> list[tuple[int, int]]:
        """Counter and index of a stream's entries behind number `after`, at most `limit`."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text(
                    "SELECT e.n, e.place FROM stream_entry e JOIN stream_head h ON h.id = e.stream "
                    "WHERE h.name = :name AND h.id >= :first AND h.id < :last AND e.n > :after "
                    "ORDER BY e.n LIMIT :limit"
                ),
                {"name": name, "after": after, "limit": limit, **self._span()},
            ).all()
        return [(as_int(row[0]), as_int(row[1]) - place_of(self.log, 0)) for row in rows]

    def stream_heads(self) -> list[StreamHead]:
        """The heads of all streams, as the index has them."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT name, n, leaf_hash FROM stream_head WHERE id >= :first AND id < :last"),
                self._span(),
            ).all()
        return [StreamHead(as_text(row[0]), as_int(row[1]), as_bytes(row[2])) for row in rows]

    def records(self, start: int, stop: int) -> Iterator[IndexedRecord]:
        """The query index from entry `start` up to `stop`."""
        first = place_of(self.log, 0)
        query = (
            "SELECT place, kind, time_ms, outcome, policies, model, environment, resource FROM record "
            "WHERE place >= :start AND place < :stop ORDER BY place"
        )
        for row in self._rows(query, start=first + start, stop=min(first + stop, first + LOG_SPAN)):
            texts = [as_text(one) for one in row[3:]]
            yield IndexedRecord(as_int(row[0]) - first, as_text(row[1]), as_int(row[2]), *texts)

    def stream_range(self, name: str, first: int, count: int) -> list[int]:
        """The entries of a stream from counter `first` on, `count` of them."""
        rows = self.stream_entries(name, first - 1, count)
        return [index for n, index in rows if n < first + count]

    def all_stream_entries(self) -> Iterator[tuple[str, int, int]]:
        """Name, counter and entry index of every stream's every entry."""
        first = place_of(self.log, 0)
        for row in self._rows(
            "SELECT h.name, e.n, e.place FROM stream_entry e LEFT JOIN stream_head h ON h.id = e.stream "
            "WHERE e.stream >= :first AND e.stream < :last"
        ):
            yield as_text(row[0]), as_int(row[1]), as_int(row[2]) - first

    def stream_entry_count(self) -> int:
        """How many entries all streams have."""
        query = "SELECT count(*) FROM stream_entry WHERE stream >= :first AND stream < :last"
        with self.engine.connect() as connection:
            return as_int(connection.execute(text(query), self._span()).scalar_one())

    def request_keys(self) -> Iterator[tuple[bytes, int]]:
        """Idempotency key and entry index."""
        first = place_of(self.log, 0)
        for row in self._rows("SELECT key, place FROM idempotency WHERE log = :log"):
            yield as_bytes(row[0]), as_int(row[1]) - first

    def _rows(self, query: str, **values: int) -> Iterator[Any]:
        with self.engine.connect() as connection:
            yield from connection.execution_options(stream_results=True, yield_per=CHUNK).execute(
                text(query), values or {"log": self.log, **self._span()}
            )

    def _span(self) -> dict[str, int]:
        return {"first": place_of(self.log, 0), "last": place_of(self.log + 1, 0)}

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
        return write_transaction(self.engine)

    def add_checkpoint(self, connection: Connection, size: int, note: bytes, time_ms: int) -> None:
        """Stores a checkpoint; the same once more does nothing."""
        connection.execute(
            text(
                "INSERT INTO checkpoint (log, size, note, time_ms) VALUES (:log, :size, :note, :time_ms) "
                "ON CONFLICT (log, size) DO NOTHING"
            ),
            {"log": self.log, "size": size, "note": note, "time_ms": time_ms},
        )

    def drop_checkpoint(self, connection: Connection, size: int) -> None:
        """Drops a checkpoint that a later one makes needless, unless a witness signed it."""
        connection.execute(
            text(
                "DELETE FROM checkpoint WHERE log = :log AND size = :size AND NOT EXISTS "
                "(SELECT 1 FROM cosignature WHERE log = :log AND size = :size)"
            ),
            {"log": self.log, "size": size},
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


def _maybe(value: Any) -> bytes | None:
    return None if value is None else as_bytes(value)


def create_log(url: str, origin: str, now_ms: int, seal_key: bytes) -> Store:
    """Makes the tables where there are none, and an empty log. Raises TrailError when the origin exists."""
    engine = open_engine(url)
    check_connection(engine)
    with write_transaction(engine) as connection:
        if current_version(connection) is None:
            migrate(connection)
        check_version(connection)
        taken = connection.execute(
            text("SELECT count(*) FROM log WHERE origin = :origin"), {"origin": origin}
        )
        if taken.scalar_one():
            raise TrailError(f"the database has a log {origin} already")
        log = int(connection.execute(text("SELECT coalesce(max(id), 0) + 1 FROM log")).scalar_one())
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
    check_connection(engine)
    with engine.connect() as connection:
        check_version(connection)
        rows = connection.execute(text("SELECT id, origin, state FROM log ORDER BY id")).all()
    found = (
        [row for row in rows if row[1] == origin] if origin else [row for row in rows if row[2] == "active"]
    )
    if not found and not origin:
        found = list(rows)[-1:]
    if not found:
        engine.dispose()
        raise TrailError(f"the database has no log {origin}" if origin else "the database has no log")
    return Store(url, engine, found[-1][0], found[-1][1])
