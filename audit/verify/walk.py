"""One walk over all leaves: what the entries themselves say, and the tree that they make."""

import secrets
from collections.abc import Callable, Mapping
from hashlib import blake2b, sha256
from typing import Final

from lockgate.audit.commitments import field_key, verify_opening
from lockgate.audit.entry import CLOCK_TOLERANCE_MS, Entry, parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import Frontier, Hash, root_from_hashes
from lockgate.audit.reader import StoredBody, TrailReader
from lockgate.audit.sealing import unseal
from lockgate.audit.streams import StreamHead, heads_root
from lockgate.audit.tiles import TILE_WIDTH, Tile
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.history import History

# Gives an entry's key from its stored body; None where it cannot.
OpenKey = Callable[[StoredBody], bytes | None]
# Numbers of 256 bits, added up.
_MODULUS: Final = 1 << 256


class Multiset:
    """A fingerprint of a collection in any order: the sum of hashes under a key that is random in each run."""

    __slots__ = ("count", "key", "total")

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.count = 0
        self.total = 0

    def add(self, item: str) -> None:
        """Adds one member."""
        made = blake2b(item.encode(), key=self.key, digest_size=32).digest()
        self.total = (self.total + int.from_bytes(made, "big")) % _MODULUS
        self.count += 1


class TreeCheck:
    """Builds the tree from leaf hashes and compares every tile with the one that is stored."""

    __slots__ = ("_findings", "_get", "frontier", "levels", "roots", "wanted")

    def __init__(self, wanted: frozenset[int], get: Callable[[Tile], bytes], findings: Findings) -> None:
        self._get = get
        self._findings = findings
        self.frontier = Frontier()
        self.levels: list[list[Hash]] = []
        self.wanted = wanted
        self.roots: dict[int, Hash] = {0: self.frontier.root()} if 0 in wanted else {}

    def append(self, leaf: Hash) -> None:
        """Adds a leaf."""
        frontier = self.frontier
        frontier.append(leaf)
        size = frontier.size
        if not self.levels:
            self.levels.append([])
        self.levels[0].append(leaf)
        if size % TILE_WIDTH == 0:
            self._fill(size)
        if size in self.wanted:
            self.roots[size] = frontier.root()

    def _fill(self, size: int) -> None:
        """Compares the tiles that are full at this size."""
        level, count = 0, size
        while count and count % TILE_WIDTH == 0:
            self._compare(Tile(level, count // TILE_WIDTH - 1), self.levels[level])
            root = root_from_hashes(self.levels[level])
            self.levels[level] = []
            level, count = level + 1, count // TILE_WIDTH
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append(root)

    def _compare(self, tile: Tile, hashes: list[Hash]) -> None:
        where = f"tile {tile.index} of level {tile.level}"
        try:
            stored = self._get(tile)
        except TrailError as error:
            self._findings.add(codes.TILE_CHANGED, where, error.message)
            return
        if stored != b"".join(hashes):
            self._findings.add(codes.TILE_CHANGED, where, "it does not hold the hashes of the entries")

    def finish(self) -> None:
        """Compares the partial tiles."""
        size = self.frontier.size
        for level, hashes in enumerate(self.levels):
            if hashes:
                index = size >> (8 * (level + 1))
                self._compare(Tile(level, index, len(hashes)), hashes)


class BodyCheck:
    """Compares stored bodies with what entries say of them, in step with the walk."""

    __slots__ = ("_bodies", "_findings", "_next", "_open_key", "checked", "missing", "opened")

    def __init__(self, reader: TrailReader, findings: Findings, open_key: OpenKey | None) -> None:
        self._bodies = reader.bodies(0, 1 << 39)
        self._findings = findings
        self._open_key = open_key
        self._next: StoredBody | None = None
        self.checked = 0
        self.opened = 0
        self.missing: list[tuple[int, tuple[str, ...]]] = []
        self._advance()

    def _advance(self) -> None:
        try:
            self._next = next(self._bodies, None)
        except TrailError as error:
            self._findings.add(codes.BODY_CHANGED, "bodies", error.message)
            self._next = None

    def check(self, index: int, entry: Entry | None) -> None:
        """Looks at the body of one entry; entries come in order."""
        stored = self._next
        while stored is not None and stored.index < index:
            self._findings.add(
                codes.BODY_CHANGED, f"body {stored.index}", "there is a body for an entry without one"
            )
            self._advance()
            stored = self._next
        mine = stored if stored is not None and stored.index == index else None
        if mine is not None:
            self._advance()
        if entry is None:
            return
        if not entry.body_digest:
            if mine is not None:
                self._findings.add(
                    codes.BODY_CHANGED, f"body {index}", "there is a body for an entry without one"
                )
            return
        if mine is None or mine.sealed is None:
            if mine is not None and mine.wrapped_key is not None:
                self._findings.add(codes.BODY_CHANGED, f"body {index}", "its key is there and it is not")
            self.missing.append((index, tuple([link.name for link in entry.links])))
            return
        self.checked += 1
        if (
            len(mine.sealed) != entry.body_size
            or f"sha256:{sha256(mine.sealed).hexdigest()}" != entry.body_digest
        ):
            self._findings.add(
                codes.BODY_CHANGED, f"body {index}", "it is not the one that the entry names by its digest"
            )
        elif mine.wrapped_key is None:
            self._findings.add(codes.BODY_CHANGED, f"body {index}", "its key is gone and it is not")
        elif self._open_key is not None:
            self._check_opened(mine, mine.sealed, entry)

    def _check_opened(self, stored: StoredBody, sealed: bytes, entry: Entry) -> None:
        """Opens a body and compares it with the commitment."""
        where = f"body {stored.index}"
        try:
            key = None if self._open_key is None else self._open_key(stored)
            if key is None:
                return
            verify_opening(field_key(key, "body"), unseal(key, sealed), entry.commitments["body"])
        except TrailError as error:
            self._findings.add(codes.COMMITMENT_WRONG, where, error.message)
            return
        self.opened += 1

    def finish(self, size: int) -> None:
        """Looks at what is left behind the last entry."""
        while self._next is not None:
            if self._next.index >= size:
                self._findings.add(
                    codes.BODY_CHANGED, f"body {self._next.index}", "there is a body for no entry"
                )
            self._advance()


class EntryWalk:
    """Follows the entries one by one: form, time, streams, repeated requests, and what the special ones say."""

    __slots__ = (
        "_findings",
        "history",
        "index",
        "last_ms",
        "request_keys",
        "stream_set",
        "streams",
    )

    def __init__(self, origin: str, findings: Findings) -> None:
        self._findings = findings
        self.history = History(origin, findings)
        self.index = 0
        self.last_ms = 0
        self.streams: dict[str, tuple[int, Hash]] = {}
        self.request_keys: dict[bytes, int] = {}
        self.stream_set = Multiset(secrets.token_bytes(32))

    @classmethod
    def resume(
        cls,
        origin: str,
        findings: Findings,
        index: int,
        last_ms: int,
        streams: Mapping[str, tuple[int, Hash]],
    ) -> "EntryWalk":
        """A walk that goes on at an entry, with where time and streams stood before it."""
        made = cls(origin, findings)
        made.index = index
        made.last_ms = last_ms
        made.streams.update(streams)
        return made

    def step(self, data: bytes, leaf: Hash) -> Entry | None:
        """The next entry, or None when its form is wrong; the walk goes on either way."""
        index = self.index
        self.index = index + 1
        where = f"entry {index}"
        try:
            entry = parse_entry(data)
        except TrailError as error:
            self._findings.add(codes.ENTRY_MALFORMED, where, error.message)
            return None
        self._check_time(entry, where)
        self.history.take(entry, index, self._heads)
        for link in entry.links:
            n, last = self.streams.get(link.name, (0, None))
            if link.n != n + 1 or link.prev != last:
                self._findings.add(
                    codes.STREAM_BROKEN,
                    where,
                    f"it says to be number {link.n} of {link.name}, after number {n}"
                    if link.n != n + 1
                    else f"it does not link to number {n} of {link.name}",
                )
            self.streams[link.name] = (link.n, leaf)
            self.stream_set.add(f"{link.name} {link.n} {index}")
        if entry.idempotency:
            before = self.request_keys.setdefault(entry.idempotency, index)
            if before != index:
                self._findings.add(codes.REPEATED, where, f"it repeats the request of entry {before}")
        return entry

    def _check_time(self, entry: Entry, where: str) -> None:
        back = entry.time_ms < self.last_ms - CLOCK_TOLERANCE_MS
        if back != entry.clock_anomaly:
            self._findings.add(
                codes.TIME_WRONG,
                where,
                "its time is before the last entry's, and it does not say so"
                if back
                else "it says that time went back, and it did not",
            )
        self.last_ms = entry.time_ms

    def _heads(self) -> tuple[int, Hash]:
        heads = [StreamHead(name, n, leaf) for name, (n, leaf) in self.streams.items()]
        return len(heads), heads_root(heads)
