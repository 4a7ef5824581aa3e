"""Fractal heaps of HDF5: where the objects are that a heap holds.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, III.G. Rows of blocks double in size; those that are
too large for one block are heaps of rows themselves. What is larger than a block has a place of its own in the file.
"""

from typing import Final, final

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.hdf5.trees import HUGE, read_records, width_of
from lockgate.engine.facts.source import Source

NOWHERE: Final = (1 << 64) - 1
_ADDRESS: Final = 8
# Magic, version and the address of the heap's header, before a block's own offset.
_BLOCK_HEAD: Final = 13
_MANAGED, _HUGE = 0, 1
_HUGE_RECORD: Final = 24
_MOST_ROWS: Final = 64


class FilteredHeapError(UnreadableError):
    """The heap is compressed, by filters that are not run here."""


@final
class FractalHeap:
    """A heap, by its header."""

    def __init__(self, source: Source, address: int) -> None:
        """Raises UnreadableError, FilteredHeapError."""
        if source.read(address, 4) != b"FRHP" or number_at(source, address + 4, "<B"):
            raise UnreadableError("a heap is not where it should be", address)
        self._source = source
        self._address = address
        self._id_bytes = number_at(source, address + 5, "<H")
        if number_at(source, address + 7, "<H"):
            raise FilteredHeapError("a heap that is compressed", address)
        largest_managed = number_at(source, address + 10, "<I")
        self._huge_tree = number_at(source, address + 22, "<Q")
        self._width = number_at(source, address + 110, "<H")
        self._first = number_at(source, address + 112, "<Q")
        self._largest = number_at(source, address + 120, "<Q")
        bits = number_at(source, address + 128, "<H")
        self._root = number_at(source, address + 132, "<Q")
        self._rows = number_at(source, address + 140, "<H")
        for number in (self._width, self._first, self._largest):
            if number < 1 or number & (number - 1):
                raise UnreadableError("a heap whose blocks are of no power of two", address)
        if self._first > self._largest or bits > 64 or self._rows > _MOST_ROWS:
            raise UnreadableError("a heap of sizes that do not fit together", address)
        self._offset_bytes = -(-bits // 8)
        largest_bits = self._largest.bit_length() - 1
        self._length_bytes = min(-(-largest_bits // 8), width_of(largest_managed))
        self._direct_rows = largest_bits - (self._first.bit_length() - 1) + 2
        self._huge: dict[int, tuple[int, int]] | None = None

    def place(self, identity: bytes) -> tuple[int, int]:
        """Where an object is in the file, and its size. Raises UnreadableError."""
        if len(identity) != self._id_bytes or not identity or identity[0] >> 6:
            raise UnreadableError("a name in a heap is none", self._address)
        kind = identity[0] >> 4 & 3
        if kind == _MANAGED:
            offset = int.from_bytes(identity[1 : 1 + self._offset_bytes], "little")
            end = 1 + self._offset_bytes + self._length_bytes
            length = int.from_bytes(identity[1 + self._offset_bytes : end], "little")
            return self._managed(offset, length), length
        if kind == _HUGE:
            found = self._huge_objects().get(int.from_bytes(identity[1 : 1 + _ADDRESS], "little"))
            if found is None:
                raise UnreadableError("an object is not in the heap that it is said to be in", self._address)
            return found
        # Shorter than any attribute or link.
        raise UnreadableError("an object lies in its own name", self._address)

    def _managed(self, offset: int, length: int) -> int:
        """The place of what is at an offset into all blocks."""
        if not self._rows:
            return self._within(self._root, 0, self._first, offset, length)
        at, base, rows = self._root, 0, self._rows
        while True:
            if self._source.read(at, 4) != b"FHIB":
                raise UnreadableError("a block of a heap is not where it should be", at)
            row, start = self._row(offset - base, rows, at)
            size = self._row_bytes(row)
            column = (offset - base - start) // size
            entries = at + _BLOCK_HEAD + self._offset_bytes
            # Only direct rows come before, of which each entry is an address as well.
            child = number_at(self._source, entries + _ADDRESS * (row * self._width + column), "<Q")
            base += start + column * size
            if row < self._direct_rows:
                return self._within(child, base, size, offset, length)
            at, rows = child, (size // (self._first * self._width)).bit_length()

    def _row(self, offset: int, rows: int, at: int) -> tuple[int, int]:
        """The row of an offset into a block of rows, and where that row begins."""
        start = 0
        for row in range(rows):
            size = self._row_bytes(row) * self._width
            if offset < start + size:
                return row, start
            start += size
        raise UnreadableError("an object lies outside of its heap", at)

    def _row_bytes(self, row: int) -> int:
        return self._first << max(0, row - 1)

    def _within(self, block: int, base: int, size: int, offset: int, length: int) -> int:
        if block == NOWHERE or self._source.read(block, 4) != b"FHDB":
            raise UnreadableError(
                "a block of a heap is not where it should be", min(block, self._source.size)
            )
        if offset - base + length > size or block + size > self._source.size:
            raise UnreadableError("an object lies outside of its block", block)
        return block + offset - base

    def _huge_objects(self) -> dict[int, tuple[int, int]]:
        """Objects with a place of their own, by number."""
        if self._huge is None:
            self._huge = {}
            if self._huge_tree != NOWHERE:
                for one in read_records(self._source, self._huge_tree, HUGE):
                    if len(one) != _HUGE_RECORD:
                        raise UnreadableError("a record of a large object is none", self._huge_tree)
                    address, length, number = (
                        int.from_bytes(one[at : at + _ADDRESS], "little") for at in (0, 8, 16)
                    )
                    if address + length > self._source.size:
                        raise UnreadableError("an object lies outside of the file", self._huge_tree)
                    self._huge[number] = address, length
        return self._huge
