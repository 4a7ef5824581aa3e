"""The tree: proofs of random trees verify, and nothing that differs from them does."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    Hash,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_hashes,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

SIZE = 300
LEAVES = [leaf_hash(b"%d" % one) for one in range(SIZE)]


def read(level: int, index: int) -> Hash:
    return by_definition(index << level, (index + 1) << level)


def by_definition(start: int, stop: int) -> Hash:
    """MTH as RFC 6962 2.1 writes it: split at the largest power of two below the count."""
    count = stop - start
    if count == 0:
        return EMPTY_ROOT
    if count == 1:
        return LEAVES[start]
    split = 1
    while split * 2 < count:
        split *= 2
    return node_hash(by_definition(start, start + split), by_definition(start + split, stop))


ROOTS = [by_definition(0, size) for size in range(SIZE + 1)]


def test_roots() -> None:
    frontier = Frontier()
    for size in range(SIZE + 1):
        assert frontier.size == size
        assert frontier.root() == root_from_hashes(LEAVES[:size]) == tree_root(size, read) == ROOTS[size]
        again = Frontier.from_hashes(size, frontier.hashes)
        assert again.root() == frontier.root()
        if size < SIZE:
            again.append(LEAVES[size])
            frontier.append(LEAVES[size])
            assert again.hashes == frontier.hashes


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (0, [bytes(32)]),
        (1, []),
        (3, [bytes(32)]),
        (2, [bytes(31)]),
        (-1, []),
        (-1, [bytes(32)]),
        (MAX_SIZE, [bytes(32)]),
    ],
)
def test_no_frontier(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(FormatError):
        Frontier.from_hashes(size, hashes)


def test_every_proof_of_small_trees() -> None:
    for size in range(1, 40):
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, inclusion_proof(index, size, read), ROOTS[size])
        for old in range(size + 1):
            verify_consistency(old, ROOTS[old], size, ROOTS[size], consistency_proof(old, size, read))


sizes = st.integers(1, SIZE)
inclusions = sizes.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
consistencies = sizes.flatmap(lambda size: st.tuples(st.integers(0, size), st.just(size)))
POWERS = [(0, 1), (1, 2), (1, 3), (128, 256), (255, 256), (256, 257), (256, 300)]


@given(inclusions, st.data())
def test_inclusion(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    proof = inclusion_proof(index, size, read)
    verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])
    parts = [LEAVES[index], ROOTS[size], *proof]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data)
    with pytest.raises(VerificationError):
        verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(consistencies, st.data())
@example((1, 1), None)
@example((256, 300), None)
def test_consistency(place: tuple[int, int], data: st.DataObject | None) -> None:
    old, new = place
    proof = consistency_proof(old, new, read)
    verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)
    if data is None:
        return
    parts = [ROOTS[old], ROOTS[new], *proof]
    # From the empty tree to any other there is nothing to show of the other.
    which = data.draw(st.integers(0, len(parts) - 1)) if old else 0
    parts[which] = flipped(parts[which], data)
    with pytest.raises(VerificationError):
        verify_consistency(old, parts[0], new, parts[1], parts[2:])


def flipped(value: bytes, data: st.DataObject) -> bytes:
    changed = bytearray(value)
    changed[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(changed)


def changes(proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """Proofs that differ by a hash too many or too few, by their order, or by the size of a hash."""
    made = [
        (*proof, bytes(32)),
        (bytes(32), *proof),
        proof[1:],
        proof[:-1],
        (*proof, *proof[-1:]),
        proof[::-1],
    ]
    made += [
        (*proof[:-1], *[one + b"\0" for one in proof[-1:]]),
        (*[one[1:] for one in proof[:1]], *proof[1:]),
    ]
    return [one for one in made if one != proof]


@given(inclusions)
def test_other_proofs_of_inclusion(place: tuple[int, int]) -> None:
    index, size = place
    proof = inclusion_proof(index, size, read)
    for other in changes(proof):
        with pytest.raises(VerificationError):
            verify_inclusion(LEAVES[index], index, size, other, ROOTS[size])
    for wrong in (index - 1, index + 1, size, -1, -size, index + 256, MAX_SIZE):
        with pytest.raises(VerificationError):
            verify_inclusion(LEAVES[index], wrong, size, proof, ROOTS[size])
    for wrong in (0, index, -1, MAX_SIZE, MAX_SIZE * 2):
        with pytest.raises(VerificationError):
            verify_inclusion(LEAVES[index], index, wrong, proof, ROOTS[size])


@given(consistencies)
def test_other_proofs_of_consistency(place: tuple[int, int]) -> None:
    old, new = place
    proof = consistency_proof(old, new, read)
    for other in changes(proof):
        with pytest.raises(VerificationError):
            verify_consistency(old, ROOTS[old], new, ROOTS[new], other)
    if old < new:
        with pytest.raises(VerificationError):
            verify_consistency(new, ROOTS[new], old, ROOTS[old], proof)
    for wrong in (-1, MAX_SIZE, MAX_SIZE * 2):
        for sizes_ in ((wrong, new), (old, wrong)):
            with pytest.raises(VerificationError):
                verify_consistency(sizes_[0], ROOTS[old], sizes_[1], ROOTS[new], proof)


def test_what_needs_no_hashes_is_checked_all_the_same() -> None:
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    verify_consistency(0, EMPTY_ROOT, 5, ROOTS[5], ())
    verify_consistency(5, ROOTS[5], 5, ROOTS[5], ())
    refused: list[tuple[int, bytes, int, bytes, tuple[bytes, ...]]] = [
        (0, b"", 0, b"", ()),
        (0, ROOTS[1], 5, ROOTS[5], ()),
        (0, EMPTY_ROOT, 5, b"", ()),
        (0, EMPTY_ROOT, 5, ROOTS[5], (ROOTS[1],)),
        (5, ROOTS[5], 5, ROOTS[6], ()),
        (5, ROOTS[5], 5, ROOTS[5], (ROOTS[5],)),
        (5, b"short", 5, b"short", ()),
        (4, ROOTS[4], 8, ROOTS[8], ()),
        (5, ROOTS[5], 0, EMPTY_ROOT, ()),
    ]
    for case in refused:
        with pytest.raises(VerificationError):
            verify_consistency(*case)
    for leaf, root in ((b"", ROOTS[1]), (LEAVES[0], b""), (b"", b"")):
        with pytest.raises(VerificationError):
            verify_inclusion(leaf, 0, 1, (), root)
    verify_inclusion(LEAVES[0], 0, 1, (), LEAVES[0])


@given(st.integers(1, MAX_SIZE - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=70), st.data())
def test_huge_sizes_end(size: int, proof: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    if proof:
        with pytest.raises(VerificationError):
            verify_inclusion(LEAVES[0], index, size, proof, ROOTS[1])
    if index:
        with pytest.raises(VerificationError):
            verify_consistency(index, ROOTS[1], size, ROOTS[2], proof)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 4), (0, MAX_SIZE)])
def test_no_inclusion_to_prove(index: int, size: int) -> None:
    with pytest.raises(TrailError):
        inclusion_proof(index, size, read)


@pytest.mark.parametrize(("old", "new"), [(1, 0), (-1, 1), (5, 4), (0, MAX_SIZE), (0, -1)])
def test_no_consistency_to_prove(old: int, new: int) -> None:
    with pytest.raises(TrailError):
        consistency_proof(old, new, read)


def test_leaves_and_nodes_are_told_apart() -> None:
    """A node's hash is no leaf's: its two hashes as an entry make another root."""
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != ROOTS[2]
    with pytest.raises(VerificationError):
        verify_inclusion(leaf_hash(LEAVES[0] + LEAVES[1]), 0, 1, (), ROOTS[2])
