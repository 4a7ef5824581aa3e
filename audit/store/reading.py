"""Reading a log of a database: entries, tiles, checkpoints, bodies, and the tables to find entries by.

Nothing that is read here is believed by who verifies; what it is must be what its column holds, and no more.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from lockgate.audit.errors import VerificationError
from lockgate.audit.merkle import MAX_SIZE
from lockgate.audit.reader import Head, IndexedRecord, StoredBody
from lockgate.audit.store.columns import as_bytes, as_int, as_text, check_kinds
from lockgate.audit.store.log_state import read_tile
from lockgate.audit.store.tables import LOG_SPAN, place_of
from lockgate.audit.streams import StreamHead
from lockgate.audit.tiles import TILE_WIDTH, Tile, render_entries
from lockgate.engine.database.connections import read_row
from sqlalchemy import Connection, Engine, bindparam, text

# Rows that a reader takes at a time.
CHUNK: Final = 4096
# Of the entries of kind `key`.
KEY_STREAM: Final = "key"
SEEN_STREAM: Final = "seen"
_LEAF: Final = (int, bytes, bytes)
_RECORD: Final = (int, str, int, str, str, str, str, str)
_BODY: Final = (int, bytes, bytes, bytes)
_STREAM_ENTRY: Final = (int, int)


# It ends where the log belongs.
HEAD_QUERY: Final = "SELECT size, root, time_ms FROM log_head WHERE log ="


class StoredLog:
    """One log of a database, read (a TrailReader and a TrailIndex)."""

    __slots__ = ("engine", "log", "origin")

    def __init__(self, engine: Engine, log: int, origin: str) -> None:
        self.engine: Final = engine
        self.log: Final = log
        self.origin: Final = origin

    def head(self) -> Head:
        """The head row."""
        with self.engine.connect() as connection:
            return self.head_on(connection)

    def head_on(self, connection: Connection) -> Head:
        """The same, on a connection that is in no transaction."""
        return head_of(read_row(connection, HEAD_QUERY, self.log))

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
        first = place_of(self.log, 0)
        for rows in self._chunks("SELECT place, leaf_hash, entry FROM leaf", start, stop):
            check_kinds(rows, _LEAF)
            for place, leaf, entry in rows:
                yield place - first, leaf, entry

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
        first = place_of(self.log, 0)
        for rows in self._chunks("SELECT place, sealed, wrapped_key, vault_ref FROM body", start, stop):
            check_kinds([row for row in rows if row[1] is not None and row[2] is not None], _BODY)
            for place, sealed, key, ref in rows:
                if sealed is None or key is None:
                    yield StoredBody(as_int(place) - first, _maybe(sealed), _maybe(key), as_bytes(ref))
                else:
                    yield StoredBody(place - first, sealed, key, ref)

    def bodies_of(self, indices: Sequence[int]) -> Iterator[StoredBody]:
        """The bodies of some entries, some hundred at most, in no order."""
        if not indices:
            return
        first = place_of(self.log, 0)
        query = text(
            "SELECT place, sealed, wrapped_key, vault_ref FROM body WHERE place IN :places"
        ).bindparams(bindparam("places", expanding=True))
        with self.engine.connect() as connection:
            rows = connection.execute(query, {"places": [first + one for one in indices]})
            for place, sealed, key, ref in rows:
                yield StoredBody(as_int(place) - first, _maybe(sealed), _maybe(key), as_bytes(ref))

    def stream_entries(self, name: str, after: int, limit: int) -> list[tuple[int, int]]:
        """Counter and index of a stream's entries behind number `after`, at most `limit`."""
        query = (
            "SELECT e.n, e.place FROM stream_entry e JOIN stream_head h ON h.id = e.stream "
            "WHERE h.name = :name AND h.id >= :first AND h.id < :last AND e.n > :after "
            "ORDER BY e.n LIMIT :limit"
        )
        with self.engine.connect() as connection:
            rows = _plain(connection, query, {"name": name, "after": after, "limit": limit, **self._span()})
        check_kinds(rows, _STREAM_ENTRY)
        first = place_of(self.log, 0)
        return [(n, place - first) for n, place in rows]

    def key_entries(self) -> Iterator[int]:
        """Where the entries of kind `key` are, by the index of streams."""
        after = 0
        while rows := self.stream_entries(KEY_STREAM, after, CHUNK):
            for n, index in rows:
                after = n
                yield index

    def seen_entries(self, after: int) -> Iterator[int]:
        """Where the entries of kind `seen` behind entry `after` are, by the index of streams."""
        # The first of them by halves: its counter is not known, and there are some every minute.
        low, high = 0, 1
        while (rows := self.stream_entries(SEEN_STREAM, high - 1, 1)) and rows[0][1] <= after:
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            rows = self.stream_entries(SEEN_STREAM, middle - 1, 1)
            if rows and rows[0][1] <= after:
                low = middle
            else:
                high = middle
        while rows := self.stream_entries(SEEN_STREAM, low, 64):
            for n, index in rows:
                low = n
                yield index

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
        query = "SELECT place, kind, time_ms, outcome, policies, model, environment, resource FROM record"
        for rows in self._chunks(query, start, stop):
            check_kinds(rows, _RECORD)
            for row in rows:
                yield IndexedRecord(row[0] - first, *row[1:])

    def stream_range(self, name: str, first: int, count: int) -> list[int]:
        """The entries of a stream from counter `first` on, `count` of them."""
        # With both ends: without the upper one PostgreSQL reads all that is behind, and sorts it.
        query = (
            "SELECT e.n, e.place FROM stream_entry e JOIN stream_head h ON h.id = e.stream "
            "WHERE h.name = :name AND h.id >= :first AND h.id < :last AND e.n >= :low AND e.n < :high "
            "ORDER BY e.n"
        )
        values = {"name": name, "low": first, "high": first + count, **self._span()}
        with self.engine.connect() as connection:
            rows = _plain(connection, query, values)
        check_kinds(rows, _STREAM_ENTRY)
        start = place_of(self.log, 0)
        return [place - start for _, place in rows]

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

    def _chunks(self, query: str, start: int, stop: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a table with a `place` first, some at a time, as the driver gives them."""
        place, end = place_of(self.log, start), place_of(self.log, min(stop, LOG_SPAN))
        query += " WHERE place >= :first AND place < :last ORDER BY place LIMIT :limit"
        with self.engine.connect() as connection:
            while place < end:
                rows = _plain(connection, query, {"first": place, "last": end, "limit": CHUNK})
                yield rows
                if len(rows) < CHUNK:
                    return
                place = as_int(rows[-1][0]) + 1

    def _rows(self, query: str, **values: int) -> Iterator[Any]:
        with self.engine.connect() as connection:
            yield from connection.execution_options(stream_results=True, yield_per=CHUNK).execute(
                text(query), values or {"log": self.log, **self._span()}
            )

    def _span(self) -> dict[str, int]:
        return {"first": place_of(self.log, 0), "last": place_of(self.log + 1, 0)}


def _plain(connection: Connection, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows without SQLAlchemy's wrapping, which costs as much as reading them."""
    cursor = connection.execute(text(query), values).cursor
    assert cursor is not None
    return list(cursor.fetchall())


def _maybe(value: Any) -> bytes | None:
    return None if value is None else as_bytes(value)


def head_of(row: Sequence[Any] | None) -> Head:
    """The head from its row. Raises VerificationError where there is none, or a value is of another type."""
    if row is None:
        raise VerificationError("the log has no head", where="database")
    return Head(as_int(row[0]), as_bytes(row[1]), as_int(row[2]))
