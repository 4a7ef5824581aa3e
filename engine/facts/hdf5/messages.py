"""Object headers of HDF5, versions 1 and 2, and the messages in them.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, IV. Disk Format: Level 2.
"""

from collections.abc import Iterator

from lockgate.engine.facts.cursor import Cursor, number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

DATATYPE, LINK_INFO, LINK, EXTERNAL, LAYOUT, FILTERS, ATTRIBUTE = 0x03, 0x02, 0x06, 0x07, 0x08, 0x0B, 0x0C
CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x10, 0x11, 0x15
# All messages of the format; the rest are of no use here, and say so when they are none.
KINDS = frozenset(range(0x19))
_BLOCKS = 10_000
_BLOCK_BYTES = 64 << 20


@record
class Message:
    """A message of an object header: its kind, its flags, where its bytes are."""

    kind: int
    flags: int
    start: int
    size: int


def read_messages(source: Source, address: int) -> Iterator[Message]:
    """The messages of the object header at an address. Raises UnreadableError."""
    if source.read(address, 4) == b"OHDR":
        yield from _read_v2(source, address)
        return
    version = number_at(source, address, "<B")
    if version != 1:
        raise UnreadableError(f"an object header of version {version}", address)
    size = number_at(source, address + 8, "<I")
    yield from _blocks(source, [(address + 16, size)], 8, 0, 0)


def _read_v2(source: Source, address: int) -> Iterator[Message]:
    flags = number_at(source, address + 5, "<B")
    at = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(source.read(at, width), "little")
    yield from _blocks(source, [(at + width, size)], 6 if flags & 4 else 4, 4, 4)


def _blocks(
    source: Source, blocks: list[tuple[int, int]], head: int, prefix: int, suffix: int
) -> Iterator[Message]:
    """Messages of a header and of the blocks that continue it. `head` is the size of what precedes a message."""
    for done, (start, size) in enumerate(blocks):
        if done > _BLOCKS or size > _BLOCK_BYTES:
            raise LimitError("an object header of too many parts", start)
        if size < 0 or start + size > source.size:
            raise UnreadableError("an object header lies outside of the file", start)
        cursor = Cursor(source, start)
        while cursor.offset + head <= start + size:
            at = cursor.offset
            kind = cursor.u16() if head == 8 else cursor.u8()
            length = cursor.u16()
            flags = cursor.u8()
            cursor.skip(head - (5 if head == 8 else 4))
            if at + head + length > start + size:
                raise UnreadableError("a message is longer than what holds it", at)
            if kind == CONTINUATION:
                where, count = (number_at(source, at + head + step, "<Q") for step in (0, 8))
                blocks.append((where + prefix, count - prefix - suffix))
            else:
                yield Message(kind, flags, at + head, length)
            cursor.skip(length)
