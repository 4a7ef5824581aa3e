"""Answers: pages of rows as of one size of the log, with what is proven of each row and of the whole."""

from dataclasses import dataclass
from typing import Literal

from lockgate.audit.entry import Entry
from lockgate.audit.merkle import Hash
from lockgate.audit.tlog_proof import TlogProof
from lockgate.audit.trust import AssuredRange

# listed: its bytes and leaf hash are shown as the store has them. chained: a proven entry of its stream leads to it.
# included: an inclusion proof leads to it.
RowProof = Literal["listed", "chained", "included"]


@dataclass(frozen=True, slots=True)
class AsOf:
    """The state of the log that an answer is of: its first `size` entries, with their root (32 bytes)."""

    origin: str
    size: int
    root: Hash


@dataclass(frozen=True, slots=True)
class Link:
    """An entry in its stream: its counter there, and the leaf hash of the one before it."""

    index: int
    n: int
    raw: bytes
    leaf: Hash
    entry: Entry
    prev: Hash | None


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of an answer. n: its counter in the stream by which it was found, None by an index. rests_on: what the log's
    checkpoint gives it; None for what is only listed. proof: where it was asked for."""

    index: int
    leaf: Hash
    raw: bytes
    entry: Entry
    n: int | None
    proven: RowProof
    rests_on: AssuredRange | None
    proof: TlogProof | None = None


@dataclass(frozen=True, slots=True)
class Completeness:
    """A part of a stream of which no entry is left out: the counters `first` to `last` (0 and 0: the stream has no entry there) of
    `end`, with which it ends as of the answer's size.

    The end is what the log's keeper logged (`stream-heads`), compared with the table and with the entries since; who recomputes
    it from all entries (`lockgate audit monitor`, `audit verify`) need not take the keeper's word.
    """

    stream: str
    first: int
    last: int
    end: int

    @property
    def statement(self) -> str:
        """For people."""
        if not self.end:
            return f"the stream {self.stream} has no entry"
        if not self.last:
            return f"the stream {self.stream} ends with number {self.end}, and none of its entries is in question"
        return f"numbers {self.first} to {self.last} of {self.end} of the stream {self.stream} were looked at, and none is missing"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of an answer. plan: by what it was found, for people. completeness: None where an index found it, which may have left
    something out. cursor: where it goes on, "" at its end. looked_at: entries."""

    rows: tuple[Row, ...]
    as_of: AsOf
    plan: str
    completeness: Completeness | None
    cursor: str
    looked_at: int
