"""What comes out of a decompressor, in blocks of bounded size."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from lockgate.engine.facts.budget import Budget
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.source import Source

_BLOCK = 1 << 16
_OUT = 1 << 18
# xz -9 takes 65 MiB to read; the preset that joblib uses, 9.
_LZMA_MEMORY = 80 << 20


class Decompressor(Protocol):
    """What the three modules of the standard library have in common."""

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes:
        """Some of what comes out."""
        ...

    @property
    def eof(self) -> bool:
        """Whether the compressed data have ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows the compressed data."""
        ...


class Zlib:
    """A zlib, gzip or raw deflate stream; keeps what was not taken yet, as the others do."""

    def __init__(self, window: int) -> None:
        self._machine = zlib.decompressobj(window)

    def decompress(self, data: bytes, max_length: int = _OUT, /) -> bytes:
        """Some of what comes out."""
        return self._machine.decompress(self._machine.unconsumed_tail + data, max_length)

    @property
    def eof(self) -> bool:
        """Whether the compressed data have ended."""
        return self._machine.eof

    @property
    def needs_input(self) -> bool:
        """Whether all that was given is taken."""
        return not self._machine.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What follows the compressed data."""
        return self._machine.unused_data


DECOMPRESSORS: dict[str, Callable[[], Zlib | bz2.BZ2Decompressor | lzma.LZMADecompressor]] = {
    "gzip": lambda: Zlib(zlib.MAX_WBITS | 16),
    "zlib": lambda: Zlib(zlib.MAX_WBITS),
    "deflate": lambda: Zlib(-zlib.MAX_WBITS),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, _LZMA_MEMORY),
}
# Several streams one after the other are one file to those who read these.
_MANY = frozenset({"gzip", "bzip2", "xz"})


class Inflated:
    """The blocks of a compressed source. After the last, `end` is where the compressed data ended."""

    def __init__(self, source: Source, method: str, budget: Budget) -> None:
        self.end = 0
        self._source = source
        self._method = method
        self._budget = budget

    def __iter__(self) -> Iterator[bytes]:
        at = 0
        inflated = 0
        while True:
            machine = DECOMPRESSORS[self._method]()
            while not machine.eof:
                data = self._source.read(at, _BLOCK) if machine.needs_input else b""
                if not data and machine.needs_input:
                    raise UnreadableError("compressed data end too soon", at)
                at += len(data)
                try:
                    block = machine.decompress(data, _OUT)
                except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
                    raise UnreadableError(f"compressed data are broken: {error}", at - len(data)) from None
                inflated += len(block)
                self._budget.check_ratio(at, inflated)
                if block:
                    yield block
            at -= len(machine.unused_data)
            self.end = at
            magic = self._source.read(at, 3)
            if self._method not in _MANY or magic != self._source.read(0, 3):
                return
