"""The opcodes of pickles, of all protocols: https://docs.python.org/3/library/pickletools.html.

Named as `pickletools` names them, with the sizes of their arguments.
"""

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.source import Source
from lockgate.engine.record import record

# The last protocol there is (PEP 574).
LAST_PROTOCOL = 5

# Opcodes that push plain data of a fixed size: NONE, the booleans, BININT, BININT1, BININT2, BINFLOAT, EMPTY_LIST,
# EMPTY_TUPLE, EMPTY_SET. With the bytes that they take.
PUSHES = {
    0x4E: 1,
    0x88: 1,
    0x89: 1,
    0x4A: 5,
    0x4B: 2,
    0x4D: 3,
    0x47: 9,
    0x5D: 1,
    0x29: 1,
    0x8F: 1,
}
# Opcodes that push bytes or text with a length before it: how many bytes the length takes. SHORT_BINUNICODE,
# BINUNICODE, BINUNICODE8, SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8, SHORT_BINSTRING, BINSTRING, LONG1, LONG4.
COUNTED = {0x8C: 1, 0x58: 4, 0x8D: 8, 0x43: 1, 0x42: 4, 0x8E: 8, 0x96: 8, 0x55: 1, 0x54: 4, 0x8A: 1, 0x8B: 4}
# Those of them whose length is signed.
SIGNED = frozenset({0x54, 0x8B})
# Opcodes with lines of text after them, and how many lines: INT, LONG, FLOAT, STRING, UNICODE, PUT, GET, PERSID,
# GLOBAL, INST.
LINES = {0x49: 1, 0x4C: 1, 0x46: 1, 0x53: 1, 0x56: 1, 0x70: 1, 0x67: 1, 0x50: 1, 0x63: 2, 0x69: 2}
# All others, with their bytes: BINPUT, LONG_BINPUT, BINGET, LONG_BINGET, PROTO, FRAME, EXT1, EXT2, EXT4, and those
# without an argument.
OTHERS = {0x71: 2, 0x72: 5, 0x68: 2, 0x6A: 5, 0x80: 2, 0x95: 9, 0x82: 2, 0x83: 3, 0x84: 5} | dict.fromkeys(
    b"().012abdelostuRQ}\x81\x85\x86\x87\x90\x91\x92\x93\x94\x97\x98", 1
)
FIXED = OTHERS | PUSHES

GLOBAL, INST, STACK_GLOBAL, STOP = 0x63, 0x69, 0x93, 0x2E
TEXTS = frozenset({0x8C, 0x58, 0x8D, 0x53, 0x56, 0x55, 0x54})
EXTENSIONS = frozenset({0x82, 0x83, 0x84})

# No name, number or persistent id is longer; a STRING of protocol 0 may be, and is then read in pieces.
LINE_BYTES = 1 << 16


@record
class Step:
    """One opcode: where it is, and where the next one is."""

    opcode: int
    offset: int
    after: int


def step(source: Source, offset: int) -> Step:
    """The opcode at an offset. Raises UnreadableError when there is none, or when it goes beyond the end."""
    head = source.read(offset, 9)
    if not head:
        raise UnreadableError("the pickle ends without a STOP", offset)
    opcode = head[0]
    if opcode in FIXED:
        after = offset + FIXED[opcode]
    elif opcode in COUNTED:
        width = COUNTED[opcode]
        after = offset + 1 + width + length_of(opcode, head[1 : 1 + width], offset)
    elif opcode in LINES:
        after = offset + 1
        for _ in range(LINES[opcode]):
            after = end_of_line(source, after)
    else:
        raise UnreadableError(f"no opcode is {opcode:#04x}", offset)
    if after > source.size:
        raise UnreadableError("the pickle ends inside of an opcode", offset)
    return Step(opcode, offset, after)


def length_of(opcode: int, field: bytes, offset: int) -> int:
    """The length that is written before bytes or text. Raises UnreadableError when it is less than zero."""
    length = int.from_bytes(field, "little", signed=opcode in SIGNED)
    if length < 0:
        raise UnreadableError("a length is less than zero", offset)
    return length


def end_of_line(source: Source, offset: int) -> int:
    """The offset after the line feed. Raises UnreadableError when there is none."""
    at = offset
    length = 256
    while at < source.size:
        block = source.read(at, length)
        length = LINE_BYTES
        found = block.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(block)
    raise UnreadableError("a line of a pickle does not end", offset)


def lines_at(source: Source, offset: int, count: int) -> tuple[list[bytes], int]:
    """Short lines, and the offset after the last. Raises UnreadableError."""
    block = source.read(offset, 256)
    if block.count(b"\n") < count:
        block = source.read(offset, LINE_BYTES)
    at = 0
    lines = []
    for _ in range(count):
        end = block.find(b"\n", at)
        if end < 0:
            raise UnreadableError("a line of a pickle does not end, or is too long", offset)
        lines.append(block[at:end])
        at = end + 1
    return lines, offset + at
