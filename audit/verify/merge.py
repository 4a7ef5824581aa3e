"""Putting scanned ranges together: the tree above their tiles, streams across their borders, what is special."""

from binascii import a2b_base64
from bisect import insort
from collections.abc import Iterable

from lockgate.audit.entry import CLOCK_TOLERANCE_MS, parse_entry
from lockgate.audit.merkle import Frontier, Hash, leaf_hash, root_from_hashes
from lockgate.audit.reader import TrailIndex, TrailReader
from lockgate.audit.streams import StreamHead, head_entry
from lockgate.audit.tiles import TILE_WIDTH, Tile
from lockgate.audit.times import parse_time
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.history import History
from lockgate.audit.verify.scan import IrregularError, Place, Range


class HeadsTree:
    """The heads of all streams, with the leaves of their tree kept between looks at its root."""

    __slots__ = ("_leaves", "_names", "places")

    def __init__(self) -> None:
        self.places: dict[bytes, Place] = {}
        self._leaves: dict[bytes, Hash] = {}
        self._names: list[bytes] = []

    def move(self, changed: dict[bytes, Place]) -> None:
        """Streams that moved on."""
        for name, place in changed.items():
            before = self.places.get(name)
            if before == place:
                continue
            if before is None:
                insort(self._names, name)
            self.places[name] = place
            self._leaves.pop(name, None)

    def as_walked(self) -> dict[str, tuple[int, Hash]]:
        """Where each stream stands, as the exact walk has it."""
        return {name.decode(): (n, a2b_base64(leaf)) for name, (n, leaf) in self.places.items()}

    def state(self) -> tuple[int, Hash]:
        """Count and root of the heads tree."""
        leaves = self._leaves
        for name in self._names:
            if name not in leaves:
                n, leaf = self.places[name]
                leaves[name] = leaf_hash(head_entry(StreamHead(name.decode(), n, a2b_base64(leaf))))
        return len(self._names), root_from_hashes([leaves[name] for name in self._names])


class Merge:
    """Takes ranges in order. Raises IrregularError for whatever is out of order between them."""

    def __init__(self, reader: TrailReader, origin: str, wanted: frozenset[int]) -> None:
        self._reader = reader
        self._wanted = wanted
        self._tops = Frontier()
        self._levels: list[list[Hash]] = [[]]
        self._requests: dict[bytes, int] = {}
        self._last_time = b""
        self.heads = HeadsTree()
        self.findings = Findings()
        self.history = History(origin, self.findings)
        self.missing: list[tuple[int, tuple[str, ...]]] = []
        self.size = 0
        self.bodies = 0
        self.unshown = 0
        self.opened = 0
        self.roots: dict[int, Hash] = {0: Frontier().root()} if 0 in wanted else {}
        self.root = Frontier().root()

    def take(self, part: Range) -> None:
        """The next range."""
        if part.start != self.size or self.size % TILE_WIDTH:
            raise IrregularError
        if part.start == 0 and part.stop and (not part.special or part.special[0][0] != 0):
            # A plain decision cannot open a log.
            raise IrregularError
        self._take_time(part)
        for name, (n, prev) in part.firsts.items():
            before = self.heads.places.get(name, (0, b""))
            if (n - 1, prev) != before:
                raise IrregularError
        for key, index in part.requests:
            if self._requests.setdefault(key, index) != index:
                raise IrregularError
        for index, data, changed in part.special:
            self.heads.move(changed)
            self.history.take(parse_entry(data), index, self.heads.state)
        self.heads.move(part.lasts)
        if self.findings.found:
            raise IrregularError
        if part.decisions:
            kinds = self.history.kinds
            kinds["decision"] = kinds.get("decision", 0) + part.decisions
        self.bodies += part.bodies
        self.unshown += part.unshown
        self.opened += part.opened
        self.missing += [(index, tuple([name.decode() for name in names])) for index, names in part.missing]
        self._grow(part)

    def _take_time(self, part: Range) -> None:
        if part.first_time and self._last_time:
            before = parse_time(self._last_time.decode())
            if parse_time(part.first_time.decode()) < before - CLOCK_TOLERANCE_MS:
                raise IrregularError
        self._last_time = part.last_time or self._last_time

    def _grow(self, part: Range) -> None:
        wanted = sorted([size for size in self._wanted if part.start < size <= part.stop])
        done = self.size
        for root in part.tile_roots:
            while wanted and wanted[0] < done + TILE_WIDTH:
                self._note(wanted.pop(0), part.wanted)
            self._tops.append(root)
            self._fill(0, root)
            done += TILE_WIDTH
        while wanted:
            self._note(wanted.pop(0), part.wanted)
        self.size = part.stop
        self.root = self._root(part.rest)

    def _note(self, size: int, leaves: dict[int, list[Hash]]) -> None:
        self.roots[size] = self._root(leaves[size] if size % TILE_WIDTH else [])

    def _root(self, rest: list[Hash]) -> Hash:
        """The root with the leaves behind the last full tile."""
        tree = Frontier.from_hashes(self._tops.size * TILE_WIDTH, self._tops.hashes)
        for leaf in rest:
            tree.append(leaf)
        return tree.root()

    def _fill(self, level: int, made: Hash) -> None:
        """Adds a hash to the tile above; compares the tile with the stored one when it is full."""
        hashes = self._levels[level]
        hashes.append(made)
        if len(hashes) < TILE_WIDTH:
            return
        index = self._tops.size // TILE_WIDTH ** (level + 1) - 1
        self._compare(Tile(level + 1, index), hashes)
        self._levels[level] = []
        if level + 1 == len(self._levels):
            self._levels.append([])
        self._fill(level + 1, root_from_hashes(hashes))

    def _compare(self, tile: Tile, hashes: list[Hash]) -> None:
        if self._reader.tile(tile) != b"".join(hashes):
            raise IrregularError

    @property
    def last_ms(self) -> int:
        """The time of the last entry."""
        return parse_time(self._last_time.decode()) if self._last_time else 0

    def finish(self, index: TrailIndex | None) -> None:
        """Partial tiles above the lowest, and the index tables that are not in the order of entries."""
        self.history.finish(self.size)
        if self.findings.found or next(iter(self._reader.bodies(self.size, 1 << 39)), None) is not None:
            raise IrregularError
        for level, hashes in enumerate(self._levels):
            if hashes:
                above = self._tops.size // TILE_WIDTH ** (level + 1)
                self._compare(Tile(level + 1, above, len(hashes)), hashes)
        if index is None:
            return
        rows = index.stream_heads()
        heads = {head.name.encode(): (head.n, head.leaf) for head in rows}
        # Each range looked at the rows of its own links; what is more than these belongs to no entry.
        links = sum([n for n, _ in self.heads.places.values()])
        if len(rows) != len(heads) or index.stream_entry_count() != links:
            raise IrregularError
        if next(iter(index.records(self.size, 1 << 39)), None) is not None:
            raise IrregularError
        if heads != {name: (n, a2b_base64(leaf)) for name, (n, leaf) in self.heads.places.items()}:
            raise IrregularError
        if dict(index.request_keys()) != {a2b_base64(key): at for key, at in self._requests.items()}:
            raise IrregularError


def merge(
    parts: Iterable[Range],
    reader: TrailReader,
    index: TrailIndex | None,
    origin: str,
    wanted: frozenset[int],
) -> Merge:
    """The whole of scanned ranges, given in order."""
    made = Merge(reader, origin, wanted)
    for part in parts:
        made.take(part)
    made.finish(index)
    return made
