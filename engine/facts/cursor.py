"""Reads numbers and strings of binary formats forward, never past the end."""

import struct

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.source import Source, Stream


class Cursor(Stream):
    """A stream with the little-endian numbers of most formats."""

    def u8(self) -> int:
        """A byte."""
        return self.exactly(1)[0]

    def u16(self) -> int:
        """Two bytes."""
        return int.from_bytes(self.exactly(2), "little")

    def u32(self) -> int:
        """Four bytes."""
        return int.from_bytes(self.exactly(4), "little")

    def u64(self) -> int:
        """Eight bytes."""
        return int.from_bytes(self.exactly(8), "little")

    def text(self, length: int, most: int, what: str) -> str:
        """A string of UTF-8. Raises UnreadableError when it is longer than `most`, or no UTF-8."""
        at = self.offset
        if length > most:
            raise UnreadableError(f"{what} of {length} bytes", at)
        try:
            return self.exactly(length).decode("utf-8")
        except UnicodeDecodeError:
            raise UnreadableError(f"{what} is not UTF-8", at) from None


def number_at(source: Source, offset: int, form: str) -> int:
    """A whole number at a place, in a form of `struct`. Raises UnreadableError."""
    size = struct.calcsize(form)
    data = source.read(offset, size) if 0 <= offset < source.size else b""
    if len(data) != size:
        raise UnreadableError(f"a number of {size} bytes lies outside of the file", max(offset, 0))
    (value,) = struct.unpack(form, data)
    return int(value)
