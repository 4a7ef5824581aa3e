"""Scanning entries fast: one regular expression accepts the commonest entries in their one canonical form.

It accepts nothing that `entry.parse_entry` refuses; what it does not know goes there. A scan says that a range of
entries is in order and sums it up; where anything is out of order it says only that, and the exact walk (`walk.py`)
finds out what.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from lockgate.audit.commitments import field_key, verify_opening
from lockgate.audit.entry import CLOCK_TOLERANCE_MS, parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import Hash, root_from_hashes
from lockgate.audit.reader import IndexedRecord, TrailIndex, TrailReader
from lockgate.audit.sealing import unseal
from lockgate.audit.tiles import TILE_WIDTH, Tile
from lockgate.audit.times import parse_time
from lockgate.audit.verify.walk import OpenKey

_B64: Final = rb"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_TEXT: Final = rb"[ !#-\[\]-~]{1,1024}"
_DIGEST: Final = rb"sha256:[0-9a-f]{64}"
_LINK: Final = rb'\{"k":"[!#-\[\]-~]{1,300}","n":(?:1\}|(?:[2-9]|[1-9][0-9]{1,14}),"prev":"' + _B64 + rb'"\})'
# A decision with a body, as the recorder makes them.
_DECISION: Final = re.compile(
    rb'\{"body":\{"sha256":"(?P<digest>' + _DIGEST + rb')","size":(?P<size>0|[1-9][0-9]{0,14})\},'
    rb'"commitments":\{(?:"actor":"' + _B64 + rb'",)?"body":"(?P<committed>' + _B64 + rb')"'
    rb'(?:,"facts":"' + _B64 + rb'")?(?:,"input":"' + _B64 + rb'")?'
    rb'(?:,"namespace":"' + _B64 + rb'")?(?:,"object":"' + _B64 + rb'")?\},'
    rb'(?:"environment":"(?P<environment>' + _TEXT + rb')",)?"evaluator":"' + _TEXT + rb'",'
    rb'(?:"idempotency":"(?P<request>[A-Za-z0-9+/]{21}[AQgw]==)",)?"kind":"decision",'
    rb'(?:"model":"(?P<model>' + _TEXT + rb')",)?"operation":"' + _TEXT + rb'",'
    rb'"outcome":"(?P<outcome>allow|warn|deny|error)","policies":"(?P<policies>'
    + _DIGEST
    + rb')","resource":"(?P<resource>'
    + _TEXT
    + rb')",'
    rb'"streams":\[(?P<streams>(?:' + _LINK + rb"(?:," + _LINK + rb")*)?)\],"
    rb'"time":"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)","v":1\}'
)
_LINKS: Final = re.compile(rb'"k":"([^"]+)","n":([0-9]+)(?:,"prev":"([^"]+)")?\}')
MAX_ENTRY: Final = 4096

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
        "_entries",
        "_has_bodies",
        "_index",
        "_made",
        "_open_key",
        "_records",
        "_second",
        "_time",
    )

    def __init__(
        self, made: Range, reader: TrailReader, index: TrailIndex | None, open_key: OpenKey | None
    ) -> None:
        self._made = made
        self._has_bodies = reader.has_bodies
        self._open_key = open_key
        self._second = b""
        self._time = b""
        self._bodies = reader.bodies(made.start, made.stop)
        self._body = next(self._bodies, None)
        self._index = index
        self._records: Iterator[IndexedRecord] | None = None
        # Where each stream's entries are, to be compared with the index.
        self._entries: dict[bytes, list[int]] = {}
        if index is not None:
            self._records = index.records(made.start, made.stop)

    def step(self, index: int, data: bytes, leaf: Hash) -> None:
        """The next entry."""
        made = self._made
        found = _DECISION.fullmatch(data)
        if found is None or len(data) > MAX_ENTRY:
            self._other(index, data, leaf)
            return
        request, streams, time = found.group("request", "streams", "time")
        if time < self._time or time[:19] != self._second:
            self._check_time(time)
        self._time = time
        text = b2a_base64(leaf, newline=False)
        lasts = made.lasts
        links = _LINKS.findall(streams)
        for name, number, prev in links:
            n = int(number)
            last = lasts.get(name)
            if last is None:
                made.firsts[name] = (n, prev)
            elif last[0] + 1 != n or last[1] != prev:
                raise IrregularError
            lasts[name] = (n, text)
        if request is not None:
            made.requests.append((request, index))
        digest, size, committed = found.group("digest", "size", "committed")
        self._check_body(index, digest, int(size), committed, links)
        if self._records is not None:
            told = found.group("outcome", "policies", "model", "environment", "resource")
            texts = [b"" if one is None else one for one in told]
            self._check_record(index, "decision", time.decode(), [one.decode() for one in texts], links)
        made.decisions += 1

    def finish(self) -> None:
        """What is left in the tables that were read beside the entries."""
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
            now = parse_time(time.decode())
        except TrailError:
            raise IrregularError from None
        if self._time and now < parse_time(self._time.decode()) - CLOCK_TOLERANCE_MS:
            raise IrregularError
        self._second = time[:19]
        if not self._made.first_time:
            self._made.first_time = time

    def _check_body(
        self,
        index: int,
        digest: bytes,
        size: int,
        committed: bytes,
        links: list[tuple[bytes, bytes, bytes]],
    ) -> None:
        stored = self._body
        if stored is None and not self._has_bodies:
            self._made.unshown += 1
            return
        if stored is None or stored.index != index:
            # An export leaves erased bodies out.
            self._made.missing.append((index, [name for name, _, _ in links]))
            return
        self._body = next(self._bodies, None)
        if stored.sealed is None:
            if stored.wrapped_key is not None:
                raise IrregularError
            self._made.missing.append((index, [name for name, _, _ in links]))
            return
        if (
            stored.wrapped_key is None
            or len(stored.sealed) != size
            or sha256(stored.sealed).hexdigest().encode() != digest[7:]
        ):
            raise IrregularError
        self._made.bodies += 1
        key = None if self._open_key is None else self._open_key(stored)
        if key is not None:
            verify_opening(field_key(key, "body"), unseal(key, stored.sealed), committed.decode())
            self._made.opened += 1

    def _check_record(
        self, index: int, kind: str, time: str, texts: list[str], links: list[tuple[bytes, bytes, bytes]]
    ) -> None:
        assert self._records is not None
        if next(self._records, None) != IndexedRecord(index, kind, parse_time(time), *texts):
            raise IrregularError
        for name, _, _ in links:
            self._entries.setdefault(name, []).append(index)

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
        # Heads are logged once for as many entries as there are streams, so that a copy of these costs each little.
        made.special.append((index, data, dict(made.lasts) if entry.kind == "stream-heads" else {}))
        text = b2a_base64(leaf, newline=False)
        links: list[tuple[bytes, bytes, bytes]] = []
        for link in entry.links:
            name = link.name.encode()
            prev = b"" if link.prev is None else b2a_base64(link.prev, newline=False)
            last = made.lasts.get(name)
            if last is None:
                made.firsts[name] = (link.n, prev)
            elif last != (link.n - 1, prev):
                raise IrregularError
            made.lasts[name] = (link.n, text)
            links.append((name, b"", b""))
        if entry.idempotency:
            made.requests.append((b2a_base64(entry.idempotency, newline=False), index))
        if entry.body_digest:
            committed = entry.commitments["body"].encode()
            self._check_body(index, entry.body_digest.encode(), entry.body_size, committed, links)
        if self._records is not None:
            texts = [
                str(entry.value.get(name, ""))
                for name in ("outcome", "policies", "model", "environment", "resource")
            ]
            self._check_record(index, entry.kind, time.decode(), texts, links)
