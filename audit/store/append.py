"""Appending a batch inside a transaction: numbers from the head row, links, tiles, and a look at what was stored.

Nothing is signed here. A batch that fails leaves nothing; what was kept in memory of the log is dropped with it.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.entry import finish, parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import HASH_SIZE, Frontier, Hash, leaf_hash, tree_root
from lockgate.audit.note import encode_base64
from lockgate.audit.store.columns import as_bytes, as_int
from lockgate.audit.store.database import is_sqlite
from lockgate.audit.store.growth import Growth
from lockgate.audit.store.inserting import insert_rows
from lockgate.audit.store.tables import (
    BodyRow,
    IdempotencyRow,
    LeafRow,
    RecordRow,
    StreamEntryRow,
    StreamRow,
    place_of,
)
from lockgate.audit.streams import StreamHead, StreamLink, heads_root
from lockgate.audit.tiles import TILE_WIDTH, Tile
from sqlalchemy import Connection, text

# Stream heads are logged after so many entries, or as many as there are streams, so that they cost each entry little.
HEADS_EVERY: Final = 1000
HEADS_AFTER_MS: Final = 3_600_000
# Heads of streams that a process keeps in memory.
MAX_STREAMS: Final = 50_000
# First argument of PostgreSQL's advisory locks of ours: "LG".
_LOCK_CLASS: Final = 0x4C47

INDEXED: Final = ("outcome", "policies", "model", "environment", "resource")


class ClosedLogError(TrailError):
    """The log takes no more entries."""


class ErasedKeyError(TrailError):
    """The key of the draft's namespace was destroyed since: the draft has to be made again."""


def _erased_key() -> ErasedKeyError:
    return ErasedKeyError(
        "the key of the draft's namespace was destroyed",
        hint="nothing was recorded; made again in a few seconds, the record gets a new key",
    )


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry in its place. `repeated`: it was there before, by its idempotency key."""

    index: int
    leaf_hash: Hash
    entry: bytes
    repeated: bool = False


@dataclass(slots=True)
class LogState:
    """What a process remembers of a log between batches. Valid only while the head row is as it says."""

    log: int
    growth: Growth
    time_ms: int
    streams: int
    heads_size: int
    heads_ms: int
    known: dict[str, tuple[int, int, Hash]] = field(default_factory=dict)


def read_tile(connection: Connection, log: int, tile: Tile) -> bytes:
    """A tile from the database; a level-0 tile that is not full is made of its leaves' hashes. Raises TrailError."""
    if tile.level == 0 and tile.width < TILE_WIDTH:
        start = place_of(log, tile.index * TILE_WIDTH)
        rows = connection.execute(
            text("SELECT leaf_hash FROM leaf WHERE place >= :start AND place < :stop ORDER BY place"),
            {"start": start, "stop": start + tile.width},
        )
        data = b"".join([as_bytes(row[0]) for row in rows])
    else:
        row = connection.execute(
            text("SELECT data FROM tile WHERE log = :log AND level = :level AND tile = :tile"),
            {"log": log, "level": tile.level, "tile": tile.index},
        ).one_or_none()
        data = b"" if row is None else as_bytes(row[0])[: tile.width * HASH_SIZE]
    if len(data) != tile.width * HASH_SIZE:
        raise VerificationError(
            f"tile {tile.index} of level {tile.level} is missing or short", where=f"log {log}"
        )
    return data


def head_seal(seal_key: bytes, origin: str, size: int, root: Hash) -> bytes:
    """The seal of a head row. What was committed and not yet signed when a process died is signed only under it.

    Without it, who can write to the database, and has no key, could add entries and have the next start sign them.
    """
    return hmac.digest(seal_key, f"{origin}\n{size}\n".encode() + root, "sha256")


def split_frontier(data: bytes) -> list[Hash]:
    """The hashes of a frontier as the head row keeps them."""
    return [bytes(data[place : place + HASH_SIZE]) for place in range(0, len(data), HASH_SIZE)]


