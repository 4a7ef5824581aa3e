"""Bytes to look at: a file, a piece of memory, a slice of another source, or what came out of a decompressor.

A source has a known size and is read at any place; nothing holds a whole file in memory.
"""

import os
import tempfile
from collections.abc import Iterable
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from lockgate.engine.facts.budget import Budget
from lockgate.engine.facts.errors import UnreadableError

# What came out of a decompressor stays in memory up to this size.
SPOOLED_IN_MEMORY = 1 << 20


class Source(Protocol):
    """Random access to bytes of known size. `name` is the path in the artefact; nested parts are joined with `!`."""

    @property
    def name(self) -> str:
        """The path in the artefact."""
        ...

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at a place; fewer at the end only. Raises UnreadableError."""
        ...


class BytesSource:
    """Bytes in memory."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size = len(data)
        self._data = data

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at a place."""
        return self._data[offset : offset + length]


class OpenedSource:
    """An open file of known size. Who opened it closes it."""

    def __init__(self, name: str, stream: BinaryIO, size: int) -> None:
        self.name = name
        self.size = size
        self._stream = stream
        self._at = -1

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at a place. Raises UnreadableError when the file cannot be read or became shorter."""
        wanted = min(length, self.size - offset)
        if wanted <= 0:
            return b""
        try:
            if offset != self._at:
                self._stream.seek(offset)
            data = self._stream.read(wanted)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", offset) from None
        if len(data) < wanted:
            raise UnreadableError("became shorter while it was read", offset + len(data))
        self._at = offset + len(data)
        return data


class SliceSource:
    """A part of another source: no byte of it is copied."""

    def __init__(self, name: str, of: Source, start: int, size: int) -> None:
        if start < 0 or size < 0 or start + size > of.size:
            raise UnreadableError(f"{name} lies outside of what holds it", max(start, 0))
        self.name = name
        self.size = size
        self._of = of
        self._start = start

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at a place. Raises UnreadableError."""
        wanted = min(length, self.size - offset)
        return self._of.read(self._start + offset, wanted) if wanted > 0 else b""


class SpooledSource:
    """What came out of a decompressor: in memory while it is small, then in a temporary file without a name."""

    def __init__(self, name: str, blocks: Iterable[bytes], budget: Budget) -> None:
        self.name = name
        self._file = tempfile.SpooledTemporaryFile(SPOOLED_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        try:
            for block in blocks:
                budget.inflate(len(block))
                self._file.write(block)
        except OSError as error:
            self._file.close()
            raise UnreadableError(f"no room to inflate it: {error.strerror}") from None
        except BaseException:
            self._file.close()
            raise
        self.size = self._file.tell()

    def read(self, offset: int, length: int) -> bytes:
        """The bytes at a place."""
        if offset >= self.size or length <= 0:
            return b""
        self._file.seek(offset)
        return self._file.read(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def open_source(name: str, stream: BinaryIO) -> OpenedSource:
    """A source over an open regular file."""
    return OpenedSource(name, stream, os.fstat(stream.fileno()).st_size)


class Stream:
    """Reads a source forward, in blocks."""

    BLOCK = 1 << 16

    def __init__(self, source: Source, offset: int = 0) -> None:
        self.source = source
        self._block = b""
        self._block_offset = offset
        self._at = 0

    @property
    def offset(self) -> int:
        """Where in the source the next byte is."""
        return self._block_offset + self._at

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return self.source.size - self.offset

    def read(self, count: int) -> bytes:
        """The next bytes, fewer at the end only."""
        at = self._at
        data = self._block[at : at + count]
        if len(data) == count:
            self._at = at + count
            return data
        offset = self.offset + len(data)
        rest = count - len(data)
        self._block = self.source.read(offset, max(rest, self.BLOCK))
        self._block_offset = offset
        more = self._block[:rest]
        self._at = len(more)
        return data + more

    def exactly(self, count: int) -> bytes:
        """The next bytes. Raises UnreadableError when there are fewer."""
        data = self.read(count)
        if len(data) != count:
            raise UnreadableError(f"ends where {count} bytes are due", self.offset - len(data))
        return data

    def skip(self, count: int) -> None:
        """Goes over bytes without a look at them. Raises UnreadableError when there are fewer."""
        if count > self.left:
            raise UnreadableError(f"ends where {count} bytes are due", self.offset)
        at = self._at + count
        if at <= len(self._block):
            self._at = at
        else:
            self._block_offset += at
            self._block = b""
            self._at = 0
