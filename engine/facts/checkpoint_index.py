"""The index of a TensorFlow checkpoint: a table of LevelDB, walked block by block so that no byte is left over.

https://github.com/google/leveldb/blob/main/doc/table_format.md,
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/tensor_bundle/tensor_bundle.h
"""

from collections.abc import Iterator

from lockgate.engine.facts.cursor import Cursor, number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.protobuf.wire import varint
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import BytesSource, Source

_MAGIC = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
_FOOTER = 48
# The kind of compression, and a checksum.
_TRAILER = 5
# Blocks are of 4 or 256 kB, but for one entry that is longer.
_BLOCK_BYTES = 16 << 20


def is_checkpoint_index(source: Source) -> bool:
    """Whether a file ends as a table does."""
    return source.size >= _FOOTER and source.read(source.size - 8, 8) == _MAGIC


def scan_checkpoint_index(source: Source, scan: Scan) -> None:
    """Walks all blocks, which fill the file. Raises UnreadableError."""
    footer = Cursor(source, source.size - _FOOTER)
    meta = varint(footer), varint(footer)
    index = varint(footer), varint(footer)
    end = 0
    for value in _values(source, *index):
        handle = Cursor(BytesSource("", value))
        offset, size = varint(handle), varint(handle)
        if offset != end:
            raise UnreadableError("blocks leave a gap, or overlap", end)
        for _ in _values(source, offset, size):
            scan.budget.opcodes(1)
        end = offset + size + _TRAILER
    for offset, size in (meta, index):
        if offset != end:
            raise UnreadableError("blocks leave a gap, or overlap", end)
        end = offset + size + _TRAILER
    if end != source.size - _FOOTER:
        raise UnreadableError("something lies between the blocks and the footer", end)


def _values(source: Source, offset: int, size: int) -> Iterator[bytes]:
    """The values of a block. Raises UnreadableError."""
    if size > _BLOCK_BYTES:
        raise LimitError(f"a block of {size} bytes", offset)
    if size < 4 or offset + size + _TRAILER > source.size:
        raise UnreadableError("a block lies outside of the file", offset)
    if number_at(source, offset + size, "<B"):
        raise UnreadableError("a block that is compressed", offset)
    restarts = number_at(source, offset + size - 4, "<I")
    end = size - 4 - 4 * restarts
    if end < 0:
        raise UnreadableError("a block of more restarts than bytes", offset)
    entries = Cursor(BytesSource("", source.read(offset, end)))
    while entries.left:
        _, rest, length = varint(entries), varint(entries), varint(entries)
        entries.skip(rest)
        yield entries.exactly(length)
