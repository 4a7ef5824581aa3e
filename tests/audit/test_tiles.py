"""Tiles and bundles: the specification's examples, reading subtrees, round trips, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError
from lockgate.audit.merkle import leaf_hash, root_from_hashes
from lockgate.audit.tiles import (
    MAX_ENTRY,
    MAX_LEVEL,
    TILE_WIDTH,
    Tile,
    TileHashes,
    bundles_of,
    entries_path,
    parse_entries,
    parse_tile_path,
    render_entries,
    tile_hashes,
    tile_path,
    tiles_of,
)

tiles = st.builds(Tile, st.integers(-1, MAX_LEVEL), st.integers(0, 10**12), st.integers(1, TILE_WIDTH))


@given(tiles)
def test_paths(tile: Tile) -> None:
    assert parse_tile_path(tile_path(tile)) == tile


def test_the_paths_of_the_specification() -> None:
    assert tile_path(Tile(0, 1234067)) == "tile/0/x001/x234/067"
    assert entries_path(1234067, 5) == "tile/entries/x001/x234/067.p/5"
    assert tile_path(Tile(1, 0)) == "tile/1/000"
    assert tile_path(Tile(2, 999_999, 255)) == "tile/2/x999/999.p/255"


def test_the_tiles_of_the_specification() -> None:
    """70,000 entries; and 256, where the level above begins."""
    made = list(tiles_of(70_000))
    assert len([one for one in made if one.level == 0 and one.width == TILE_WIDTH]) == 273
    assert [one for one in made if one.width != TILE_WIDTH] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert [one for one in made if one.level == 1 and one.width == TILE_WIDTH] == [Tile(1, 0)]
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == list(bundles_of(0)) == []
    assert list(bundles_of(257)) == [Tile(-1, 0), Tile(-1, 1, 1)]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/x000/x001/000",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/00/000",
        "tile/01/000",
        "tile/-1/000",
        f"tile/{MAX_LEVEL + 1}/000",
        "tile/64/000",
        "tile/entry/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/-1",
        "tile/0/x001.p/5/000",
        "tile/0/../000",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/000.p/\u0661",
        "tile/0/" + "x001/" * 7 + "000",
        "tile/0/" + "x001/" * 100_000 + "000",
    ],
)
def test_paths_refused(path: str) -> None:
    with pytest.raises(FormatError):
        parse_tile_path(path)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=TILE_WIDTH))
def test_bundles(entries: list[bytes]) -> None:
    assert parse_entries(render_entries(entries), len(entries)) == entries


@given(st.lists(st.binary(max_size=20), min_size=2, max_size=9), st.data())
def test_bundles_cut_or_continued(entries: list[bytes], data: st.DataObject) -> None:
    bundle = render_entries(entries)
    with pytest.raises(FormatError):
        parse_entries(bundle[: data.draw(st.integers(0, len(bundle) - 1))], len(entries))
    with pytest.raises(FormatError):
        parse_entries(bundle + data.draw(st.binary(min_size=1)), len(entries))
    for width in (len(entries) - 1, len(entries) + 1, 0):
        with pytest.raises(FormatError):
            parse_entries(bundle, width)


def test_bundles_that_are_not_rendered() -> None:
    assert len(render_entries([bytes(MAX_ENTRY)])) == MAX_ENTRY + 2
    for entries in ([], [bytes(MAX_ENTRY + 1)], [b""] * (TILE_WIDTH + 1)):
        with pytest.raises(FormatError):
            render_entries(entries)


@pytest.mark.parametrize("size", [0, 1, 31, 33, 63, 65, 96])
def test_tiles_of_another_size(size: int) -> None:
    with pytest.raises(FormatError):
        tile_hashes(bytes(size), 2)


class Log:
    """The tiles of a log, from its leaves."""

    def __init__(self, size: int) -> None:
        self.leaves = [leaf_hash(b"%d" % one) for one in range(size)]
        self.asked: list[Tile] = []

    def get(self, tile: Tile) -> bytes:
        self.asked.append(tile)
        step = TILE_WIDTH**tile.level
        start = tile.index * TILE_WIDTH
        return b"".join(
            root_from_hashes(self.leaves[one * step : (one + 1) * step])
            for one in range(start, start + tile.width)
        )


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 70_000])
def test_subtrees_are_read_from_tiles(size: int) -> None:
    log = Log(size)
    read = TileHashes(size, log.get)
    for level in range(18):
        for index in {0, 1, (size >> level) - 1}:
            if not 0 <= index < size >> level:
                continue
            assert read(level, index) == root_from_hashes(log.leaves[index << level : (index + 1) << level])
    # No tile is asked for twice, and none that the log does not have.
    assert len(set(log.asked)) == len(log.asked)
    assert set(log.asked) <= set(tiles_of(size))


def test_subtrees_that_are_not_whole() -> None:
    read = TileHashes(300, Log(300).get)
    for level, index in ((0, 300), (0, 1 << 40), (2, 75), (8, 1), (9, 0), (16, 0), (40, 0)):
        with pytest.raises(FormatError):
            read(level, index)


def test_a_tile_that_is_short() -> None:
    with pytest.raises(FormatError):
        TileHashes(5, lambda _: bytes(32 * 4))(0, 0)
