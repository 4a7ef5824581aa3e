"""Tiles and entry bundles of C2SP tlog-tiles v0.1.0: how a log lies in files, and reading hashes from tiles.

A tile at level L, index N holds up to 256 hashes: the roots of perfect subtrees of `2**(8·L)` leaves each. A tile of
fewer is partial and its path carries its width.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import HASH_SIZE, Hash, root_from_hashes

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256
MAX_LEVEL: Final = 63 // TILE_HEIGHT
MAX_ENTRY: Final = 65_535

_LENGTH: Final = Struct(">H")
_PATH: Final = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Names a tile: level ≥ 0 (-1 for a bundle of entries), index, and width from 1 to 256."""

    level: int
    index: int
    width: int = TILE_WIDTH


def _number(index: int) -> str:
    parts = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        parts.append(f"x{index % 1000:03}")
    return "/".join(reversed(parts))


def tile_path(tile: Tile) -> str:
    """`tile/<L>/<N>[.p/<W>]`, N in groups of three digits."""
    level = "entries" if tile.level < 0 else str(tile.level)
    partial = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return f"tile/{level}/{_number(tile.index)}{partial}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """`tile/entries/<N>[.p/<W>]`."""
    return tile_path(Tile(-1, index, width))


def parse_tile_path(path: str) -> Tile:
    """The tile that a path names, if it names it in the one right way."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise FormatError(f"{path!r} is no path of a tile")
    level = -1 if found[1] == "entries" else int(found[1])
    index = int(found[2].replace("x", "").replace("/", ""))
    tile = Tile(level, index, TILE_WIDTH if found[3] is None else int(found[3]))
    if level > MAX_LEVEL or tile.width > TILE_WIDTH or tile_path(tile) != path:
        raise FormatError(f"{path!r} is no path of a tile")
    return tile


def render_entries(entries: Sequence[bytes]) -> bytes:
    """A bundle of 1 to 256 entries, each behind its length as a big-endian uint16."""
    if not 0 < len(entries) <= TILE_WIDTH:
        raise FormatError(f"a bundle has 1 to {TILE_WIDTH} entries, not {len(entries)}")
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise FormatError(f"an entry of {len(entry)} bytes is longer than {MAX_ENTRY}")
        parts += (_LENGTH.pack(len(entry)), entry)
    return b"".join(parts)


def parse_entries(bundle: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle, with nothing behind them."""
    made: list[bytes] = []
    place, end = 0, len(bundle)
    for _ in range(width):
        if place + 2 > end:
            raise FormatError(f"the bundle ends before its entry {len(made)}")
        start = place + 2
        place = start + (bundle[place] << 8 | bundle[place + 1])
        if place > end:
            raise FormatError(f"the bundle ends within its entry {len(made)}")
        made.append(bundle[start:place])
    if place != end:
        raise FormatError(f"{end - place} bytes follow the {width} entries of the bundle")
    return made


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of hashes of a log of `size` entries, partial ones last in their level."""
    level, count = 0, size
    while count:
        full, rest = divmod(count, TILE_WIDTH)
        for index in range(full):
            yield Tile(level, index)
        if rest:
            yield Tile(level, full, rest)
        level, count = level + 1, full


def bundles_of(size: int) -> Iterator[Tile]:
    """Every bundle of entries of a log of `size` entries."""
    full, rest = divmod(size, TILE_WIDTH)
    for index in range(full):
        yield Tile(-1, index)
    if rest:
        yield Tile(-1, full, rest)


def tile_hashes(data: bytes, width: int) -> list[Hash]:
    """The hashes of a tile; exactly `width` of them."""
    if len(data) != width * HASH_SIZE:
        raise FormatError(f"a tile of {width} hashes has {len(data)} bytes, not {width * HASH_SIZE}")
    return [data[place : place + HASH_SIZE] for place in range(0, len(data), HASH_SIZE)]


class TileHashes:
    """Reads the hash of any perfect subtree of a log of `size` entries from its tiles, keeping those that it read."""

    __slots__ = ("_get", "_tiles", "size")

    def __init__(self, size: int, get: Callable[[Tile], bytes]) -> None:
        self.size = size
        self._get = get
        self._tiles: dict[tuple[int, int], list[Hash]] = {}

    def __call__(self, level: int, index: int) -> Hash:
        """The hash of the subtree of `2**level` leaves number `index`."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        tile_index, offset = divmod(first, TILE_WIDTH)
        hashes = self._hashes(tile_level, tile_index)
        count = 1 << height
        if offset + count > len(hashes):
            raise FormatError(f"a log of {self.size} entries has no whole subtree {index} at level {level}")
        return root_from_hashes(hashes[offset : offset + count])

    def _hashes(self, level: int, index: int) -> list[Hash]:
        found = self._tiles.get((level, index))
        if found is None:
            width = min(TILE_WIDTH, (self.size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH)
            if width <= 0:
                raise FormatError(f"a log of {self.size} entries has no tile {index} at level {level}")
            found = tile_hashes(self._get(Tile(level, index, width)), width)
            self._tiles[level, index] = found
        return found
