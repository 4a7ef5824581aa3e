"""DER, as strictly as Go's `cryptobyte` and `encoding/asn1` read it (ITU-T X.690).

`cryptography` refuses other inputs than Go and tells less of what it read, so that certificates are read here; it
only verifies their signatures. No function recurses: what is nested is read by a reader of its own.
"""

import re
from typing import Final

from lockgate.engine.rego.builtins.errors import BuiltinError, BuiltinLimitError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
UTF8_STRING: Final = 0x0C
NUMERIC_STRING: Final = 0x12
PRINTABLE_STRING: Final = 0x13
T61_STRING: Final = 0x14
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
BMP_STRING: Final = 0x1E
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT: Final = 0x80
CONSTRUCTED: Final = 0x20

Oid = tuple[int, ...]

# An integer of so many bytes has 4,095 digits at most: as many as integers here may have.
MAX_INTEGER_BYTES: Final = 1_700

_MAX_ARC: Final = (1 << 31) - 1
_PRINTABLE: Final = re.compile(rb"[A-Za-z0-9'()+,\-./ :=?*&]*")
_NUMERIC: Final = re.compile(rb"[0-9 ]*")


class Reader:
    """Reads the elements of DER one after the other. `problem` is the error when the next is not what is asked for."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._end = len(data)

    @property
    def empty(self) -> bool:
        """Has everything been read?"""
        return self._at >= self._end

    def at(self, tag: int) -> bool:
        """Is the next element's tag this one?"""
        return self._at < self._end and self._data[self._at] == tag

    def _header(self, problem: str, start: int) -> tuple[int, int, int]:
        """First byte of the tag of the element at a place, where its contents start, and their length."""
        data, end = self._data, self._end
        contents = start + 1
        if contents < end and data[start] & 0x1F == 0x1F:
            contents = _end_of_tag(data, contents, problem)
        if contents >= end:
            raise BuiltinError(problem)
        length = data[contents]
        contents += 1
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or end - contents < size:
                raise BuiltinError(problem)
            length = int.from_bytes(data[contents : contents + size], "big")
            if length < 0x80 or length >> (8 * (size - 1)) == 0:
                raise BuiltinError(problem)
            contents += size
        return data[start], contents, length

    def _next(self, problem: str) -> tuple[int, int, int, int]:
        """Tag, start, start of the contents and end of the next element, which counts as read."""
        start = self._at
        tag, contents, length = self._header(problem, start)
        if self._end - contents < length or tag & 0x1F == 0x1F:
            raise BuiltinError(problem)
        self._at = contents + length
        return tag, start, contents, self._at

    def begins(self, tag: int, problem: str) -> bool:
        """Is the next element's tag this one? As in `encoding/asn1`, what is next must begin as an element."""
        return not self.empty and self._header(problem, self._at)[0] == tag

    def enter(self, number: int, tag: int, problem: str) -> bool:
        """Steps to an element inside of the next one if that is explicitly tagged with a number, as `encoding/asn1`.

        It does not look at how long the outer element is; another element inside counts as none.
        """
        if self.empty:
            return False
        outer = CONTEXT | CONSTRUCTED | number
        found, contents, length = self._header(problem, self._at)
        if found | CONSTRUCTED != outer or (found != outer and length):
            return False
        if not length:
            raise BuiltinError(problem)
        if self._header(problem, contents)[0] != tag:
            return False
        self._at = contents
        return True

    def any(self, problem: str) -> tuple[int, bytes]:
        """Tag and contents of the next element."""
        tag, _, contents, end = self._next(problem)
        return tag, self._data[contents:end]

    def any_element(self, problem: str) -> tuple[int, bytes]:
        """Tag and encoding of the next element."""
        tag, start, _, end = self._next(problem)
        return tag, self._data[start:end]

    def contents(self, tag: int, problem: str) -> bytes:
        """The contents of the next element."""
        found, _, contents, end = self._next(problem)
        if found != tag:
            raise BuiltinError(problem)
        return self._data[contents:end]

    def element(self, tag: int, problem: str) -> bytes:
        """The next element as it is encoded."""
        found, start, _, end = self._next(problem)
        if found != tag:
            raise BuiltinError(problem)
        return self._data[start:end]

    def inside(self, tag: int, problem: str) -> "Reader":
        """A reader of what is in the next element."""
        return Reader(self.contents(tag, problem))

    def optional(self, tag: int, problem: str) -> bytes | None:
        """The contents of the next element if it has the tag."""
        return self.contents(tag, problem) if self.at(tag) else None

    def integer(self, problem: str, tag: int = INTEGER) -> int:
        """An integer of any size that still can be shown."""
        return integer(self.contents(tag, problem), problem)

    def small_integer(self, problem: str, tag: int = INTEGER) -> int:
        """An integer of 64 bits."""
        value = self.integer(problem, tag)
        if not -(1 << 63) <= value < 1 << 63:
            raise BuiltinError(problem)
        return value

    def boolean(self, problem: str) -> bool:
        """A boolean."""
        return boolean(self.contents(BOOLEAN, problem), problem)

    def oid(self, problem: str) -> Oid:
        """An object identifier."""
        return oid(self.contents(OBJECT_IDENTIFIER, problem), problem)

    def bits(self, problem: str) -> tuple[bytes, int]:
        """The bytes of a bit string, and how many bits it has."""
        return bits(self.contents(BIT_STRING, problem), problem)


