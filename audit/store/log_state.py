"""What a process remembers of a log between batches, and how it is read: from what the head's seal binds, and no more.

The seal covers size and root, the root covers the entries. Where the streams stand is a table that anybody with the
database can change, and an append upon a changed one would be signed. So it is compared: with the last `stream-heads`
entry, and with the entries since.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import HASH_SIZE, Frontier, Hash, leaf_hash
from lockgate.audit.note import encode_base64
from lockgate.audit.store.batch_rows import (
    LockedHead,
    StoredEntry,
    StoredStream,
    entries_of,
    read_streams,
)
from lockgate.audit.store.columns import as_bytes
from lockgate.audit.store.growth import Growth
from lockgate.audit.store.tables import place_of
from lockgate.audit.streams import StreamHead, StreamLink, heads_root
from lockgate.audit.tiles import TILE_WIDTH, Tile
from sqlalchemy import Connection, text

# Stream heads are logged after so many entries, or as many as there are streams, so that they cost each entry little.
HEADS_EVERY: Final = 1000
# Streams that a process keeps in memory, about 300 bytes each; of a log with more, each is read when it is needed.
MAX_STREAMS: Final = 50_000
# Another writer's entries that are followed one by one; behind more, the log is read anew.
MAX_FOLLOWED: Final = 4096
# Entries behind the last stream heads, beyond those that are due: a batch is smaller.
_SLACK: Final = 10_000
_CHUNK: Final = 1024
_HINT: Final = (
    "run `lockgate audit verify`; if only the index is wrong, `lockgate audit reindex` makes it anew"
)


@dataclass(slots=True)
class LogState:
    """Valid only while the head row is as it says.

    known: where streams stand; all `streams` of them, unless those are too many. checked_from: the first of the entries at
    the end that were read and found to be the tree's. heads_size, heads_ms: size and time behind the last stream heads.
    """

    log: int
    growth: Growth
    time_ms: int
    streams: int
    heads_size: int
    heads_ms: int
    known: dict[str, StoredStream] = field(default_factory=dict)
    checked_from: int = 0

    @property
    def knows_all(self) -> bool:
        """Whether a stream that is not known is a new one."""
        return len(self.known) == self.streams

    def take(self, entry: Entry, leaf: Hash) -> None:
        """Goes on by an entry that the log has. Raises VerificationError for a stream with a gap."""
        for link in entry.links:
            known = self.known.get(link.name)
            if known is None and link.n == 1:
                self.known[link.name] = StoredStream(place_of(self.log, self.streams), 1, leaf)
                self.streams += 1
            elif known is not None:
                if (link.n, link.prev) != (known.n + 1, known.leaf):
                    raise VerificationError(
                        f"the stream {link.name} has a gap", where=f"entry {self.growth.size}"
                    )
                self.known[link.name] = StoredStream(known.id, link.n, leaf)
        self.growth.append(leaf)
        self.time_ms = entry.time_ms
        if entry.kind == "stream-heads":
            self.heads_size, self.heads_ms = self.growth.size, entry.time_ms


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


def read_state(connection: Connection, log: int, head: LockedHead) -> LogState:
    """The state at a head whose seal was checked. Raises VerificationError where the database is not of one piece."""
    size, root = head.size, head.root
    hashes = [head.frontier[place : place + HASH_SIZE] for place in range(0, len(head.frontier), HASH_SIZE)]
    made = Frontier.from_hashes(size, hashes)
    growth = Growth(made, lambda tile: read_tile(connection, log, tile))
    if made.root() != root or growth.root() != root:
        raise VerificationError("the head's root is not that of the tiles", where=f"size {size}")
    first = _first_to_read(head)
    state = LogState(log, growth, head.time_ms, head.streams, head.heads_size, head.heads_ms)
    state.checked_from = first
    if head.streams <= MAX_STREAMS:
        state.known = read_streams(connection, log)
        _check_ids(state)
    # Where each stream stood behind the last heads, and stands at the end: by its first and last link since.
    before: dict[str, StreamLink] = {}
    after: dict[str, tuple[int, Hash]] = {}
    logged: Entry | None = None
    for index, leaf, entry in _entries(connection, state, first):
        if index < head.heads_size:
            logged = entry
        else:
            if entry.kind == "stream-heads":
                raise VerificationError("the head row tells of older stream heads", where=f"entry {index}")
            for link in entry.links:
                before.setdefault(link.name, link)
                after[link.name] = (link.n, leaf)
        state.time_ms = entry.time_ms
    if logged is not None:
        state.heads_ms = logged.time_ms
    if head.streams <= MAX_STREAMS:
        _check_streams(state, before, after, logged)
    return state


def _first_to_read(head: LockedHead) -> int:
    """The entry of the last stream heads, or the first one. Raises VerificationError for a place that cannot be."""
    since = head.size - head.heads_size
    if head.heads_size < 0 or not 0 <= since <= max(HEADS_EVERY, head.streams) + _SLACK:
        raise VerificationError(
            "the head row names no recent stream heads", where=f"size {head.size}", hint=_HINT
        )
    return max(0, head.heads_size - 1)


def _read_leaves(connection: Connection, log: int, start: int, stop: int) -> Iterator[StoredEntry]:
    for first in range(start, stop, _CHUNK):
        yield from entries_of(
            connection.execute(
                text(
                    "SELECT place, leaf_hash, entry FROM leaf WHERE place >= :first AND place < :last "
                    "ORDER BY place"
                ),
                {"first": place_of(log, first), "last": place_of(log, min(stop, first + _CHUNK))},
            ).all()
        )


def _entries(connection: Connection, state: LogState, start: int) -> Iterator[tuple[int, Hash, Entry]]:
    """Index, leaf hash and entry from `start` to the end. Raises VerificationError where they are not the tree's."""
    index, growth = start, state.growth
    for stored in _read_leaves(connection, state.log, start, growth.size):
        if stored.place != place_of(state.log, index):
            raise VerificationError("an entry is missing", where=f"entry {index}")
        leaf = leaf_hash(stored.entry)
        if leaf != stored.leaf_hash or leaf != growth.read(0, index):
            raise VerificationError("the entry was changed", where=f"entry {index}")
        yield index, leaf, parse_entry(stored.entry)
        index += 1
    if index != growth.size:
        raise VerificationError("an entry is missing", where=f"entry {index}")


