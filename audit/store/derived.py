"""What is made of entries to find them: tiles, the query index, request keys, streams. All of it can be made anew."""

from typing import Any, Final

from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import Frontier, Hash, leaf_hash
from lockgate.audit.store.batch import INDEXED
from lockgate.audit.store.columns import as_int
from lockgate.audit.store.growth import Growth
from lockgate.audit.store.inserting import insert_rows
from lockgate.audit.store.store import Store
from lockgate.audit.store.tables import (
    IdempotencyRow,
    RecordRow,
    StreamEntryRow,
    StreamRow,
    Table,
    TileRow,
    place_of,
)
from lockgate.audit.tiles import Tile
from sqlalchemy import Connection, text

# Rows that are written together.
CHUNK: Final = 2048


class Rows:
    """Gathers rows by table, and writes them many at a time."""

    __slots__ = ("_connection", "_rows")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[type[Table], list[tuple[Any, ...]]] = {}

    def add(self, table: type[Table], *row: Any) -> None:
        """Adds a row, its values in the order of the table's columns."""
        rows = self._rows.setdefault(table, [])
        rows.append(row)
        if len(rows) >= CHUNK:
            insert_rows(self._connection, table, rows)
            rows.clear()

    def flush(self) -> None:
        """Writes what is left."""
        for table, rows in self._rows.items():
            insert_rows(self._connection, table, rows)
            rows.clear()


class Derived:
    """Derives one log's rows from its entries, in order."""

    __slots__ = ("_growth", "_log", "_rows", "heads", "streams", "time_ms")

    def __init__(self, log: int, rows: Rows, created_ms: int) -> None:
        self._log = log
        self._rows = rows
        self._growth = Growth(Frontier(), _no_tile)
        self.streams: dict[str, tuple[int, int, Hash]] = {}
        # Size behind the last stream heads, and their time.
        self.heads = (0, created_ms)
        self.time_ms = 0

    @property
    def frontier(self) -> Frontier:
        """The tree of the entries so far."""
        return self._growth.frontier

    def entry(self, index: int, leaf: Hash, entry: Entry) -> None:
        """The next entry. Raises VerificationError for a stream with a gap."""
        place = place_of(self._log, index)
        self.time_ms = entry.time_ms
        for tile, content in self._growth.append(leaf):
            self._rows.add(TileRow, self._log, tile.level, tile.index, content)
        told = [str(entry.value.get(name, "")) for name in INDEXED]
        self._rows.add(RecordRow, place, entry.kind, entry.time_ms, *told)
        if entry.idempotency:
            self._rows.add(IdempotencyRow, self._log, entry.idempotency, place)
        for link in entry.links:
            known = self.streams.get(link.name)
            stream = place_of(self._log, len(self.streams)) if known is None else known[0]
            if link.n != (1 if known is None else known[1] + 1):
                raise VerificationError(f"the stream {link.name} has a gap", where=f"entry {index}")
            self.streams[link.name] = (stream, link.n, leaf)
            self._rows.add(StreamEntryRow, stream, link.n, place)
        if entry.kind == "stream-heads":
            self.heads = (index + 1, entry.time_ms)

    def finish(self) -> None:
        """The tiles that are not full, and where the streams stand."""
        for level in range(1, len(self._growth.edges)):
            partial = self._growth.partial(level)
            if partial is not None:
                self._rows.add(TileRow, self._log, level, partial[0].index, partial[1])
        for name, (stream, n, leaf) in self.streams.items():
            self._rows.add(StreamRow, stream, name, n, leaf)


def _no_tile(tile: Tile) -> bytes:
    raise TrailError(f"there is no tile {tile.index} of level {tile.level} yet")


def reindex(store: Store) -> int:
    """Makes a log's tiles and index tables anew from its entries; returns how many there are.

    All or nothing, and only when the entries are those that the head row tells of. The caller has the writer's lock.
    Raises VerificationError.
    """
    head = store.head()
    first, last = place_of(store.log, 0), place_of(store.log + 1, 0)
    with store.write() as connection:
        for statement in (
            "DELETE FROM tile WHERE log = :log",
            "DELETE FROM idempotency WHERE log = :log",
            "DELETE FROM record WHERE place >= :first AND place < :last",
            "DELETE FROM stream_entry WHERE stream >= :first AND stream < :last",
            "DELETE FROM stream_head WHERE id >= :first AND id < :last",
        ):
            connection.execute(text(statement), {"log": store.log, "first": first, "last": last})
        rows = Rows(connection)
        created = connection.execute(
            text("SELECT created_ms FROM log WHERE id = :log"), {"log": store.log}
        ).scalar_one()
        derived = Derived(store.log, rows, as_int(created))
        for index, stored, data in store.leaves(0, head.size):
            leaf = leaf_hash(data)
            if index != derived.frontier.size or leaf != stored:
                raise VerificationError(
                    "it is missing or was changed", where=f"entry {derived.frontier.size}"
                )
            derived.entry(index, leaf, parse_entry(data))
        if derived.frontier.size != head.size or derived.frontier.root() != head.root:
            raise VerificationError("the entries are not those of the head", where=f"size {head.size}")
        derived.finish()
        rows.flush()
        connection.execute(
            text(
                "UPDATE log_head SET streams = :streams, time_ms = :time, heads_size = :size, heads_ms = :at "
                "WHERE log = :log"
            ),
            {
                "streams": len(derived.streams),
                "time": derived.time_ms,
                "size": derived.heads[0],
                "at": derived.heads[1],
                "log": store.log,
            },
        )
    return head.size
