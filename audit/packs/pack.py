"""What an evidence pack holds, as it was found in a log; `collect.py` finds it, `value.py` says it, `folder.py` writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lockgate.audit.entry import Entry
from lockgate.audit.packs.scope import Scope
from lockgate.audit.query.answers.answer import Answer
from lockgate.audit.query.page import AsOf
from lockgate.audit.streams import HeadProof

# none: an entry without one. sealed: it is kept, and not shown here. opened: it is in the pack, with the key of this entry alone.
BodyState = Literal["none", "sealed", "opened", "erased"]


@dataclass(frozen=True, slots=True)
class PackedEntry:
    """An entry with its proof (a tlog-proof that has the entry with it). erased_by: the entry that records that its body is gone."""

    index: int
    raw: bytes
    entry: Entry
    proof: bytes
    body: BodyState
    erased_by: int | None


@dataclass(frozen=True, slots=True)
class PackedEnd:
    """That a stream ended so. heads: the entry that logged the heads of all streams, of the entries before it. shown: the stream's
    head under the root there; of a stream that there was not yet, its neighbours', which show that."""

    heads: int
    shown: tuple[HeadProof, ...]


@dataclass(frozen=True, slots=True)
class PackedStream:
    """A stream whose entries of the period are all here: the counters `first` to `last` (0 and 0: there are none), with their
    neighbours. before, after: the neighbour's counter, None at an end of the stream. end: what shows that nothing follows, None where
    something does, or nothing shows it."""

    name: str
    first: int
    last: int
    before: int | None
    after: int | None
    end: PackedEnd | None

    @property
    def statement(self) -> str:
        """For people."""
        told = f"numbers {self.first} to {self.last}" if self.first else "none of its entries"
        made = f"the stream {self.name}: {told} fall into the period, and none between is left out"
        if self.after is not None:
            return made
        if self.end is not None:
            return (
                f"{made}; entry {self.end.heads}, which logged where streams end, shows that it had no other before that; what came "
                "behind is the word of whoever made the pack"
            )
        return f"{made}; that it ends there is the word of whoever made the pack (`lockgate audit prove --stream` shows it)"


@dataclass(frozen=True, slots=True)
class PackedEnvelope:
    """A signed statement as its entry's body has it. data: the envelope's JSON; payload: digest (`sha256:<hex>`)."""

    entry: int
    kind: Literal["statement", "approval"]
    data: bytes
    payload: str


@dataclass(frozen=True, slots=True)
class OpenedBody:
    """The body of an entry. line: `{"index", "key", "sealed"}` as exports have it."""

    index: int
    line: bytes


@dataclass(frozen=True, slots=True)
class PackedPromotion:
    """A promotion by its entries: the one that made it, what asked for it, what approved, what it followed, what took it back."""

    made: int
    request: int
    approvals: tuple[int, ...]
    predecessor: int | None
    revoked: int | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pack:
    """All of it. time: of the last entry under the checkpoint, RFC 3339; cosigners: whose cosignatures its maker verified."""

    scope: Scope
    as_of: AsOf
    time: str
    note: bytes
    vkey: str
    revealed: bool
    cosigners: tuple[str, ...]
    promotions: tuple[PackedPromotion, ...]
    entries: tuple[PackedEntry, ...]
    streams: tuple[PackedStream, ...]
    envelopes: tuple[PackedEnvelope, ...]
    opened: tuple[OpenedBody, ...]
    answers: tuple[Answer[Any], ...]