def _wrong_index(state: LogState) -> VerificationError:
    return VerificationError(
        "the index of streams is not that of the entries", where=f"size {state.growth.size}", hint=_HINT
    )


def _check_ids(state: LogState) -> None:
    ids = {one.id for one in state.known.values()}
    expected = range(place_of(state.log, 0), place_of(state.log, 0) + state.streams)
    if len(ids) != state.streams or len(state.known) != state.streams or not ids <= set(expected):
        raise _wrong_index(state)


def _check_streams(
    state: LogState,
    before: Mapping[str, StreamLink],
    after: Mapping[str, tuple[int, Hash]],
    logged: Entry | None,
) -> None:
    """The streams are those of the last heads, moved on by the entries since."""
    heads: list[StreamHead] = []
    for name, one in state.known.items():
        if after.get(name, (one.n, one.leaf)) != (one.n, one.leaf):
            raise _wrong_index(state)
        link = before.get(name)
        if link is None:
            heads.append(StreamHead(name, one.n, one.leaf))
        elif link.prev is not None:
            heads.append(StreamHead(name, link.n - 1, link.prev))
    if not after.keys() <= state.known.keys():
        raise _wrong_index(state)
    if logged is None:
        if heads:
            raise _wrong_index(state)
        return
    value = logged.value
    if (
        logged.kind != "stream-heads"
        or value["count"] != len(heads)
        or value["root"] != encode_base64(heads_root(heads))
    ):
        raise _wrong_index(state)


def follow(connection: Connection, state: LogState, head: LockedHead) -> bool:
    """Goes on by what another writer appended, up to a head whose seal was checked; False where that does not lead there.

    A state that did not get there is of no use any more.
    """
    size = state.growth.size
    if not 0 < head.size - size <= MAX_FOLLOWED:
        return False
    state.growth.get = lambda tile: read_tile(connection, state.log, tile)
    try:
        for stored in _read_leaves(connection, state.log, size, head.size):
            if stored.place != place_of(state.log, state.growth.size):
                return False
            state.take(parse_entry(stored.entry), leaf_hash(stored.entry))
    except TrailError:
        return False
    return state.growth.frontier.root() == head.root and state.growth.root() == head.root


def check_row(connection: Connection, state: LogState, name: str, row: StoredStream) -> None:
    """Checks where a stream stands by the entry that its row means: of a log with too many streams to compare them all.

    That it stands no further is not shown by this. Raises VerificationError.
    """
    found = connection.execute(
        text(
            "SELECT l.place, l.leaf_hash, l.entry FROM stream_entry e JOIN leaf l ON l.place = e.place "
            "WHERE e.stream = :stream AND e.n >= :n ORDER BY e.n LIMIT 2"
        ),
        {"stream": row.id, "n": row.n},
    )
    stored = entries_of(found.all())
    index = stored[0].place - place_of(state.log, 0) if stored else -1
    if len(stored) != 1 or not 0 <= index < state.growth.size:
        raise _wrong_index(state)
    leaf = leaf_hash(stored[0].entry)
    links = parse_entry(stored[0].entry).links
    if leaf != row.leaf or leaf != state.growth.read(0, index):
        raise _wrong_index(state)
    if not any(link.name == name and link.n == row.n for link in links):
        raise _wrong_index(state)
