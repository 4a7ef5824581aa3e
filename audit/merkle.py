"""The Merkle tree of RFC 6962 (section 2.1) over SHA-256: hashes, the compact frontier, proofs and their verification.

Pure functions. Proofs are built over a `read(level, index)` that gives the hash of the perfect subtree of `2**level`
leaves number `index`; verification needs no tree. Sizes and indices count leaves.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from lockgate.audit.errors import FormatError, VerificationError

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
# More than any log will hold; keeps a hostile size from making long loops.
MAX_SIZE: Final = 1 << 62

Hash = bytes
ReadHash = Callable[[int, int], Hash]


def leaf_hash(entry: bytes) -> Hash:
    """The hash of a leaf: `SHA-256(0x00 ‖ entry)`."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`."""
    return sha256(b"\x01" + left + right).digest()


def root_from_hashes(hashes: Sequence[Hash]) -> Hash:
    """The root over leaf hashes (or over the roots of perfect subtrees of one height)."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        above = [
            sha256(b"\x01" + row[place] + row[place + 1]).digest() for place in range(0, len(row) - 1, 2)
        ]
        if len(row) % 2:
            above.append(row[-1])
        row = above
    return row[0]


class Frontier:
    """The roots of the perfect subtrees that a tree of `size` leaves is made of: all that appending needs."""

    __slots__ = ("_hashes", "size")

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[Hash] = []

    @classmethod
    def from_hashes(cls, size: int, hashes: Iterable[Hash]) -> "Frontier":
        """The frontier of a tree, from its subtrees' roots, the largest first. Raises FormatError."""
        made = cls()
        made._hashes = list(hashes)
        made.size = size
        if not 0 <= size < MAX_SIZE or len(made._hashes) != size.bit_count():
            raise FormatError(f"a tree of {size} leaves has no {len(made._hashes)} subtrees")
        if any(len(one) != HASH_SIZE for one in made._hashes):
            raise FormatError(f"a hash in the frontier of {size} leaves is not of {HASH_SIZE} bytes")
        return made

    @property
    def hashes(self) -> tuple[Hash, ...]:
        """The roots of the subtrees, the largest first."""
        return tuple(self._hashes)

    def append(self, leaf: Hash) -> None:
        """Adds a leaf by its hash."""
        hashes = self._hashes
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> Hash:
        """The root of the tree so far."""
        if not self._hashes:
            return EMPTY_ROOT
        made = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            made = sha256(b"\x01" + left + made).digest()
        return made


def _check_size(size: int) -> None:
    if not 0 <= size < MAX_SIZE:
        raise FormatError(f"{size} is no size of a tree")


def _subtrees(start: int, stop: int) -> list[tuple[int, int]]:
    """The perfect subtrees (level, index) that leaves `start` to `stop` are made of, from the left.

    `start` is where a subtree of the next power of two above `stop - start` may begin, as in every proof.
    """
    made: list[tuple[int, int]] = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        made.append((level, start >> level))
        start += 1 << level
    return made


def _range_root(start: int, stop: int, read: ReadHash) -> Hash:
    """The hash of the node over leaves `start` to `stop` (MTH of RFC 6962)."""
    parts = [read(level, index) for level, index in _subtrees(start, stop)]
    made = parts.pop()
    while parts:
        made = node_hash(parts.pop(), made)
    return made


def tree_root(size: int, read: ReadHash) -> Hash:
    """The root of the first `size` leaves."""
    _check_size(size)
    return _range_root(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: ReadHash) -> tuple[Hash, ...]:
    """The audit path of leaf `index` in the tree of `size` leaves (RFC 6962 2.1.1), from the leaf upwards."""
    _check_size(size)
    if not 0 <= index < size:
        raise FormatError(f"there is no leaf {index} in a tree of {size}")
    start, stop = 0, size
    path: list[Hash] = []
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_range_root(middle, stop, read))
            stop = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    return tuple(reversed(path))


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def consistency_proof(old_size: int, new_size: int, read: ReadHash) -> tuple[Hash, ...]:
    """The proof that the first `old_size` leaves of a tree of `new_size` are the older tree (RFC 6962 2.1.2)."""
    _check_size(new_size)
    if not 0 <= old_size <= new_size:
        raise FormatError(f"a tree of {new_size} leaves has no older tree of {old_size}")
    if old_size in (0, new_size):
        return ()
    start, stop, whole = 0, new_size, True
    path: list[Hash] = []
    while old_size != stop:
        middle = start + _split(stop - start)
        if old_size <= middle:
            path.append(_range_root(middle, stop, read))
            stop = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
            whole = False
    if not whole:
        path.append(_range_root(start, stop, read))
    return tuple(reversed(path))


def _check_hashes(root: Hash, proof: Sequence[Hash], name: str) -> None:
    if len(root) != HASH_SIZE or any(len(one) != HASH_SIZE for one in proof):
        raise VerificationError(f"a hash in the {name} proof is not of {HASH_SIZE} bytes")


def verify_inclusion(leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Checks that a leaf hash is leaf `index` of the tree with this size and root (RFC 9162 2.1.3.2)."""
    _check_hashes(root, proof, "inclusion")
    if len(leaf) != HASH_SIZE:
        raise VerificationError(f"a leaf hash is not of {HASH_SIZE} bytes")
    if not 0 <= index < size < MAX_SIZE:
        raise VerificationError(f"there is no leaf {index} in a tree of {size}")
    place, last, made = index, size - 1, leaf
    for one in proof:
        if last == 0:
            raise VerificationError("the inclusion proof is too long")
        if place & 1 or place == last:
            made = node_hash(one, made)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            made = node_hash(made, one)
        place >>= 1
        last >>= 1
    if last != 0:
        raise VerificationError("the inclusion proof is too short")
    if made != root:
        raise VerificationError(
            f"leaf {index} is not in the tree of size {size}: the proof leads to another root"
        )


def verify_consistency(
    old_size: int, old_root: Hash, new_size: int, new_root: Hash, proof: Sequence[Hash]
) -> None:
    """Checks that the tree of `old_size` is the beginning of the tree of `new_size` (RFC 9162 2.1.4.2)."""
    _check_hashes(old_root, proof, "consistency")
    _check_hashes(new_root, (), "consistency")
    if not 0 <= old_size <= new_size < MAX_SIZE:
        raise VerificationError(f"a tree of {new_size} leaves is no later state of one of {old_size}")
    if old_size == new_size:
        if proof:
            raise VerificationError("a consistency proof between equal sizes is empty")
        if old_root != new_root:
            raise VerificationError(f"two trees of size {old_size} have different roots")
        return
    if old_size == 0:
        if proof:
            raise VerificationError("a consistency proof from the empty tree is empty")
        if old_root != EMPTY_ROOT:
            raise VerificationError("the root of the empty tree is wrong")
        return
    path = list(proof)
    if not path:
        raise VerificationError("the consistency proof is too short")
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old = new = path[0]
    for one in path[1:]:
        if last == 0:
            raise VerificationError("the consistency proof is too long")
        if place & 1 or place == last:
            old = node_hash(one, old)
            new = node_hash(one, new)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            new = node_hash(new, one)
        place >>= 1
        last >>= 1
    if last != 0:
        raise VerificationError("the consistency proof is too short")
    if old != old_root or new != new_root:
        raise VerificationError(
            f"the tree of size {new_size} does not contain the tree of size {old_size}: history was changed"
        )
