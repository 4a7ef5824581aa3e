"""Entries that are proven many at a time are those that are proven one by one, and what was changed is found likewise."""

from collections.abc import Iterator

import pytest
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.standing import ProvenEntry, Standing
from lockgate.audit.tiles import Tile
from sqlalchemy import text

from tests.audit.test_verify import trust_of
from tests.audit.trails import Trail, make_trail

SIZE = 700


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """Two whole tiles, and a part of one."""
    made = make_trail(f"sqlite:///{tmp_path_factory.mktemp('trail')}/trail.db")
    made.fill(SIZE)
    made.appender.close()
    yield made
    made.store.close()


def standing(trail: Trail) -> Standing:
    return Standing(trail.store, trust_of(trail.signer.verifier_key), (), trail.clock.now_ms)


CHOICES = {
    "all": [*range(SIZE)],
    "none": [],
    "last": [SIZE - 1],
    "each tile's ends": [0, 255, 256, 511, 512, SIZE - 1],
    "near and far": [0, 1, 9, 25, 26, 43, 300, 301],
    "descending": [600, 300, 299, 5],
    "twice": [4, 4, 5],
}


@pytest.mark.parametrize("choice", CHOICES)
def test_they_are_those_of_single_proofs(trail: Trail, choice: str) -> None:
    indices = CHOICES[choice]
    known = standing(trail)
    assert [*known.entries(indices)] == [known.prove(one).entry for one in indices]


@pytest.mark.parametrize("index", [-1, 10**6])
def test_what_the_checkpoint_does_not_cover(trail: Trail, index: int) -> None:
    with pytest.raises(TrailError, match="there is no entry"):
        [*standing(trail).entries([index])]


def changed(
    trail: Trail, change: str, index: int, monkeypatch: pytest.MonkeyPatch, every: int = 1
) -> Standing:
    """A standing over a store that was changed. every: how often it gives the changed entry, the first time among them."""
    store = trail.store
    entries, tile_of = store.entries, store.tile
    reads = [0]

    def changed_entries(start: int, stop: int) -> Iterator[bytes]:
        for place, data in enumerate(entries(start, stop), start):
            reads[0] += place == index
            is_changed = "entry" in change and place == index and reads[0] % every == 1 % every
            yield data + b" " if is_changed else data

    def changed_tile(tile: Tile) -> bytes:
        data = bytearray(tile_of(tile))
        if "tile" in change and tile.level == 0 and tile.index == index // 256:
            (entry,) = entries(index, index + 1)
            at = index % 256 * 32
            data[at : at + 32] = leaf_hash(entry + b" ")
        return bytes(data)

    monkeypatch.setattr(type(store), "entries", lambda _, start, stop: changed_entries(start, stop))
    monkeypatch.setattr(type(store), "tile", lambda _, tile: changed_tile(tile))
    return standing(trail)


@pytest.mark.parametrize("change", ["entry", "tile", "entry and tile"])
@pytest.mark.parametrize("index", [0, 1, 100, 255, 256, 511, 512, 600, SIZE - 1])
def test_what_was_changed_is_found(
    trail: Trail, change: str, index: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever entry of its tile is the one that is proven."""
    with pytest.raises(VerificationError):
        [*changed(trail, change, index, monkeypatch).entries(range(SIZE))]


def test_a_store_that_changes_its_mind(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives the right entry where that is proven, and before another, with the tile's hash to it."""
    known = changed(trail, "entry and tile", 300, monkeypatch, every=2)
    with pytest.raises(VerificationError, match="entry 300: the entry is not the one that was signed"):
        [*known.entries([300])]


def test_an_entry_that_is_gone(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_trail(f"sqlite:///{tmp_path_factory.mktemp('trail')}/trail.db")
    made.fill(20)
    made.appender.close()
    known = standing(made)
    with made.store.engine.begin() as connection:
        names = connection.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'leaf'")
        )
        for (name,) in names.all():
            connection.execute(text(f'DROP TRIGGER "{name}"'))
        connection.execute(text("DELETE FROM leaf WHERE place = (SELECT max(place) FROM leaf)"))
    with pytest.raises(VerificationError, match="the entry is missing"):
        [*known.entries([known.checkpoint.size - 1])]
    made.store.close()


def test_one_proof_shows_a_whole_tile(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    known, prove, asked = standing(trail), Standing.prove, []

    def counted(self: Standing, index: int) -> ProvenEntry:
        asked.append(index)
        return prove(self, index)

    monkeypatch.setattr(Standing, "prove", counted)
    assert len([*known.entries(range(3, SIZE))]) == SIZE - 3
    assert asked == [3, 256, 512]
