"""A batch on its way into a log: drafts become entries with links, leaves and tiles, and then rows.

Nothing is written here but through `BatchTables`; the caller holds the log's lock, and commits.
"""

from collections.abc import Sequence
from typing import Final

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.entry_text import finish
from lockgate.audit.errors import ErasedKeyError, TrailError, VerificationError
from lockgate.audit.merkle import Hash, leaf_hash
from lockgate.audit.note import encode_base64
from lockgate.audit.promotions.history import KEY_KIND, KIND
from lockgate.audit.store.batch_rows import (
    BatchRows,
    BatchTables,
    Found,
    KeptCheckpoint,
    LockedHead,
    StoredEntry,
    StoredStream,
    read_streams,
)
from lockgate.audit.store.log_state import HEADS_EVERY, LogState
from lockgate.audit.store.promotion_state import KeptHistory
from lockgate.audit.store.seal import head_seal
from lockgate.audit.store.tables import place_of
from lockgate.audit.streams import StreamHead, StreamLink, heads_root, is_early_for_heads
from lockgate.audit.tiles import TILE_HEIGHT
from lockgate.engine.record import light_record
from sqlalchemy import Connection

# After so long, stream heads are logged after fewer entries than usual.
HEADS_AFTER_MS: Final = 3_600_000

# Kinds that what the log has of promotions is made of.
_JUDGED: Final = (KIND, KEY_KIND)
INDEXED: Final = ("outcome", "policies", "model", "environment", "resource")


def _erased_key() -> ErasedKeyError:
    return ErasedKeyError(
        "the key of the draft's namespace was destroyed",
        hint="nothing was recorded; made again in a few seconds, the record gets a new key",
    )


@light_record
class Appended:
    """An entry in its place. `repeated`: it was there before, by its idempotency key."""

    index: int
    leaf_hash: Hash
    entry: bytes
    repeated: bool = False


