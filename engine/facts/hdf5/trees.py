"""Version 2 B-trees of HDF5: the records of one, in no order.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, III.A.2. Checksums are the library's to compare: a
tree that it refuses loads nothing.
"""

from collections.abc import Iterator
from typing import Final

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

HUGE: Final = 1
LINK_NAMES, LINK_ORDER, ATTRIBUTE_NAMES, ATTRIBUTE_ORDER = 5, 6, 8, 9
# Magic, version and type before the records, a checksum behind them.
_BEFORE, _AROUND = 6, 10
_ADDRESS: Final = 8
_MOST_RECORDS: Final = 200_000
_MOST_LEVELS: Final = 16


@record
class Level:
    """Of nodes at one height: the most records in one, and the bytes that counts of all records below take."""

    most: int
    below_bytes: int


def width_of(number: int) -> int:
    """The bytes that hold every number up to this one."""
    return max(1, -(-number.bit_length() // 8))


def read_records(source: Source, address: int, kind: int) -> Iterator[bytes]:
    """The records of the tree of a kind. Raises UnreadableError, LimitError."""
    if source.read(address, 4) != b"BTHD" or number_at(source, address + 5, "<B") != kind:
        raise UnreadableError(f"a tree of kind {kind} is not where it should be", address)
    node_bytes = number_at(source, address + 6, "<I")
    size = number_at(source, address + 10, "<H")
    depth = number_at(source, address + 12, "<H")
    root = number_at(source, address + 16, "<Q")
    count = number_at(source, address + 24, "<H")
    total = number_at(source, address + 26, "<Q")
    if total > _MOST_RECORDS or depth > _MOST_LEVELS:
        raise LimitError(f"a tree of {total} records on {depth + 1} levels", address)
    # The library goes by the root's own count: one that is none of the total is told below.
    if not total and not count:
        return
    levels = _levels(node_bytes, size, depth, address)
    seen: set[int] = set()
    found = 0
    pending = [(root, count, depth)]
    while pending:
        at, count, height = pending.pop()
        if at in seen:
            raise UnreadableError("a tree runs in a circle", at)
        seen.add(at)
        magic = b"BTIN" if height else b"BTLF"
        if source.read(at, 4) != magic or count > levels[height].most:
            raise UnreadableError("a node of a tree is not where it should be", at)
        found += count
        if found > total:
            raise UnreadableError(f"a tree has more records than the {total} that it says", at)
        data = source.read(at + _BEFORE, count * size)
        if len(data) != count * size:
            raise UnreadableError("a node of a tree lies outside of the file", at)
        for number in range(count):
            yield data[number * size : (number + 1) * size]
        if height:
            pending.extend(_children(source, at + _BEFORE + count * size, count + 1, levels, height))
    if found != total:
        raise UnreadableError(f"a tree has {found} records, and says {total}", address)


def _levels(node_bytes: int, size: int, depth: int, address: int) -> list[Level]:
    """What fits into nodes, from the leaves up."""
    if not size or node_bytes < _AROUND + size:
        raise UnreadableError("a tree whose nodes hold nothing", address)
    levels = [Level((node_bytes - _AROUND) // size, 0)]
    all_below = levels[0].most
    for _ in range(depth):
        pointer = _ADDRESS + width_of(levels[0].most) + levels[-1].below_bytes
        most = (node_bytes - _AROUND - pointer) // (size + pointer)
        if most < 1:
            raise UnreadableError("a tree whose nodes hold nothing", address)
        all_below = (most + 1) * all_below + most
        levels.append(Level(most, width_of(all_below)))
    return levels


def _children(
    source: Source, at: int, count: int, levels: list[Level], height: int
) -> Iterator[tuple[int, int, int]]:
    """Each child: where it is, its records, its height."""
    counted = width_of(levels[0].most)
    pointer = _ADDRESS + counted + levels[height - 1].below_bytes
    data = source.read(at, count * pointer)
    if len(data) != count * pointer:
        raise UnreadableError("a node of a tree lies outside of the file", at)
    for number in range(count):
        start = number * pointer
        address = int.from_bytes(data[start : start + _ADDRESS], "little")
        records = int.from_bytes(data[start + _ADDRESS : start + _ADDRESS + counted], "little")
        yield address, records, height - 1
