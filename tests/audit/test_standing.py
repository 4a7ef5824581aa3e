"""Ranges of entries that are proven together: each one is in the log, or it shows."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from lockgate.audit.errors import VerificationError
from lockgate.audit.tiles import Tile

from tests.audit.test_completeness import standing
from tests.audit.trails import Trail, make_large, tampered

TILE = 256
LOG = 1 << 40


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    made = make_large(tmp_path / "trail.db", 600)
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 10), (0, 600), (255, 257), (256, 512), (300, 301), (511, 600), (590, 9_999), (5, 5)],
)
def test_they_are_the_entries(trail: Trail, start: int, stop: int) -> None:
    found = standing(trail)
    size = found.checkpoint.size
    assert [*found.proven(start, stop)] == [*trail.store.entries(start, min(stop, size))]


@pytest.mark.parametrize("index", [10, 255, 590])
@pytest.mark.parametrize("how", ["entry", "with its hash", "with its tile", "removed"])
def test_one_that_was_changed_shows(tmp_path: Path, trail: Trail, index: int, how: str) -> None:
    place = LOG + index
    (entry,) = trail.store.entries(index, index + 1)
    changed = entry.replace(b'"v":1', b'"v":2')
    assert changed != entry
    leaf = sha256(b"\x00" + changed).digest()
    statements = [f"UPDATE leaf SET entry = x'{changed.hex()}' WHERE place = {place}"]
    if how != "entry":
        statements.append(f"UPDATE leaf SET leaf_hash = x'{leaf.hex()}' WHERE place = {place}")
    if how == "with its tile":
        tile, at = divmod(index, TILE)
        width = min(TILE, trail.store.head().size - tile * TILE)
        data = bytearray(trail.store.tile(Tile(0, tile, width)))
        data[32 * at : 32 * at + 32] = leaf
        statements.append(f"UPDATE tile SET data = x'{data.hex()}' WHERE level = 0 AND tile = {tile}")
    if how == "removed":
        statements = [f"DELETE FROM leaf WHERE place = {place}"]
    found = standing(trail)
    trail.store.close()
    tampered(tmp_path / "trail.db", *statements)
    for start, stop in ((0, 600), (index, index + 1), (max(0, index - 3), index + 3)):
        with pytest.raises(VerificationError):
            assert [*found.proven(start, stop)]
