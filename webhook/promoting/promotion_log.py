"""What a trail has of promotions: every entry of the two streams that say so, proven, with the bodies opened.

A stream is a chain, so that no entry in it is left out; that its last one is the last is told by the heads that the log
logged (`stream_ends`), so that who can write to the database and has no key hides no revocation.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from lockgate.audit.attestations.statement import MAX_STATEMENT
from lockgate.audit.dsse import IN_TOTO, envelope_of
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.promotions.history import (
    KEY_STREAM,
    STREAM,
    Promotion,
    PromotionHistory,
    Request,
)
from lockgate.audit.promotions.statement import PromotionStatement, parse_promotion, statement_digest
from lockgate.audit.receipt import Receipt
from lockgate.audit.standing import Standing
from lockgate.audit.store.appender import system_clock
from lockgate.audit.stream_ends import stream_ends
from lockgate.audit.streams import StreamLink
from lockgate.engine.foreign_documents import parse_foreign_json
from lockgate.webhook.bodies import open_body
from lockgate.webhook.trail import Trail

_CHUNK: Final = 500
# What others recorded can be read once their checkpoint is stored, which is so a second after they are done.
_OTHERS_S: Final = 10.0
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry of the log, proven. raw: its bytes."""

    index: int
    raw: bytes
    entry: Entry


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what was asked for, as it was signed. envelope: as its JSON has it."""

    request: Request
    statement: PromotionStatement
    payload: bytes
    envelope: Mapping[str, Any]


class PromotionLog:
    """Read once, of a moment; `follow` reads what came since. Raises TrailError for what is not as it should be."""

    def __init__(self, trail: Trail) -> None:
        self._trail: Final = trail
        self._entries: Final[dict[int, Recorded]] = {}
        self._at: Final[dict[str, tuple[int, bytes | None]]] = {STREAM: (0, None), KEY_STREAM: (0, None)}
        self.history: PromotionHistory = PromotionHistory()
        self.size = 0
        self.follow()
        self.check_ends()

    def check_ends(self) -> None:
        """Are these all that there are, up to the latest checkpoint? Raises VerificationError where the store leaves some out."""
        standing = Standing(self._trail.store, self._trail.trust(), (), system_clock())
        ends = stream_ends(self._trail.store, standing)
        if any(name in ends and ends[name].n > n for name, (n, _) in self._at.items()):
            # Something may have come since.
            self.follow()
        for name, (n, leaf) in self._at.items():
            end = ends.get(name)
            if end is not None and (end.n > n or (end.n == n and end.leaf != leaf)):
                raise VerificationError(
                    f"the store leaves out the end of the stream {name}: it has {end.n} entries, and shows {n}",
                    hint="run `lockgate audit verify`; if only the index is wrong, `lockgate audit reindex` makes it anew",
                )

    def follow(self) -> bool:
        """Whether there was anything new about promotions."""
        store = self._trail.store
        new = {name: store.stream_entries(name, self._at[name][0], _CHUNK) for name in self._at}
        if not any(new.values()):
            return False
        standing = Standing(store, self._trail.trust(), (), system_clock())
        self.size = standing.checkpoint.size
        made: dict[int, Recorded] = {}
        for name in self._at:
            for one in self._chain(standing, name):
                made[one.index] = one
        for index in sorted(made):
            entry = made[index].entry
            self.history.take(index, entry.kind, entry.value, [link.name for link in entry.links])
            self._entries[index] = made[index]
        return bool(made)

    def take(self, receipt: Receipt) -> None:
        """An entry that this process appended: its receipt has the proof, before the store has its checkpoint."""
        if receipt.index in self._entries:
            return
        entry = parse_entry(receipt.entry)
        links = [link for link in entry.links if link.name in self._at]
        if not links:
            return
        if not self._continues(links):
            # Another's entries came between.
            until = time.monotonic() + _OTHERS_S
            while not self._reaches(receipt.index, links):
                if time.monotonic() > until:
                    raise TrailError(
                        f"entry {receipt.index} is recorded, and what another writer recorded before it cannot be read yet",
                        hint="run the command again: nothing is recorded twice",
                    )
                time.sleep(_LOOK_S)
            if receipt.index in self._entries:
                return
        self.history.take(receipt.index, entry.kind, entry.value, [link.name for link in entry.links])
        self._entries[receipt.index] = Recorded(receipt.index, receipt.entry, entry)
        self._at.update({link.name: (link.n, receipt.leaf_hash) for link in links})

    def _reaches(self, index: int, links: Sequence[StreamLink]) -> bool:
        """Reads what came since; is an entry among it, or the next behind it?"""
        self.follow()
        return index in self._entries or self._continues(links)

    def _continues(self, links: Sequence[StreamLink]) -> bool:
        return all((link.n - 1, link.prev) == self._at[link.name] for link in links)

    def _chain(self, standing: Standing, name: str) -> Iterator[Recorded]:
        """What a stream has behind what is known of it, as far as the checkpoint covers it."""
        n, last = self._at[name]
        while rows := self._trail.store.stream_entries(name, n, _CHUNK):
            covered = [*takewhile(lambda row: row[1] < standing.checkpoint.size, rows)]
            found = standing.entries([index for _, index in covered])
            for (number, index), raw in zip(covered, found, strict=True):
                entry = parse_entry(raw)
                link = next((one for one in entry.links if one.name == name), None)
                if number != n + 1 or link is None or (link.n, link.prev) != (number, last):
                    raise VerificationError(
                        f"the stream {name} has a gap behind number {n}",
                        where=f"entry {index}",
                        hint="run `lockgate audit verify`",
                    )
                n, last = number, leaf_hash(raw)
                self._at[name] = (n, last)
                yield Recorded(index, raw, entry)
            if len(covered) < len(rows):
                return

    @property
    def count(self) -> int:
        """How many entries about promotions, and about keys, there are."""
        return len(self._entries)

    @property
    def origin(self) -> str:
        """The log's."""
        return self._trail.origin

    def time_ms(self, index: int) -> int:
        """When an entry about promotions was recorded, by the log's clock."""
        return self._entries[index].entry.time_ms

    def details(self, index: int) -> dict[str, Any]:
        """What the body of an entry has. Raises UnverifiableError where it was erased."""
        one = self._entries[index]
        for body in self._trail.store.bodies(index, index + 1):
            if body.sealed is None:
                break
            opened = open_body(self._trail.vault(), index, one.raw, body)
            found = parse_foreign_json(opened, f"the body of entry {index}", MAX_STATEMENT).get("details")
            return dict(found.mapping())
        raise UnverifiableError(f"the body of entry {index} was erased, and it says what was asked for")

    def asked(self, request: Request) -> Asked:
        """The statement of a request, compared with its entry. Raises TrailError."""
        details = self.details(request.index)
        envelope = envelope_of(details.get("envelope"))
        if envelope.payload_type != IN_TOTO:
            raise FormatError(f"the body of entry {request.index} holds no in-toto statement")
        digest = statement_digest(envelope.payload)
        statement = parse_promotion(envelope.payload)
        if (
            digest != request.promoted.statement
            or statement.promoted(digest) != request.promoted
            or self._links(statement) != (request.source, request.predecessor, request.target)
        ):
            raise VerificationError(
                "the statement is not the one that the entry is about", where=f"entry {request.index}"
            )
        return Asked(request, statement, envelope.payload, dict(details["envelope"]))

    def _links(self, statement: PromotionStatement) -> tuple[str, int | None, int | None]:
        """What a statement rests on, of this log."""
        links = [
            None if one is None else one[1] if one[0] == self.origin else -1
            for one in (statement.predecessor, statement.target)
        ]
        return statement.source, links[0], links[1]

    def made(self, promotion: Promotion) -> Asked:
        """The statement of a promotion that was made."""
        return self.asked(promotion.request)
