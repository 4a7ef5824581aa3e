"""The engine: answers questions about one log as of its latest checkpoint, or of a size below it, page by page.

A page costs what its rows cost: places are sought in an index, never counted off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar

from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.query.cursor import Cursors, Place
from lockgate.audit.query.errors import CursorError, QuestionError
from lockgate.audit.query.index import EntryIndex
from lockgate.audit.query.moments import bounds, first_place
from lockgate.audit.query.page import AsOf, Completeness, Link, Page, Row
from lockgate.audit.query.question import Question
from lockgate.audit.standing import Standing
from lockgate.audit.store.searching import Span, Wanted
from lockgate.audit.stream_ends import IndexedReader, logged_heads, stream_ends
from lockgate.audit.streams import StreamHead

_LEAST_READ: Final = 32
T = TypeVar("T")
MAX_ROWS: Final = 1_000
# Entries that are read for one page of a stream, and records that are looked through where no index knows what is asked for; behind
# that the page is given as it is, with a cursor.
MAX_READ: Final = 5_000
MAX_SCANNED: Final = 200_000
_MOST_KNOWN: Final = 1_024
# Of a stream that is read whole.
MAX_WHOLE: Final = 200_000

Proofs = Literal["none", "each"]
# Where the trust comes from by which a log is believed: from elsewhere, or from beside the log itself.
Trusted = Literal["outside", "itself"]


@dataclass(frozen=True, slots=True)
class Asking:
    """How a question is asked: how many rows, behind which cursor, as of which size (or time, Unix milliseconds), with which proofs."""

    limit: int = 100
    cursor: str = ""
    as_of_size: int | None = None
    as_of_ms: int | None = None
    proofs: Proofs = "none"


class Engine:
    """Answers about one log. now_ms: what is now, in Unix milliseconds."""

    def __init__(
        self,
        reader: IndexedReader,
        index: EntryIndex,
        standing: Standing,
        cursors: Cursors,
        now_ms: int,
        trusted: Trusted = "itself",
    ) -> None:
        self._reader: Final = reader
        self.index: Final = index
        self.standing: Final = standing
        self._cursors: Final = cursors
        self.now_ms: Final = now_ms
        self.trusted: Final = trusted
        # What is known of the log as of its checkpoint, whoever asks.
        self._known: dict[object, tuple[Any]] = {}

    @property
    def size(self) -> int:
        """How many entries the latest checkpoint covers."""
        return self.standing.checkpoint.size

    def for_asker(self, cursors: Cursors, now_ms: int) -> "Engine":
        """The same log with the same knowledge, for somebody else's cursors."""
        made = Engine(self._reader, self.index, self.standing, cursors, now_ms, self.trusted)
        made._known = self._known
        return made

    def as_of(self, size: int) -> AsOf:
        """The log at a size. Raises QuestionError for one that no checkpoint covers."""
        if not 0 <= size <= self.size:
            raise QuestionError(
                f"the latest checkpoint covers {self.size} entries, not {size}", field="as_of"
            )
        return AsOf(self.standing.checkpoint.origin, size, self.standing.root_at(size))

    def ends(self) -> dict[str, StreamHead]:
        """Where all streams end, as of the checkpoint. Raises VerificationError."""
        return self.remember("ends", lambda: stream_ends(self._reader, self.standing))

    def logged_heads(self) -> tuple[int, list[StreamHead]] | None:
        """The latest heads that were logged (`stream_ends.logged_heads`). Raises VerificationError."""
        return self.remember("heads", lambda: logged_heads(self._reader, self.standing))

    def remember(self, key: object, make: Callable[[], T]) -> T:
        """What follows from the log as of its checkpoint, made once, and not changed by whoever is given it."""
        # Threads share it: what is looked for may be cleared meanwhile, or made twice.
        known = self._known.get(key)
        if known is not None:
            found: T = known[0]
            return found
        made = make()
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = (made,)
        return made

    def ask(self, question: Question, asking: Asking | None = None) -> Page:
        """A page of the answer. Raises QuestionError or CursorError, and VerificationError for what is not as it was signed."""
        how = asking or Asking()
        if not 1 <= how.limit <= MAX_ROWS:
            raise CursorError(
                "invalidCount",
                f"a page has 1 to {MAX_ROWS} rows",
                hint="ask for fewer, and go on by the cursor",
            )
        behind: int | None = None
        size = self._pinned(how)
        if how.cursor:
            place = self._cursors.parse(how.cursor, question, self.now_ms)
            if place.size > self.size or (how.as_of_size is not None and how.as_of_size != place.size):
                raise CursorError("invalidCursor", "the cursor is of another state of the log")
            size, behind = place.size, place.last
        stream = self._stream_for(question, size)
        if stream is None:
            return self._by_index(question, size, behind, how)
        return self._by_stream(question, stream, size, behind, how)

    def _pinned(self, how: Asking) -> int:
        if how.as_of_size is not None:
            if not 0 <= how.as_of_size <= self.size:
                raise QuestionError(
                    f"the latest checkpoint covers {self.size} entries, not {how.as_of_size}", field="as_of"
                )
            return how.as_of_size
        return self.size if how.as_of_ms is None else self.index.place_at(self.size, how.as_of_ms)

    def _stream_for(self, question: Question, size: int) -> str | None:
        """The shortest stream that has all that is asked for; None where an index is quicker and may be taken, or where there is none."""
        names = question.streams()
        if not names:
            if question.walk == "complete":
                raise QuestionError(
                    "no stream has all that is asked for, so that nothing shows that the answer is complete",
                    field="walk",
                    hint="ask for a model in an environment, a policy, a stream, or one kind of which there is a stream",
                )
            return None
        if question.stream:
            # What others have beside it is nobody's to know who asks about this one.
            return question.stream
        lengths = {name: self.index.stream_length(name) for name in names}
        best = min(names, key=lambda name: (lengths[name], name))
        if question.walk == "complete" or question.policy or not question.outcomes:
            return best
        return best if lengths[best] <= MAX_READ else None

    def _by_index(self, question: Question, size: int, behind: int | None, how: Asking) -> Page:
        start, stop = self._bounds(question, size)
        newest = question.order == "newest"
        if behind is not None:
            start, stop = (start, min(stop, behind)) if newest else (max(start, behind + 1), stop)
        wanted = Wanted(
            question.kinds, question.outcomes, question.model, question.environment, question.resource
        )
        rows: list[Row] = []
        looked, last = 0, behind
        scanned = 0
        # More is asked of entries than the index has of them.
        is_exact = not (
            question.events
            or question.policies
            or question.subject
            or question.requester
            or question.approver
        )
        while start < stop and len(rows) < how.limit and looked < MAX_READ and scanned < MAX_SCANNED:
            window = stop - start if not wanted.is_scanned_for else min(stop - start, MAX_SCANNED)
            low, high = (stop - window, stop) if newest else (start, start + window)
            room = how.limit - len(rows) if is_exact else max(how.limit, 256)
            found = self.index.find(wanted, Span(low, high, question.order), room)
            leaves = self.index.leaves(found)
            full = False
            for index in found:
                looked, last = looked + 1, index
                row = self._listed(index, leaves, how)
                if question.fits(row.entry):
                    rows.append(row)
                    full = len(rows) == how.limit
                    if full:
                        break
            if full or len(found) == room:
                if last is not None:
                    start, stop = (start, last) if newest else (last + 1, stop)
                continue
            scanned += window
            start, stop = (start, low) if newest else (high, stop)
            last = low if newest else high - 1
        cursor = ""
        if start < stop:
            cursor = self._cursors.render(Place(size, stop if newest else start - 1), question, self.now_ms)
        return Page(tuple(rows), self.as_of(size), "the index of records", None, cursor, looked)

    def _listed(self, index: int, leaves: dict[int, tuple[bytes, bytes]], how: Asking) -> Row:
        raw = bytes_of(index, leaves)
        if how.proofs == "each":
            proven = self.standing.prove(index)
            raw = proven.entry
            rests_on = self.standing.assurance.of(index)
            return Row(index, leaf_hash(raw), raw, parse_entry(raw), None, "included", rests_on, proven.proof)
        return Row(index, leaf_hash(raw), raw, parse_entry(raw), None, "listed", None)

    def _by_stream(self, question: Question, name: str, size: int, behind: int | None, how: Asking) -> Page:
        low, high, end = self.numbers(name, size, question)
        newest = question.order == "newest"
        if behind is not None:
            low, high = (low, min(high, behind - 1)) if newest else (max(low, behind + 1), high)
        rows: list[Row] = []
        looked = 0
        first, last = 0, 0
        edge: Link | None = None
        latest: Link | None = None
        while low <= high and len(rows) < how.limit and looked < MAX_READ:
            count = min(high - low + 1, max(_LEAST_READ, how.limit - len(rows)), MAX_READ - looked)
            block = self.chain(name, high - count + 1 if newest else low, count)
            if edge is not None:
                self.check_join(name, *((block[-1], edge) if newest else (edge, block[0])))
            for link in reversed(block) if newest else block:
                looked += 1
                edge = link
                if latest is None or link.n > latest.n:
                    latest = link
                first = link.n if first == 0 else min(first, link.n)
                last = max(last, link.n)
                low, high = (low, link.n - 1) if newest else (link.n + 1, high)
                if question.fits(link.entry):
                    rows.append(self._chained(link, how))
                    if len(rows) == how.limit:
                        break
        if latest is not None:
            self.anchor(name, latest.index, latest.n, latest.raw)
        cursor = ""
        if low <= high:
            cursor = self._cursors.render(Place(size, high + 1 if newest else low - 1), question, self.now_ms)
        complete = Completeness(name, first, last, end)
        return Page(tuple(rows), self.as_of(size), f"the stream {name}", complete, cursor, looked)

    def numbers(self, name: str, size: int, question: Question) -> tuple[int, int, int]:
        """Between which counters, both included, a stream's entries of the times in question are, and with which one it ends."""
        end = self.stream_end(name, size)
        start, stop = self._bounds(question, size)
        low = 1 if start == 0 else 1 + self._before(name, end, start)
        return low, end if stop >= size else self._before(name, end, stop), end

    def _chained(self, link: Link, how: Asking) -> Row:
        proof = None
        if how.proofs == "each":
            proven = self.standing.prove(link.index)
            if proven.entry != link.raw:
                raise VerificationError("the entry was changed meanwhile", where=f"entry {link.index}")
            proof = proven.proof
        rests_on = self.standing.assurance.of(link.index)
        told: Literal["chained", "included"] = "chained" if proof is None else "included"
        return Row(link.index, link.leaf, link.raw, link.entry, link.n, told, rests_on, proof)

    def chain(self, name: str, first: int, count: int) -> list[Link]:
        """Entries of a stream, whose links lead from each to the next. Raises VerificationError where one is missing."""
        indices = self.index.stream_entries(name, first, count)
        leaves = self.index.leaves(indices)
        made: list[Link] = []
        for place, index in enumerate(indices):
            raw = bytes_of(index, leaves)
            entry = parse_entry(raw)
            link = next((one for one in entry.links if one.name == name), None)
            if link is None or link.n != first + place or (made and link.prev != made[-1].leaf):
                raise gap(name, first + place)
            made.append(Link(index, link.n, raw, leaf_hash(raw), entry, link.prev))
        if len(made) != count:
            raise gap(name, first + len(made))
        return made

    def check_join(self, name: str, earlier: Link, later: Link | None) -> None:
        """An entry of a stream follows another one. Raises VerificationError."""
        if later is not None and (later.prev != earlier.leaf or later.n != earlier.n + 1):
            raise gap(name, later.n)

    def anchor(self, name: str, index: int, n: int, raw: bytes) -> None:
        """The last of the entries that were looked at is in the log; the others follow from it by their links. Raises VerificationError."""
        head = self.ends().get(name)
        if head is not None and head.n == n:
            if head.leaf != leaf_hash(raw):
                raise gap(name, n)
            return
        if self.standing.prove(index).entry != raw:
            raise VerificationError("the entry was changed meanwhile", where=f"entry {index}")

    def stream_end(self, name: str, size: int) -> int:
        """The counter of a stream's last entry among the first `size`. Raises VerificationError where the index tells another one."""
        head = self.ends().get(name)
        if head is None:
            return 0
        if size == self.size:
            return head.n
        end = self._before(name, head.n, size)
        if end < head.n:
            # The next one comes behind that size, and links to the last.
            (after,) = self.chain(name, end + 1, 1)
            if after.index < size or self.standing.prove(after.index).entry != after.raw:
                raise gap(name, end + 1)
        return end

    def _bounds(self, question: Question, size: int) -> tuple[int, int]:
        key = ("bounds", size, question.since_ms, question.until_ms)
        return self.remember(key, lambda: bounds(self.index, size, question))

    def _before(self, name: str, end: int, place: int) -> int:
        """How many of a stream's first `end` entries come before a place of the log."""

        def is_behind(n: int) -> bool:
            found = self.index.stream_entries(name, n + 1, 1)
            if not found:
                raise gap(name, n + 1)
            return found[0] >= place

        return self.remember(("before", name, end, place), lambda: first_place(end, is_behind))

    def whole(self, name: str, size: int) -> tuple[list[Link], Completeness]:
        """All of a stream's entries among the first `size`, none missing. Raises TrailError where there are more than MAX_WHOLE."""
        end = self.stream_end(name, size)
        if end > MAX_WHOLE:
            raise TrailError(
                f"the stream {name} has {end} entries", hint="ask about a shorter time, page by page"
            )
        made: list[Link] = []
        while len(made) < end:
            block = self.chain(name, len(made) + 1, min(MAX_READ, end - len(made)))
            if made:
                self.check_join(name, made[-1], block[0])
            made += block
        if made:
            self.anchor(name, made[-1].index, made[-1].n, made[-1].raw)
        return made, Completeness(name, 1 if end else 0, end, end)

    def row(self, index: int) -> Row:
        """One entry, proven. Raises TrailError when there is none."""
        proven = self.standing.prove(index)
        rests_on = self.standing.assurance.of(index)
        entry = parse_entry(proven.entry)
        return Row(
            index, leaf_hash(proven.entry), proven.entry, entry, None, "included", rests_on, proven.proof
        )

    def all(
        self, question: Question, most: int, asking: Asking | None = None
    ) -> tuple[tuple[Row, ...], tuple[Page, ...]]:
        """Every row of an answer, at most `most`, with the pages that it came by. Raises TrailError where there are more."""
        how = replace(asking or Asking(), limit=MAX_ROWS)
        pages: list[Page] = []
        rows: list[Row] = []
        while True:
            page = self.ask(question, how)
            pages.append(page)
            rows += page.rows
            if len(rows) > most:
                raise TrailError(
                    f"the answer has more than {most} rows", hint="ask for a shorter time, or page by page"
                )
            if not page.cursor:
                return tuple(rows), tuple(pages)
            how = replace(how, cursor=page.cursor, as_of_size=page.as_of.size)


def bytes_of(index: int, leaves: Mapping[int, tuple[bytes, bytes]]) -> bytes:
    """An entry as it was hashed. Raises VerificationError where it is missing, or another one."""
    found = leaves.get(index)
    if found is None:
        raise VerificationError(
            "the entry is missing", where=f"entry {index}", hint="run `lockgate audit verify`"
        )
    stored, raw = found
    if leaf_hash(raw) != stored:
        raise VerificationError("the entry is not the one that was hashed", where=f"entry {index}")
    return raw


def gap(name: str, n: int) -> VerificationError:
    """That a stream does not go on at a number."""
    return VerificationError(
        f"the stream {name} has a gap at number {n}",
        where=name,
        hint="run `lockgate audit verify`; if only the index is wrong, `lockgate audit reindex` makes it anew",
    )
