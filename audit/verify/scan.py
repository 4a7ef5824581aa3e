"""Scanning entries fast: layouts (`layout.py`) cut the commonest entries apart in their one canonical form.

They take nothing that `entry.parse_entry` refuses; what they do not know goes there. A scan says that a range of
entries is in order and sums it up; where anything is out of order it says only that, and the exact walk (`walk.py`)
finds out what.
"""

from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Final

from lockgate.audit.commitments import field_key, verify_opening
from lockgate.audit.entry import CLOCK_TOLERANCE_MS, IDEMPOTENCY_SIZE, parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import HASH_SIZE, Hash, root_from_hashes
from lockgate.audit.reader import IndexedRecord, TrailIndex, TrailReader
from lockgate.audit.sealing import unseal
from lockgate.audit.streams import is_early_for_heads
from lockgate.audit.tiles import TILE_WIDTH, Tile
from lockgate.audit.times import parse_time
from lockgate.audit.verify.layout import CLEAR, KIND, NAME, Layouts, are_base64, are_hex
from lockgate.audit.verify.walk import OpenKey

# Texts in clear that a scan remembers.
MAX_CLEAR: Final = 4096
_ZERO: Final = ord("0")
_MILLISECONDS: Final = {b".%03dZ" % one: one for one in range(1000)}

# A stream's place: counter, and the leaf hash of its last entry in base64.
Place = tuple[int, bytes]


class IrregularError(Exception):
    """Something in the range is out of order; the exact walk tells what."""


@dataclass(slots=True)
class Range:
    """A range of entries in order, summed up.

    tile_roots: of the full tiles of leaves; rest: leaf hashes behind the last of them. firsts: the first link of each
    stream (counter, previous leaf in base64); lasts: where each stream stands at the end. special: entries that are no
    plain decisions; those of stream heads with where the streams of the range stood before. requests: idempotency keys (base64) by entry.
    missing: entries whose body is gone, with their streams; unshown: how many, where no body is kept. wanted: leaf hashes of a tile up to a size that is asked
    for.
    """

    start: int
    stop: int
    tile_roots: list[Hash] = field(default_factory=list)
    rest: list[Hash] = field(default_factory=list)
    firsts: dict[bytes, Place] = field(default_factory=dict)
    lasts: dict[bytes, Place] = field(default_factory=dict)
    special: list[tuple[int, bytes, dict[bytes, Place]]] = field(default_factory=list)
    requests: list[tuple[bytes, int]] = field(default_factory=list)
    missing: list[tuple[int, list[bytes]]] = field(default_factory=list)
    wanted: dict[int, list[Hash]] = field(default_factory=dict)
    first_time: bytes = b""
    last_time: bytes = b""
    unshown: int = 0
    decisions: int = 0
    bodies: int = 0
    opened: int = 0


