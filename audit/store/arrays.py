"""Columns of rows as PostgreSQL's binary arrays, so that many rows are the parameters of one statement.

The layout is that of `array_recv`: dimensions, a flag for NULL, the elements' type, length and lower bound, and then each
element behind its length. The driver can make them too, an element at a time in Python, which costs more than the rows.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lockgate.audit.errors import FormatError

_BYTEA: Final = 17
_BIGINT: Final = 20
_TEXT: Final = 25
_HEADER: Final = struct.Struct(">iiIii")
_EMPTY: Final = struct.Struct(">iiI")
_NUMBER: Final = struct.Struct(">iq")
_LENGTH: Final = struct.Struct(">i")
_NULL: Final = _LENGTH.pack(-1)


@dataclass(frozen=True, slots=True)
class BigintArray:
    """A `bigint[]` in its binary form."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ByteaArray:
    """A `bytea[]` in its binary form."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TextArray:
    """A `text[]` in its binary form."""

    data: bytes


def bigint_array(values: Sequence[int]) -> BigintArray:
    """Numbers of 64 bits with their sign. Raises FormatError for larger ones."""
    try:
        return BigintArray(_array(_BIGINT, [_NUMBER.pack(8, value) for value in values]))
    except struct.error:
        raise FormatError("a number is beyond 64 bits, or none") from None


def bytea_array(values: Sequence[bytes | None]) -> ByteaArray:
    """Bytes, or NULL."""
    return ByteaArray(_array(_BYTEA, _elements(values), 1 if None in values else 0))


def text_array(values: Sequence[str]) -> TextArray:
    """Texts in UTF-8. Raises FormatError for U+0000 and lone surrogates, which PostgreSQL does not hold."""
    try:
        encoded = [value.encode() for value in values]
    except UnicodeEncodeError:
        raise FormatError("a text has half of a surrogate pair") from None
    if any(b"\x00" in one for one in encoded):
        raise FormatError("a text has a U+0000, which PostgreSQL does not hold")
    return TextArray(_array(_TEXT, _elements(encoded)))


def _elements(values: Sequence[bytes | None]) -> list[bytes]:
    pack = _LENGTH.pack
    return [_NULL if value is None else pack(len(value)) + value for value in values]


def _array(kind: int, elements: list[bytes], nulls: int = 0) -> bytes:
    if not elements:
        return _EMPTY.pack(0, 0, kind)
    return _HEADER.pack(1, nulls, kind, len(elements), 1) + b"".join(elements)