def _end_of_tag(data: bytes, at: int, problem: str) -> int:
    """Where a tag of several bytes ends, of which the first has been read."""
    number = 0
    for place in range(at, min(at + 5, len(data))):
        if not number and data[place] == 0x80:
            break
        number = number << 7 | data[place] & 0x7F
        if not data[place] & 0x80:
            if 0x1F <= number <= _MAX_ARC:
                return place + 1
            break
    raise BuiltinError(problem)


def integer(contents: bytes, problem: str) -> int:
    """The integer with these contents."""
    if not contents or (len(contents) > 1 and contents[0] == (0xFF if contents[1] & 0x80 else 0)):
        raise BuiltinError(problem)
    if len(contents) > MAX_INTEGER_BYTES:
        raise BuiltinLimitError(f"an integer of {len(contents)} bytes in DER")
    return int.from_bytes(contents, "big", signed=True)


def boolean(contents: bytes, problem: str) -> bool:
    """The boolean with these contents."""
    if contents not in (b"\x00", b"\xff"):
        raise BuiltinError(problem)
    return contents == b"\xff"


def oid(contents: bytes, problem: str) -> Oid:
    """The object identifier with these contents; an arc has 31 bits, as in Go's older type."""
    arcs = base128(contents, problem)
    if max(arcs) > _MAX_ARC:
        raise BuiltinError(problem)
    return split_first(arcs)


def split_first(numbers: list[int]) -> Oid:
    """The arcs of an object identifier from the numbers that make it up."""
    first = min(numbers[0] // 40, 2)
    return (first, numbers[0] - 40 * first, *numbers[1:])


def base128(contents: bytes, problem: str) -> list[int]:
    """The numbers that make up an object identifier, of which the first stands for two arcs."""
    if not contents or contents[-1] & 0x80:
        raise BuiltinError(problem)
    if len(contents) > MAX_INTEGER_BYTES:
        raise BuiltinLimitError(f"an object identifier of {len(contents)} bytes in DER")
    found: list[int] = []
    value = 0
    for byte in contents:
        if not value and byte == 0x80:
            raise BuiltinError(problem)
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            found.append(value)
            value = 0
    return found


def bits(contents: bytes, problem: str) -> tuple[bytes, int]:
    """The bytes of the bit string with these contents, and how many bits it has."""
    unused = contents[0] if contents else 8
    data = contents[1:]
    if unused > 7 or (unused and not data) or (data and data[-1] & ((1 << unused) - 1)):
        raise BuiltinError(problem)
    return data, len(data) * 8 - unused


def right_aligned(data: bytes, count: int) -> bytes:
    """The bits of a bit string with the unused ones at the front."""
    shift = -count % 8
    return (int.from_bytes(data, "big") >> shift).to_bytes(len(data), "big") if shift else data


def string_text(contents: bytes, tag: int) -> str | None:
    """The text of a string element, or None for other elements and wrong contents."""
    if tag == UTF8_STRING:
        try:
            return contents.decode()
        except UnicodeDecodeError:
            return None
    if tag == PRINTABLE_STRING:
        return contents.decode("ascii") if _PRINTABLE.fullmatch(contents) else None
    if tag == NUMERIC_STRING:
        return contents.decode("ascii") if _NUMERIC.fullmatch(contents) else None
    if tag == IA5_STRING:
        return contents.decode("ascii") if contents.isascii() else None
    if tag == T61_STRING:
        # T.61 differs from Latin-1 in characters that nobody uses; Go, and BoringSSL, take it for Latin-1.
        return contents.decode("latin-1")
    return _bmp_text(contents) if tag == BMP_STRING else None


def _bmp_text(contents: bytes) -> str | None:
    """The text of 16-bit characters without surrogates and the reserved ones; a null at the end is left out."""
    if len(contents) % 2:
        return None
    points = [contents[at] << 8 | contents[at + 1] for at in range(0, len(contents), 2)]
    if points and not points[-1]:
        points.pop()
    if any(0xD800 <= point <= 0xDFFF or 0xFDD0 <= point <= 0xFDEF or point >= 0xFFFE for point in points):
        return None
    return "".join(map(chr, points))