def scan_range(
    reader: TrailReader,
    index: TrailIndex | None,
    start: int,
    stop: int,
    wanted: frozenset[int],
    open_key: OpenKey | None = None,
) -> Range:
    """Scans the entries from `start` (a multiple of 256) up to `stop`. Raises IrregularError, or TrailError.

    index: the store's index tables, where they are to be compared. wanted: sizes whose roots are asked for. open_key:
    gives the keys of bodies that are to be opened.
    """
    made = Range(start, stop)
    scan = _Scan(made, reader, index, open_key)
    expected = start
    hashes: list[Hash] = []
    roots = made.tile_roots
    step = scan.step
    for number, stored, data in reader.leaves(start, stop):
        leaf = sha256(b"\x00" + data).digest()
        if number != expected or leaf != stored:
            raise IrregularError
        step(number, data, leaf)
        hashes.append(leaf)
        expected += 1
        if expected in wanted:
            made.wanted[expected] = list(hashes)
        if len(hashes) == TILE_WIDTH:
            if reader.tile(Tile(0, number // TILE_WIDTH)) != b"".join(hashes):
                raise IrregularError
            roots.append(root_from_hashes(hashes))
            hashes = []
            scan.check_block()
    if expected != stop:
        raise IrregularError
    if hashes and reader.tile(Tile(0, stop // TILE_WIDTH, len(hashes))) != b"".join(hashes):
        raise IrregularError
    made.rest = hashes
    scan.finish()
    return made


class _Scan:
    """The state of a scan."""

    __slots__ = (
        "_bodies",
        "_body",
        "_clear",
        "_commitments",
        "_digests",
        "_entries",
        "_expected",
        "_has_bodies",
        "_index",
        "_last_heads",
        "_layouts",
        "_made",
        "_open_key",
        "_records",
        "_requests",
        "_second",
        "_second_ms",
        "_time",
        "_time_ms",
    )

    def __init__(
        self, made: Range, reader: TrailReader, index: TrailIndex | None, open_key: OpenKey | None
    ) -> None:
        self._made = made
        self._layouts = Layouts()
        self._clear: dict[bytes, tuple[str, ...]] = {}
        self._digests: list[bytes] = []
        self._commitments: list[bytes] = []
        self._requests: list[bytes] = []
        self._has_bodies = reader.has_bodies
        self._open_key = open_key
        self._last_heads = -1
        self._second = b""
        self._second_ms = 0
        self._time_ms = 0
        self._time = b""
        self._bodies = reader.bodies(made.start, made.stop)
        self._body = next(self._bodies, None)
        self._index = index
        self._records: Iterator[IndexedRecord] | None = None
        self._expected: list[tuple[object, ...]] = []
        # Where each stream's entries are, to be compared with the index.
        self._entries: dict[bytes, list[int]] = {}
        if index is not None:
            self._records = index.records(made.start, made.stop)

    def step(self, index: int, data: bytes, leaf: Hash) -> None:
        """The next entry."""
        made = self._made
        found = self._layouts.cut(data)
        if found is None:
            self._other(index, data, leaf)
            return
        layout, parts = found
        time = parts[-1]
        if time != self._time:
            fraction = _MILLISECONDS.get(time[19:])
            if fraction is None or time < self._time or time[:19] != self._second:
                self._check_time(time)
            else:
                self._time_ms = self._second_ms + fraction
            self._time = time
        text = b2a_base64(leaf, newline=False)
        lasts = made.lasts
        for place, counter, before in layout.links:
            name, number = parts[place], parts[counter]
            if not number.isdigit() or number[0] == _ZERO:
                raise IrregularError
            n = int(number)
            last = lasts.get(name)
            # The previous leaf's text is compared with one that was made here, by this scan or by the merge.
            prev = parts[before] if before else b""
            if last is None:
                if NAME.fullmatch(name) is None:
                    raise IrregularError
                made.firsts[name] = (n, prev)
            elif last[0] + 1 != n or last[1] != prev:
                raise IrregularError
            lasts[name] = (n, text)
        clear = parts[layout.clear]
        if layout.has_request:
            request = parts[layout.clear + 1]
            behind = parts[layout.clear + 2]
            # What comes behind the request's key begins here and nowhere else.
            if not behind.startswith(KIND):
                raise IrregularError
            clear += behind
            self._requests.append(request)
            made.requests.append((request, index))
        if clear not in self._clear:
            self._read_clear(clear)
        digest, size = parts[0], parts[1]
        if not size.isdigit() or (size[0] == _ZERO and size != b"0"):
            raise IrregularError
        self._digests.append(digest)
        self._commitments += parts[layout.commitments]
        if self._has_bodies or self._body is not None:
            names = [parts[place] for place, _, _ in layout.links]
            self._check_body(index, digest, int(size), parts[layout.committed], names)
        else:
            made.unshown += 1
        if self._records is not None:
            names = [parts[place] for place, _, _ in layout.links]
            self._check_record(index, "decision", self._time_ms, self._clear[clear], names)
        made.decisions += 1

    def _read_clear(self, clear: bytes) -> None:
        """Checks a text in clear that was not met before."""
        found = CLEAR.fullmatch(clear)
        if found is None:
            raise IrregularError
        if len(self._clear) >= MAX_CLEAR:
            self._clear.clear()
        told = found.group("outcome", "policies", "model", "environment", "resource")
        self._clear[clear] = tuple(["" if one is None else one.decode() for one in told])

    def check_block(self) -> None:
        """Looks at what is checked in many at once: hashes' digits, and the query index."""
        if (
            not are_hex(self._digests)
            or not are_base64(self._commitments, HASH_SIZE)
            or not are_base64(self._requests, IDEMPOTENCY_SIZE)
        ):
            raise IrregularError
        self._check_index()
        self._digests.clear()
        self._commitments.clear()
        self._requests.clear()

    def finish(self) -> None:
        """What is left in the tables that were read beside the entries."""
        self.check_block()
        self._made.last_time = self._time
        if self._body is not None:
            raise IrregularError
        if self._records is not None and next(self._records, None) is not None:
            raise IrregularError
        if self._index is None:
            return
        for name, indices in self._entries.items():
            first = self._made.firsts[name][0]
            if self._index.stream_range(name.decode(), first, len(indices)) != indices:
                raise IrregularError

    def _check_time(self, time: bytes) -> None:
        try:
            now = parse_time(time.decode("ascii", "replace"))
        except TrailError:
            raise IrregularError from None
        if self._time and now < parse_time(self._time.decode()) - CLOCK_TOLERANCE_MS:
            raise IrregularError
        self._second = time[:19]
        self._second_ms = now - now % 1000
        self._time_ms = now
        if not self._made.first_time:
            self._made.first_time = time

    def _check_body(
        self,
        index: int,
        digest: bytes,
        size: int,
        committed: bytes,
        names: list[bytes],
    ) -> None:
        stored = self._body
        if stored is None and not self._has_bodies:
            self._made.unshown += 1
            return
        if stored is None or stored.index != index:
            # An export leaves erased bodies out.
            self._made.missing.append((index, names))
            return
        self._body = next(self._bodies, None)
        if stored.sealed is None:
            if stored.wrapped_key is not None:
                raise IrregularError
            self._made.missing.append((index, names))
            return
        if (
            stored.wrapped_key is None
            or len(stored.sealed) != size
            or sha256(stored.sealed).hexdigest().encode() != digest
        ):
            raise IrregularError
        self._made.bodies += 1
        key = None if self._open_key is None else self._open_key(stored)
        if key is not None:
            # Its digits are looked at in many at once, and not yet.
            if not are_base64([committed], HASH_SIZE):
                raise IrregularError
            verify_opening(field_key(key, "body"), unseal(key, stored.sealed), committed.decode())
            self._made.opened += 1

    def _check_record(
        self, index: int, kind: str, time_ms: int, texts: tuple[str, ...], names: list[bytes]
    ) -> None:
        """Notes what the index tables have to say of an entry."""
        self._expected.append((index, kind, time_ms, *texts))
        entries = self._entries
        for name in names:
            try:
                entries[name].append(index)
            except KeyError:
                entries[name] = [index]

    def _check_index(self) -> None:
        """Compares the query index with the entries since it was last called."""
        expected = self._expected
        if self._records is not None and list(islice(self._records, len(expected))) != expected:
            raise IrregularError
        expected.clear()

    def _other(self, index: int, data: bytes, leaf: Hash) -> None:
        """An entry that the expression does not know."""
        made = self._made
        try:
            entry = parse_entry(data)
        except TrailError:
            raise IrregularError from None
        time = str(entry.value["time"]).encode()
        if entry.clock_anomaly:
            raise IrregularError
        self._check_time(time)
        self._time = time
        changed: dict[bytes, Place] = {}
        if entry.kind == "stream-heads":
            # So that a copy of where the streams stand costs each entry little, whoever made the log.
            if self._last_heads >= 0 and is_early_for_heads(index - self._last_heads - 1, len(made.lasts)):
                raise IrregularError
            self._last_heads = index
            changed = dict(made.lasts)
        made.special.append((index, data, changed))
        text = b2a_base64(leaf, newline=False)
        names: list[bytes] = []
        for link in entry.links:
            name = link.name.encode()
            prev = b"" if link.prev is None else b2a_base64(link.prev, newline=False)
            last = made.lasts.get(name)
            if last is None:
                made.firsts[name] = (link.n, prev)
            elif last != (link.n - 1, prev):
                raise IrregularError
            made.lasts[name] = (link.n, text)
            names.append(name)
        if entry.idempotency:
            made.requests.append((b2a_base64(entry.idempotency, newline=False), index))
        if entry.body_digest:
            committed = entry.commitments["body"].encode()
            digest = entry.body_digest.removeprefix("sha256:").encode()
            self._check_body(index, digest, entry.body_size, committed, names)
        if self._records is not None:
            texts = tuple(
                [
                    str(entry.value.get(name, ""))
                    for name in ("outcome", "policies", "model", "environment", "resource")
                ]
            )
            self._check_record(index, entry.kind, entry.time_ms, texts, names)