class BatchAppender:
    """Appends batches to one log over connections that are given; several logs and processes may share a database."""

    __slots__ = ("_seal_key", "_signed", "_state", "log", "origin")

    def __init__(self, log: int, origin: str, seal_key: bytes) -> None:
        self.log: Final = log
        self.origin: Final = origin
        self._seal_key = seal_key
        self._state: LogState | None = None
        self._signed: tuple[int, Hash] | None = None

    def remember_signed(self, size: int, root: Hash) -> None:
        """A checkpoint was signed: whatever the database becomes, this process goes on from there or not at all."""
        self._signed = size, root

    def forget(self) -> None:
        """Drops what is remembered; a transaction failed or another writes."""
        self._state = None

    def lock(self, connection: Connection) -> LogState:
        """Takes the log's lock for the transaction, and the state as of its head row.

        Raises ClosedLogError, or VerificationError when head, tiles and frontier disagree.
        """
        query = (
            "SELECT h.size, h.root, h.frontier, h.time_ms, h.streams, h.heads_size, h.heads_ms, h.seal, "
            "l.state, l.successor "
            "FROM log_head h JOIN log l ON l.id = h.log WHERE h.log = :log"
        )
        if not is_sqlite(connection):
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:name, :log)"), {"name": _LOCK_CLASS, "log": self.log}
            )
            query += " FOR UPDATE OF h"
        row = connection.execute(text(query), {"log": self.log}).one()
        root, frontier, seal = [as_bytes(row[place]) for place in (1, 2, 7)]
        size, time_ms, streams, heads_size, heads_ms = [as_int(row[place]) for place in (0, 3, 4, 5, 6)]
        state, successor = row[8:]
        if state != "active":
            raise ClosedLogError(
                f"the log {self.origin} is {state}",
                hint=f"its successor is {successor}" if successor else "",
            )
        kept = self._state
        if kept is None or kept.growth.size != size or kept.growth.frontier.root() != root:
            expected = head_seal(self._seal_key, self.origin, size, root)
            if not hmac.compare_digest(seal, expected):
                raise VerificationError(
                    "the head of the log was moved by somebody without the master key",
                    where=f"size {size}",
                    hint="run `lockgate audit verify`; nothing was appended or signed",
                )
            made = Frontier.from_hashes(size, split_frontier(frontier))
            growth = Growth(made, lambda tile: read_tile(connection, self.log, tile))
            if made.root() != root or growth.root() != root:
                raise VerificationError("the head's root is not that of the tiles", where=f"size {size}")
            self._check_signed(growth)
            kept = LogState(self.log, growth, time_ms, streams, heads_size, heads_ms)
            self._state = kept
        kept.growth._get = lambda tile: read_tile(connection, self.log, tile)
        return kept

    def _check_signed(self, growth: Growth) -> None:
        """An older head has its seal too: a server that failed over to a replica that lagged is noticed here."""
        if self._signed is None:
            return
        size, root = self._signed
        if growth.size < size or tree_root(size, growth.read) != root:
            raise VerificationError(
                f"a checkpoint of size {size} was signed, and the database does not go on from it",
                where=f"size {growth.size}",
                hint="nothing was appended; close this log with `lockgate audit restore`",
            )

    def take_over(self, connection: Connection, answers: Sequence[Appended | TrailError]) -> bool:
        """Whether a batch whose commit was not answered is in the log; then its state is this process's again."""
        fresh = [one for one in answers if isinstance(one, Appended) and not one.repeated]
        state = self.lock(connection)
        if not fresh:
            return True
        return fresh[-1].index < state.growth.size and all(
            state.growth.read(0, one.index) == one.leaf_hash for one in fresh
        )

    def append(
        self, connection: Connection, drafts: Sequence[Draft], now_ms: int
    ) -> list[Appended | TrailError]:
        """Appends drafts in the connection's transaction; for each its entry, or why it alone was refused.

        Raises TrailError when nothing can be appended. The caller commits, and calls `forget` when that fails.
        """
        state = self.lock(connection)
        before = state.growth.size
        # Until the transaction is over, what is in memory is ahead of the database.
        self._state = None
        batch = _Batch(connection, state, now_ms, self.origin, self._seal_key)
        answers = batch.take(drafts)
        if batch.leaves:
            batch.take_heads()
            batch.store(before)
        self._state = state
        return answers

    @property
    def state(self) -> LogState | None:
        """What is remembered of the log after the last batch."""
        return self._state