class Batch:
    """One batch: `take` the drafts, `take_heads` when it is time to, and `store` what they made."""

    __slots__ = (
        "_made",
        "_now_ms",
        "_origin",
        "_promotions",
        "_rows",
        "_seal_key",
        "_state",
        "_tiles",
        "_touched",
    )

    def __init__(
        self,
        state: LogState,
        now_ms: int,
        origin: str,
        seal_key: bytes,
        checkpoint: KeptCheckpoint | None = None,
        promotions: KeptHistory | None = None,
    ) -> None:
        """promotions: what the log has of them; has to be there where a draft is about one."""
        self._state = state
        self._promotions = promotions
        self._now_ms = now_ms
        self._origin = origin
        self._seal_key = seal_key
        self._rows: Final = BatchRows(state.growth.size, checkpoint)
        self._tiles: dict[tuple[int, int], bytes] = {}
        # Names of streams that moved, and of those among them that are new.
        self._touched: dict[str, None] = {}
        self._made: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is to be stored."""
        return not self._rows.leaves

    def take(self, drafts: Sequence[Draft], found: Found) -> list[Appended | TrailError]:
        """For each draft its entry, or why it alone is refused. Raises VerificationError for a wrong index of keys."""
        repeated = {key: self._repeated(key, one) for key, one in found.repeated.items()}
        answers: list[Appended | TrailError] = []
        for draft in drafts:
            known = repeated.get(draft.idempotency) if draft.idempotency else None
            if known is not None:
                answers.append(known)
                continue
            if draft.body is not None and draft.body.vault_ref not in found.vault_refs:
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

    def _repeated(self, key: bytes, stored: StoredEntry) -> Appended:
        """The index of request keys must not name another's entry: the record would be taken for recorded."""
        index = stored.place - place_of(self._state.log, 0)
        entry, leaf = parse_entry(stored.entry), leaf_hash(stored.entry)
        if (
            not 0 <= index < self._rows.before
            or entry.idempotency != key
            or leaf != self._state.growth.read(0, index)
        ):
            raise VerificationError(
                "the index of request keys names another entry",
                where=f"entry {index}",
                hint="run `lockgate audit verify`",
            )
        return Appended(index, leaf, stored.entry, repeated=True)

    def _take(self, draft: Draft) -> Appended:
        state, rows = self._state, self._rows
        index = state.growth.size
        opens = draft.kind == "log" and draft.fields.get("event") == "opened"
        if opens != (index == 0) or (opens and draft.fields.get("origin") != self._origin):
            raise TrailError("a log begins with its opening, which names it, and has no other")
        ids: list[int] = []
        links: list[StreamLink] = []
        fresh: list[str] = []
        for name in draft.streams:
            head = state.known.get(name)
            if head is None:
                ids.append(place_of(state.log, state.streams + len(fresh)))
                fresh.append(name)
                links.append(StreamLink(name, 1, None))
            else:
                ids.append(head.id)
                links.append(StreamLink(name, head.n + 1, head.leaf))
        entry = finish(draft, self._now_ms, links, state.time_ms)
        leaf = leaf_hash(entry)
        if self._promotions is not None and draft.kind in _JUDGED:
            self._promotions.take(index, entry)
        # From here on nothing refuses the draft.
        place = place_of(state.log, index)
        state.streams += len(fresh)
        state.time_ms = self._now_ms
        self._made.update(fresh)
        for stream, link in zip(ids, links, strict=True):
            state.known[link.name] = StoredStream(stream, link.n, leaf)
            self._touched[link.name] = None
            rows.links.append((stream, link.n, place))
        if self._promotions is not None and draft.kind in _JUDGED:
            self._promotions.settle(state)
        for tile, data in state.growth.append(leaf):
            self._tiles[tile.level, tile.index] = data
        rows.leaves.append((place, leaf, entry))
        told = [str(draft.fields.get(name, "")) for name in INDEXED]
        rows.records.append((place, draft.kind, self._now_ms, *told))
        if draft.body is not None:
            rows.bodies.append((place, draft.body.vault_ref, draft.body.wrapped_key, draft.body.sealed))
        if draft.idempotency:
            rows.keys.append((state.log, draft.idempotency, place))
        return Appended(index, leaf, entry)

    def take_heads(self, connection: Connection) -> None:
        """Logs the heads of all streams when it is time to."""
        state = self._state
        grown = state.growth.size - state.heads_size
        is_time = self._now_ms - state.heads_ms >= HEADS_AFTER_MS and not is_early_for_heads(
            grown, state.streams
        )
        if grown < max(HEADS_EVERY, state.streams) and not is_time:
            return
        heads = state.known
        if not state.knows_all:
            heads = read_streams(connection, state.log)
            # What this batch moved is not in the database yet.
            heads.update({name: state.known[name] for name in self._touched})
        listed = [StreamHead(name, one.n, one.leaf) for name, one in heads.items()]
        fields: dict[str, Json] = {
            "size": state.growth.size,
            "count": len(listed),
            "root": encode_base64(heads_root(listed)),
        }
        self._take(Draft("stream-heads", fields))
        state.heads_size, state.heads_ms = state.growth.size, self._now_ms

    def store(self, connection: Connection, tables: BatchTables) -> None:
        """Writes the batch, moves the head on, and checks the leaves as the database gives them."""
        state, rows = self._state, self._rows
        for name in self._touched:
            one = state.known[name]
            if name in self._made:
                rows.streams.append((one.id, name, one.n, one.leaf))
            else:
                rows.moved.append((one.id, one.n, one.leaf))
        self._add_tiles()
        growth = state.growth
        root = growth.frontier.root()
        if growth.root() != root:
            raise VerificationError("tiles and frontier disagree", where=f"size {growth.size}")
        head = LockedHead(
            growth.size,
            root,
            b"".join(growth.frontier.hashes),
            state.time_ms,
            state.streams,
            state.heads_size,
            state.heads_ms,
            head_seal(self._seal_key, self._origin, growth.size, root),
            "active",
            "",
        )
        written = tables.write(connection, rows, head)
        if not written.is_moved:
            raise TrailError("another writer moved the log on: nothing of this batch was recorded")
        self._check_written(written.leaves)

    def _add_tiles(self) -> None:
        """The full tiles of the batch, and the partial ones above those."""
        growth = self._state.growth
        for level in range(1, len(growth.edges)):
            partial = growth.partial(level)
            if partial is not None and (level - 1, _last_full(growth.size, level - 1)) in self._tiles:
                self._tiles[level, partial[0].index] = partial[1]
        self._rows.tiles += [
            (self._state.log, level, tile, data) for (level, tile), data in self._tiles.items()
        ]

    def _check_written(self, stored: Sequence[StoredEntry]) -> None:
        """The leaf hash again, from the bytes that the database has: a flipped bit is found before it is signed."""
        leaves = self._rows.leaves
        if len(stored) != len(leaves):
            raise VerificationError("the database does not hold what was written to it")
        for one, (place, leaf, _) in zip(stored, leaves, strict=True):
            if one.place != place or one.leaf_hash != leaf or leaf_hash(one.entry) != leaf:
                raise VerificationError(
                    "the database does not hold what was written to it", where=f"place {place}"
                )


def _last_full(size: int, level: int) -> int:
    """The index of the last full tile of a level; -1 when there is none."""
    return (size >> (TILE_HEIGHT * (level + 1))) - 1
