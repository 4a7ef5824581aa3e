"""The growing edge of a log in memory: what appending and proving recent entries need, without reading the database.

For each level of tiles it keeps the last tile's perfect subtrees. Appending computes each node once; a proof for a
recent entry is then a matter of looking up.
"""

from collections.abc import Callable
from typing import Final

from lockgate.audit.merkle import Frontier, Hash, node_hash
from lockgate.audit.tiles import TILE_HEIGHT, TILE_WIDTH, Tile, tile_hashes

# Full tiles that are kept for proofs of entries of the batch that filled them, and of the ones just before.
MAX_RECENT: Final = 64


class Pyramid:
    """A tile with the perfect subtrees within it: `rows[h][i]` is the root over its hashes `i·2**h` to `(i+1)·2**h`."""

    __slots__ = ("rows",)

    def __init__(self) -> None:
        self.rows: list[list[Hash]] = [[] for _ in range(TILE_HEIGHT + 1)]

    @classmethod
    def of(cls, hashes: list[Hash]) -> "Pyramid":
        """The pyramid of a tile's hashes."""
        made = cls()
        for one in hashes:
            made.append(one)
        return made

    def append(self, made: Hash) -> None:
        """Adds a hash to the tile."""
        for row in self.rows:
            row.append(made)
            if len(row) % 2:
                return
            made = node_hash(row[-2], row[-1])

    @property
    def width(self) -> int:
        """Hashes in the tile."""
        return len(self.rows[0])

    def data(self) -> bytes:
        """The tile's bytes."""
        return b"".join(self.rows[0])


class Growth:
    """A log's right edge: `size` entries, the last tile of each level, and the frontier as a second opinion."""

    __slots__ = ("edges", "frontier", "get", "recent")

    def __init__(self, frontier: Frontier, get: Callable[[Tile], bytes]) -> None:
        self.get = get
        self.frontier = frontier
        self.recent: dict[tuple[int, int], Pyramid] = {}
        self.edges: list[Pyramid] = []
        count, level = frontier.size, 0
        while count:
            full, width = divmod(count, TILE_WIDTH)
            if width:
                data = get(Tile(level, full, width))
                self.edges.append(Pyramid.of(tile_hashes(data, width)))
            else:
                self.edges.append(Pyramid())
            count, level = full, level + 1

    @property
    def size(self) -> int:
        """Entries so far."""
        return self.frontier.size

    def append(self, leaf: Hash) -> list[tuple[Tile, bytes]]:
        """Adds a leaf; returns the tiles that it filled."""
        filled: list[tuple[Tile, bytes]] = []
        level, made = 0, leaf
        self.frontier.append(leaf)
        while True:
            if level == len(self.edges):
                self.edges.append(Pyramid())
            edge = self.edges[level]
            edge.append(made)
            if edge.width < TILE_WIDTH:
                return filled
            index = (self.size >> (TILE_HEIGHT * (level + 1))) - 1
            filled.append((Tile(level, index), edge.data()))
            self._remember(level, index, edge)
            self.edges[level] = Pyramid()
            made = edge.rows[TILE_HEIGHT][0]
            level += 1

    def partial(self, level: int) -> tuple[Tile, bytes] | None:
        """The last tile of a level, where it is not full."""
        if level >= len(self.edges) or not self.edges[level].width:
            return None
        edge = self.edges[level]
        return Tile(level, self.size >> (TILE_HEIGHT * (level + 1)), edge.width), edge.data()

    def read(self, level: int, index: int) -> Hash:
        """The hash of the perfect subtree of `2**level` leaves number `index`."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        return self._pyramid(tile_level, tile_index).rows[height][offset >> height]

    def root(self) -> Hash:
        """The root as the tiles have it; the frontier's must be the same."""
        made: Hash | None = None
        count, level = self.size, 0
        while count >> level:
            if count >> level & 1:
                part = self.read(level, (count >> level) - 1)
                made = part if made is None else node_hash(part, made)
            level += 1
        return self.frontier.root() if made is None else made

    def _pyramid(self, level: int, index: int) -> Pyramid:
        last = self.size >> (TILE_HEIGHT * (level + 1))
        if index == last:
            return self.edges[level]
        found = self.recent.get((level, index))
        if found is None:
            found = Pyramid.of(tile_hashes(self.get(Tile(level, index)), TILE_WIDTH))
            self._remember(level, index, found)
        return found

    def _remember(self, level: int, index: int, pyramid: Pyramid) -> None:
        self.recent[level, index] = pyramid
        if len(self.recent) > MAX_RECENT:
            del self.recent[next(iter(self.recent))]


class BatchProofs:
    """Inclusion proofs at one size; what their right sides have in common is computed once."""

    __slots__ = ("_ranges", "_read", "size")

    def __init__(self, size: int, read: Callable[[int, int], Hash]) -> None:
        self.size = size
        self._read = read
        self._ranges: dict[tuple[int, int], Hash] = {}

    def path(self, index: int) -> tuple[Hash, ...]:
        """The audit path of a leaf, from the leaf upwards (RFC 6962 2.1.1)."""
        start, stop = 0, self.size
        path: list[Hash] = []
        while stop - start > 1:
            middle = start + (1 << ((stop - start - 1).bit_length() - 1))
            if index < middle:
                path.append(self._range(middle, stop))
                stop = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        path.reverse()
        return tuple(path)

    def _range(self, start: int, stop: int) -> Hash:
        count = stop - start
        level = count.bit_length() - 1
        if count == 1 << level:
            return self._read(level, start >> level)
        found = self._ranges.get((start, stop))
        if found is None:
            middle = start + (1 << level)
            found = node_hash(self._range(start, middle), self._range(middle, stop))
            self._ranges[start, stop] = found
        return found
