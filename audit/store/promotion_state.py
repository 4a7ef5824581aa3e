"""What a log has of promotions, read again from its entries and kept between batches, so that appending keeps their rules.

The index of streams helps to find the entries and is not believed: they are the tree's, and chained up to where the log's
state has the two streams.
"""

from collections.abc import Sequence
from heapq import merge
from typing import Final

from lockgate.audit.draft import Draft
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import VerificationError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.promotions.history import KEY_KIND, KEY_STREAM, KIND, STREAM, PromotionHistory
from lockgate.audit.store.columns import as_bytes
from lockgate.audit.store.log_state import LogState
from lockgate.audit.store.tables import place_of
from sqlalchemy import Connection, text

# The streams whose entries the rules are about.
STREAMS: Final = (STREAM, KEY_STREAM)
_CHUNK: Final = 500
_QUERY: Final = (
    "SELECT e.n, l.place, l.entry FROM stream_entry e JOIN leaf l ON l.place = e.place "
    "WHERE e.stream = :stream AND e.n > :after AND e.n <= :last ORDER BY e.n LIMIT :limit"
)


def asks_for_history(drafts: Sequence[Draft]) -> bool:
    """Has a batch to be judged by what the log has of promotions?"""
    return any(
        draft.kind == KIND or (draft.kind == KEY_KIND and draft.fields.get("use") == "statement")
        for draft in drafts
    )


class KeptHistory:
    """The history as of where both streams stood (counters, 0 where there is none)."""

    __slots__ = ("_at", "history")

    def __init__(self) -> None:
        self.history: PromotionHistory = PromotionHistory()
        self._at: tuple[int, ...] = (0, 0)

    def is_of(self, state: LogState) -> bool:
        """Do the streams stand where they stood?"""
        return self._at == _standing(state)

    def read(self, connection: Connection, state: LogState) -> None:
        """Reads all of it from the log. Raises VerificationError where that is not what the streams' heads lead to."""
        made = PromotionHistory()
        try:
            chains = [_chain(connection, state, name) for name in STREAMS]
            for index, entry in merge(*chains, key=lambda one: one[0]):
                made.take(index, entry.kind, entry.value, [link.name for link in entry.links])
        except VerificationError as error:
            raise _wrong(str(error)) from None
        self.history, self._at = made, _standing(state)

    def take(self, index: int, entry: bytes) -> None:
        """An entry that is to be appended; `settle` when it is. Raises RuleError, and nothing changes then."""
        parsed = parse_entry(entry)
        if parsed.kind in (KIND, KEY_KIND):
            self.history.take(index, parsed.kind, parsed.value, [link.name for link in parsed.links])

    def settle(self, state: LogState) -> None:
        """What was taken is in the state."""
        self._at = _standing(state)


def _standing(state: LogState) -> tuple[int, ...]:
    return tuple([0 if (known := state.known.get(name)) is None else known.n for name in STREAMS])


def _chain(connection: Connection, state: LogState, name: str) -> list[tuple[int, Entry]]:
    """Index and entry of a stream's entries, from the first to its head."""
    head = state.known.get(name)
    if head is None:
        return []
    found: list[tuple[int, Entry]] = []
    last: bytes | None = None
    while len(found) < head.n:
        rows = connection.execute(
            text(_QUERY),
            {"stream": head.id, "after": len(found), "last": head.n, "limit": _CHUNK},
        ).all()
        if not rows:
            raise _wrong(f"number {len(found) + 1} of {name} is missing")
        for _, place, data in rows:
            raw = as_bytes(data)
            index, leaf, entry = int(place) - place_of(state.log, 0), leaf_hash(raw), parse_entry(raw)
            link = next((one for one in entry.links if one.name == name), None)
            if (
                link is None
                or (link.n, link.prev) != (len(found) + 1, last)
                or leaf != state.growth.read(0, index)
            ):
                raise _wrong(f"number {len(found) + 1} of {name} is another entry")
            found.append((index, entry))
            last = leaf
    if last != head.leaf:
        raise _wrong(f"{name} ends with another entry")
    return found


def _wrong(what: str) -> VerificationError:
    return VerificationError(
        f"what the log has of promotions cannot be read: {what}",
        hint="run `lockgate audit verify`; if only the index is wrong, `lockgate audit reindex` makes it anew",
    )
