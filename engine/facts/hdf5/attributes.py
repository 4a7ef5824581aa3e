"""Attributes of HDF5 objects: those that are texts, wherever they lie.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, the Attribute, Datatype and Dataspace messages
and the global heap.
"""

from collections.abc import Iterator

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.hdf5.messages import Message
from lockgate.engine.facts.source import Source

_TEXT, _VARIABLE = 3, 9
_REFERENCE_BYTES = 16
_MOST_TEXTS = 100_000
# A configuration of a model of a thousand layers has about a megabyte.
TEXT_BYTES = 8 << 20


def read_texts(source: Source, message: Message) -> Iterator[tuple[str, bytes, int]]:
    """The texts of an attribute: its name, the bytes and their place. Raises UnreadableError."""
    start, end = message.start, message.start + message.size
    version = number_at(source, start, "<B")
    if version not in (1, 2, 3):
        raise UnreadableError(f"an attribute of version {version}", start)
    flags = number_at(source, start + 1, "<B") if version > 1 else 0
    sizes = [number_at(source, start + at, "<H") for at in (2, 4, 6)]
    padded = [-(-size // 8) * 8 if version == 1 else size for size in sizes]
    at = start + (9 if version == 3 else 8)
    name = source.read(at, sizes[0]).split(b"\0")[0].decode("utf-8", "replace")
    type_at = at + padded[0]
    space_at = type_at + padded[1]
    data_at = space_at + padded[2]
    if data_at > end:
        raise UnreadableError(f"the attribute {name[:80]!r} is longer than what holds it", start)
    if flags & 1:
        # Its type is that of another object, which is no text that Keras writes.
        return
    kind = number_at(source, type_at, "<B") & 15
    size = number_at(source, type_at + 4, "<I")
    count = _count(source, space_at)
    if kind == _TEXT:
        if size > TEXT_BYTES:
            raise LimitError(f"a text of {size} bytes", data_at)
        if data_at + size * count > end:
            raise UnreadableError(f"the attribute {name[:80]!r} lies outside of what holds it", data_at)
        for number in range(count):
            yield name, source.read(data_at + number * size, size).rstrip(b"\0"), data_at + number * size
    elif kind == _VARIABLE:
        for number in range(count):
            where = data_at + number * _REFERENCE_BYTES
            if where + _REFERENCE_BYTES > end:
                raise UnreadableError(f"the attribute {name[:80]!r} lies outside of what holds it", where)
            found = _from_heap(source, where)
            if found:
                yield name, found[0], found[1]


def _count(source: Source, at: int) -> int:
    version, rank, flags = (number_at(source, at + step, "<B") for step in range(3))
    if version not in (1, 2):
        raise UnreadableError(f"a dataspace of version {version}", at)
    if version == 2 and number_at(source, at + 3, "<B") == 2:
        return 0
    first = at + (8 if version == 1 else 4)
    count = 1
    for axis in range(rank):
        count *= number_at(source, first + 8 * axis, "<Q")
    if count > _MOST_TEXTS:
        raise LimitError(f"an attribute of {count} values", at)
    return count if flags < 4 else 0


def _from_heap(source: Source, where: int) -> tuple[bytes, int] | None:
    """A value of variable length, from the global heap; None when it is a null one."""
    address = number_at(source, where + 4, "<Q")
    index = number_at(source, where + 12, "<I")
    length = number_at(source, where, "<I")
    if address in (0, (1 << 64) - 1) or not index:
        return None
    if source.read(address, 4) != b"GCOL":
        raise UnreadableError("a global heap is not where it should be", address)
    end = min(address + number_at(source, address + 8, "<Q"), source.size)
    at = address + 16
    while at + 16 <= end:
        number = number_at(source, at, "<H")
        size = number_at(source, at + 8, "<Q")
        if number == index:
            if size > TEXT_BYTES:
                raise LimitError(f"a text of {size} bytes", at)
            if at + 16 + size > end:
                raise UnreadableError("a text lies outside of its heap", at)
            return source.read(at + 16, min(size, length) if length else size), at + 16
        if not number:
            break
        at += 16 + -(-size // 8) * 8
    raise UnreadableError("a text that is in no heap", address)