class _Batch:
    """One batch on its way into the database."""

    def __init__(
        self, connection: Connection, state: LogState, now_ms: int, origin: str, seal_key: bytes
    ) -> None:
        self.connection = connection
        self.origin = origin
        self.seal_key = seal_key
        self.state = state
        self.now_ms = now_ms
        self.leaves: list[tuple[int, Hash, bytes]] = []
        self.records: list[tuple[Any, ...]] = []
        self.bodies: list[tuple[int, bytes, bytes, bytes]] = []
        self.keys: list[tuple[int, bytes, int]] = []
        self.links: list[tuple[int, int, int]] = []
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.touched: dict[str, None] = {}
        self.made: dict[str, None] = {}

    def take(self, drafts: Sequence[Draft]) -> list[Appended | TrailError]:
        repeated = self._find_repeated(drafts)
        self._find_streams(drafts)
        erased = self._find_erased(drafts)
        answers: list[Appended | TrailError] = []
        for draft in drafts:
            known = repeated.get(draft.idempotency) if draft.idempotency else None
            if known is not None:
                answers.append(known)
                continue
            if draft.body is not None and draft.body.vault_ref in erased:
                answers.append(_erased_key())
                continue
            try:
                made = self._take(draft)
            except TrailError as error:
                answers.append(error)
                continue
            answers.append(made)
            if draft.idempotency:
                repeated[draft.idempotency] = Appended(made.index, made.leaf_hash, made.entry, repeated=True)
        return answers

    def _take(self, draft: Draft) -> Appended:
        state = self.state
        index = state.growth.size
        opens = draft.kind == "log" and draft.fields.get("event") == "opened"
        if opens != (index == 0) or (opens and draft.fields.get("origin") != self.origin):
            raise TrailError("a log begins with its opening, which names it, and has no other")
        heads: list[tuple[int, int, Hash]] = []
        links: list[StreamLink] = []
        fresh: list[str] = []
        for name in draft.streams:
            head = state.known.get(name)
            if head is None:
                head = (place_of(state.log, state.streams + len(fresh)), 0, b"")
                fresh.append(name)
            heads.append(head)
            links.append(StreamLink(name, head[1] + 1, head[2] or None))
        entry = finish(draft, self.now_ms, links, state.time_ms)
        leaf = leaf_hash(entry)
        # From here on nothing refuses the draft.
        place = place_of(state.log, index)
        state.streams += len(fresh)
        state.time_ms = self.now_ms
        self.made.update(dict.fromkeys(fresh))
        for link, head in zip(links, heads, strict=True):
            state.known[link.name] = (head[0], link.n, leaf)
            self.touched[link.name] = None
            self.links.append((head[0], link.n, place))
        for tile, data in state.growth.append(leaf):
            self.tiles[tile.level, tile.index] = data
        self.leaves.append((place, leaf, entry))
        fields = draft.fields
        self.records.append(
            (place, draft.kind, self.now_ms, *[str(fields.get(name, "")) for name in INDEXED])
        )
        if draft.body is not None:
            self.bodies.append((place, draft.body.vault_ref, draft.body.wrapped_key, draft.body.sealed))
        if draft.idempotency:
            self.keys.append((state.log, draft.idempotency, place))
        return Appended(index, leaf, entry)

    def take_heads(self) -> None:
        """Logs the heads of all streams when it is time to."""
        state = self.state
        size = state.growth.size
        grown = size - state.heads_size
        if grown < max(HEADS_EVERY, state.streams) and self.now_ms - state.heads_ms < HEADS_AFTER_MS:
            return
        self.log_heads()

    def log_heads(self) -> None:
        state = self.state
        size = state.growth.size
        self._store_streams()
        rows = self.connection.execute(
            text("SELECT name, n, leaf_hash FROM stream_head WHERE id >= :first AND id < :last"),
            {"first": place_of(state.log, 0), "last": place_of(state.log + 1, 0)},
        )
        heads = [StreamHead(row[0], row[1], as_bytes(row[2])) for row in rows]
        fields: dict[str, Json] = {
            "size": size,
            "count": len(heads),
            "root": encode_base64(heads_root(heads)),
        }
        self._take(Draft("stream-heads", fields))
        state.heads_size, state.heads_ms = state.growth.size, self.now_ms

    def store(self, before: int) -> None:
        """Writes the batch, moves the head on, and reads the leaves back."""
        state, connection = self.state, self.connection
        insert_rows(connection, LeafRow, self.leaves)
        insert_rows(connection, RecordRow, self.records)
        insert_rows(connection, BodyRow, self.bodies)
        insert_rows(connection, IdempotencyRow, self.keys)
        insert_rows(connection, StreamEntryRow, self.links)
        self._store_streams()
        self._store_tiles()
        root = state.growth.frontier.root()
        if state.growth.root() != root:
            raise VerificationError("tiles and frontier disagree", where=f"size {state.growth.size}")
        moved = connection.execute(
            text(
                "UPDATE log_head SET size = :size, root = :root, frontier = :frontier, time_ms = :time_ms, "
                "streams = :streams, heads_size = :heads_size, heads_ms = :heads_ms, seal = :seal "
                "WHERE log = :log AND size = :before"
            ),
            {
                "size": state.growth.size,
                "root": root,
                "frontier": b"".join(state.growth.frontier.hashes),
                "time_ms": state.time_ms,
                "streams": state.streams,
                "heads_size": state.heads_size,
                "heads_ms": state.heads_ms,
                "seal": head_seal(self.seal_key, self.origin, state.growth.size, root),
                "log": state.log,
                "before": before,
            },
        )
        if moved.rowcount != 1:
            raise TrailError("another writer moved the log on: nothing of this batch was recorded")
        self._read_back(before)

    def _store_streams(self) -> None:
        known = self.state.known
        rows = [(known[name][0], name, known[name][1], known[name][2]) for name in self.made]
        insert_rows(self.connection, StreamRow, rows)
        moved = [
            {"id": known[name][0], "n": known[name][1], "leaf": known[name][2]}
            for name in self.touched
            if name not in self.made
        ]
        if moved:
            if is_sqlite(self.connection):
                self.connection.exec_driver_sql(
                    "UPDATE stream_head SET n = ?, leaf_hash = ? WHERE id = ?",
                    [(one["n"], one["leaf"], one["id"]) for one in moved],
                )
            else:
                self.connection.exec_driver_sql(
                    "UPDATE stream_head s SET n = u.n, leaf_hash = u.leaf FROM "
                    "unnest(%(id)b::bigint[], %(n)b::bigint[], %(leaf)b::bytea[]) AS u(id, n, leaf) "
                    "WHERE s.id = u.id",
                    {name: [one[name] for one in moved] for name in ("id", "n", "leaf")},
                )
        self.made.clear()
        self.touched.clear()
        if len(known) > MAX_STREAMS:
            known.clear()

    def _store_tiles(self) -> None:
        growth = self.state.growth
        for level in range(1, len(growth.edges)):
            partial = growth.partial(level)
            if partial is not None and (level - 1, _last_full(growth.size, level - 1)) in self.tiles:
                self.tiles[level, partial[0].index] = partial[1]
        if not self.tiles:
            return
        self.connection.execute(
            text(
                "INSERT INTO tile (log, level, tile, data) VALUES (:log, :level, :tile, :data) "
                "ON CONFLICT (log, level, tile) DO UPDATE SET data = excluded.data"
            ),
            [
                {"log": self.state.log, "level": level, "tile": tile, "data": data}
                for (level, tile), data in self.tiles.items()
            ],
        )

    def _read_back(self, before: int) -> None:
        """The leaf hash again, from the bytes that the database has: a flipped bit is found before it is signed."""
        rows = self.connection.execute(
            text(
                "SELECT place, leaf_hash, entry FROM leaf WHERE place >= :first AND place < :last ORDER BY place"
            ),
            {
                "first": place_of(self.state.log, before),
                "last": place_of(self.state.log, self.state.growth.size),
            },
        ).all()
        if len(rows) != len(self.leaves):
            raise VerificationError("the database does not hold what was written to it")
        for row, (place, leaf, _entry) in zip(rows, self.leaves, strict=True):
            if row[0] != place or as_bytes(row[1]) != leaf or leaf_hash(as_bytes(row[2])) != leaf:
                raise VerificationError(
                    "the database does not hold what was written to it", where=f"place {place}"
                )

    def _find_repeated(self, drafts: Sequence[Draft]) -> dict[bytes, Appended]:
        keys = [draft.idempotency for draft in drafts if draft.idempotency]
        found: dict[bytes, Appended] = {}
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            listed, names = _listed(some)
            rows = self.connection.execute(
                text(
                    "SELECT i.key, l.place, l.leaf_hash, l.entry FROM idempotency i JOIN leaf l "  # noqa: S608 - names made here
                    f"ON l.place = i.place WHERE i.log = :log AND i.key IN ({listed})"
                ),
                {"log": self.state.log, **names},
            )
            for key, place, leaf, entry in rows:
                index = as_int(place) - place_of(self.state.log, 0)
                known = Appended(index, as_bytes(leaf), as_bytes(entry), repeated=True)
                self._check_repeated(as_bytes(key), known)
                found[as_bytes(key)] = known
        return found

    def _check_repeated(self, key: bytes, known: Appended) -> None:
        """The index of request keys must not name another's entry: the record would be taken for recorded."""
        entry = parse_entry(known.entry)
        if entry.idempotency != key or leaf_hash(known.entry) != self.state.growth.read(0, known.index):
            raise VerificationError(
                "the index of request keys names another entry",
                where=f"entry {known.index}",
                hint="run `lockgate audit verify`",
            )

    def _find_streams(self, drafts: Sequence[Draft]) -> None:
        known = self.state.known
        wanted = list(
            dict.fromkeys([name for draft in drafts for name in draft.streams if name not in known])
        )
        first, last = place_of(self.state.log, 0), place_of(self.state.log + 1, 0)
        for start in range(0, len(wanted), 500):
            some = wanted[start : start + 500]
            listed, names = _listed(some)
            rows = self.connection.execute(
                text(
                    "SELECT name, id, n, leaf_hash FROM stream_head "  # noqa: S608 - names made here
                    f"WHERE name IN ({listed}) AND id >= :first AND id < :last"
                ),
                {"first": first, "last": last, **names},
            )
            for name, ordinal, n, leaf in rows:
                known[name] = (ordinal, n, as_bytes(leaf))

    def _find_erased(self, drafts: Sequence[Draft]) -> set[bytes]:
        wanted = {draft.body.vault_ref for draft in drafts if draft.body is not None}
        if not wanted:
            return set()
        listed, names = _listed(sorted(wanted))
        rows = self.connection.execute(
            text(f"SELECT ref FROM vault_key WHERE ref IN ({listed})"),  # noqa: S608 - names made here
            names,
        )
        return wanted - {as_bytes(row[0]) for row in rows}


def _listed(values: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """The parameters of an `IN (…)`, as they stand in the statement and with their values."""
    names = {f"one{place}": value for place, value in enumerate(values)}
    return ", ".join([f":{name}" for name in names]), names


def _last_full(size: int, level: int) -> int:
    """The index of the last full tile of a level; -1 when there is none."""
    return (size >> (8 * (level + 1))) - 1
