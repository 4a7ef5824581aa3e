"""Plain data of a pickle, read again where its opcode is: the machine keeps places, not values."""

import codecs

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.pickle.opcodes import COUNTED, end_of_line, length_of
from lockgate.engine.facts.source import Source

# No name and no number that matters is longer.
LITERAL_BYTES = 4096

Literal = str | bytes | int | float | tuple[()] | None


class Unknown:
    """A literal that is too long to be of interest, a container, or text in no encoding."""


UNKNOWN = Unknown()

_CONSTANTS: dict[int, Literal] = {0x4E: None, 0x88: True, 0x89: False, 0x29: ()}
_TEXT = frozenset({0x8C, 0x58, 0x8D})
_BYTES = frozenset({0x43, 0x42, 0x8E, 0x96})
_STRINGS = frozenset({0x55, 0x54})
_INTEGERS = frozenset({0x8A, 0x8B})
_BININTS = {0x4B: (1, False), 0x4D: (2, False), 0x4A: (4, True)}


def literal_at(source: Source, offset: int) -> Literal | Unknown:
    """The value that the opcode at an offset pushes, when it is short. Raises UnreadableError."""
    head = source.read(offset, 9)
    opcode = head[0]
    if opcode in _CONSTANTS:
        return _CONSTANTS[opcode]
    if opcode in _BININTS:
        width, signed = _BININTS[opcode]
        return int.from_bytes(head[1 : 1 + width], "little", signed=signed)
    if opcode in COUNTED:
        place, length = payload_at(source, offset)
        return _decoded(opcode, source.read(place, length)) if length <= LITERAL_BYTES else UNKNOWN
    if opcode in b"ILSVF":
        end = end_of_line(source, offset)
        line = source.read(offset + 1, end - offset - 2)
        return _text_literal(opcode, line) if len(line) <= LITERAL_BYTES else UNKNOWN
    return UNKNOWN


def is_text(source: Source, offset: int) -> bool:
    """Whether the opcode at an offset pushes text."""
    return source.read(offset, 1)[0] in b"\x8c\x58\x8d\x53\x56\x55\x54"


def payload_at(source: Source, offset: int) -> tuple[int, int]:
    """Where the bytes of a counted literal begin, and how many they are. Raises UnreadableError for other opcodes."""
    head = source.read(offset, 9)
    width = COUNTED.get(head[0])
    if width is None:
        raise UnreadableError("bytes are due that are written in the pickle", offset)
    return offset + 1 + width, length_of(head[0], head[1 : 1 + width], offset)


def _decoded(opcode: int, data: bytes) -> Literal | Unknown:
    if opcode in _BYTES:
        return data
    if opcode in _INTEGERS:
        return int.from_bytes(data, "little", signed=True)
    try:
        return data.decode("ascii") if opcode in _STRINGS else data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return UNKNOWN


def _text_literal(opcode: int, line: bytes) -> Literal | Unknown:
    """What an opcode of protocol 0 pushes. Its line has been checked by the machine."""
    try:
        if opcode == 0x56:
            return line.decode("raw-unicode-escape")
        if opcode == 0x53:
            return codecs.escape_decode(line[1:-1])[0].decode("ascii")
        if opcode == 0x46:
            return float(line)
        return {b"00": False, b"01": True}.get(line) if line in (b"00", b"01") else int(line.rstrip(b"L"))
    except (ValueError, UnicodeDecodeError):
        return UNKNOWN
