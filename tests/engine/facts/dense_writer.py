"""Writes HDF5 files whose root keeps its attributes or links in a heap of their own, as the library does for many."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

NOWHERE = (1 << 64) - 1
ROOT = 48
# Checksums are the library's to compare.
CHECKSUM = bytes(4)
FIRST, LARGEST, WIDTH = 512, 1024, 4
ATTRIBUTE_INFO, LINK_INFO = 0x15, 0x02
BLOCK_HEAD = 18
# Behind the root group's header, which has one message.
HEAP = 96
HEAP_BYTES = 146


@dataclass
class Dense:
    """What the file is made of. managed: objects in blocks; huge: objects with a place of their own; in_names: those
    that the tree of names tells, by number (all where None), and the tree in the order of creation tells the others.
    """

    managed: Sequence[bytes] = ()
    huge: Sequence[bytes] = ()
    kind: int = ATTRIBUTE_INFO
    in_names: Sequence[int] | None = None
    rows: int = 0
    depth: int = 0
    filters: int = 0
    flags: int = 0
    parts: list[bytes] = field(default_factory=list)
    end: int = HEAP + HEAP_BYTES

    def add(self, data: bytes) -> int:
        """Writes a part behind the others; where it is."""
        at = self.end
        self.parts.append(data)
        self.end += len(data)
        return at


def dense(made: Dense) -> bytes:
    """The file."""
    identities = [*_managed(made), *_huge(made)]
    root = made.add(_blocks(made))
    told = range(len(identities)) if made.in_names is None else made.in_names
    is_link = made.kind == LINK_INFO
    names = _tree(
        made, 5 if is_link else 8, [_named(made, one) for n, one in enumerate(identities) if n in told]
    )
    others = [_ordered(made, one) for n, one in enumerate(identities) if n not in told]
    order = _tree(made, 6 if is_link else 9, others) if others else NOWHERE
    huge_tree = _tree(made, 1, _huge_records(made)) if made.huge else NOWHERE
    heap = b"FRHP" + struct.pack("<BHHBI", 0, 7 if is_link else 8, made.filters, 0, 4096)
    heap += struct.pack("<QQ", len(made.huge), huge_tree) + bytes(80)
    heap += struct.pack("<HQQH", WIDTH, FIRST, LARGEST, 32 if is_link else 40)
    heap += struct.pack("<HQH", 1, root, made.rows) + CHECKSUM
    assert len(heap) == HEAP_BYTES
    info = struct.pack("<BBQQQ", 0, 2, HEAP, names, order)
    message = struct.pack("<BHB", made.kind, len(info), 0) + info
    header = b"OHDR" + struct.pack("<BBB", 2, 0, len(message)) + message + CHECKSUM
    first = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBQQQQ", 3, 8, 8, 0, 0, NOWHERE, made.end, ROOT) + CHECKSUM
    assert len(first) == ROOT
    return (first + header).ljust(HEAP, b"\0") + heap + b"".join(made.parts)


def _offset_bytes(made: Dense) -> int:
    return 4 if made.kind == LINK_INFO else 5


def _managed(made: Dense) -> list[bytes]:
    """Names in the heap of objects that lie in blocks, one to a block but for the first."""
    found, at, block = [], BLOCK_HEAD, 0
    for one in made.managed:
        size = _size(block)
        if at + len(one) > _start(block) + size:
            block += 1
            at = _start(block) + BLOCK_HEAD
        found.append(b"\0" + at.to_bytes(_offset_bytes(made), "little") + len(one).to_bytes(2, "little"))
        at += len(one)
    return found


# Rows of blocks: two of the first size, one of the largest, and one of rows of blocks, each as large as a row of the first.
_SIZES = [FIRST] * (2 * WIDTH) + [LARGEST] * WIDTH + [FIRST] * (WIDTH * WIDTH)
_DIRECT = 3 * WIDTH


def _size(block: int) -> int:
    return _SIZES[block]


def _start(block: int) -> int:
    return sum(_SIZES[:block])


def _blocks(made: Dense) -> bytes:
    """The only block, or the rows of blocks: those that have no object are nowhere."""
    contents: dict[int, bytes] = {}
    for identity, one in zip(_managed(made), made.managed, strict=True):
        at = int.from_bytes(identity[1 : 1 + _offset_bytes(made)], "little")
        block = max(number for number in range(len(_SIZES)) if _start(number) <= at)
        contents[block] = contents.get(block, b"") + one
    if not made.rows:
        return _block(made, 0, contents.get(0, b""))

    def place(block: int) -> int:
        return made.add(_block(made, block, contents[block])) if block in contents else NOWHERE

    entries = [place(block) for block in range(min(_DIRECT, WIDTH * made.rows))]
    for row in range(_DIRECT, _DIRECT + WIDTH * WIDTH, WIDTH) if made.rows > _DIRECT // WIDTH else ():
        below = [place(block) for block in range(row, row + WIDTH)]
        entries.append(made.add(_rows(made, below)))
    return _rows(made, entries)


def _rows(made: Dense, entries: Sequence[int]) -> bytes:
    head = b"FHIB" + struct.pack("<BQ", 0, HEAP) + bytes(_offset_bytes(made))
    return head + struct.pack(f"<{len(entries)}Q", *entries) + CHECKSUM


def _block(made: Dense, block: int, content: bytes) -> bytes:
    head = b"FHDB" + struct.pack("<BQ", 0, HEAP) + _start(block).to_bytes(_offset_bytes(made), "little")
    return (head.ljust(BLOCK_HEAD, b"\0") + content).ljust(_size(block), b"\0")


def _huge(made: Dense) -> list[bytes]:
    rest = 7 if made.kind == ATTRIBUTE_INFO else 6
    return [b"\x10" + (number + 1).to_bytes(rest, "little") for number in range(len(made.huge))]


def _huge_records(made: Dense) -> list[bytes]:
    return [struct.pack("<QQQ", made.add(one), len(one), number + 1) for number, one in enumerate(made.huge)]


def _named(made: Dense, identity: bytes) -> bytes:
    if made.kind == LINK_INFO:
        return bytes(4) + identity
    return identity + bytes([made.flags]) + bytes(8)


def _ordered(made: Dense, identity: bytes) -> bytes:
    if made.kind == LINK_INFO:
        return bytes(8) + identity
    return identity + bytes([made.flags]) + bytes(4)


def _tree(made: Dense, kind: int, records: list[bytes]) -> int:
    """A tree: a leaf alone, or leaves of one record each under a node, a record between each two."""
    size = len(records[0]) if records else 1
    root, count = NOWHERE, len(records)
    if made.depth and kind in (5, 8) and len(records) > 1:
        leaves = [made.add(_node(b"BTLF", kind, one)) for one in records[::2]]
        # One byte holds the number of a leaf's records.
        pointers = b"".join([struct.pack("<QB", one, 1) for one in leaves])
        between = b"".join(records[1::2])
        root, count = made.add(_node(b"BTIN", kind, between + pointers)), len(records) // 2
    elif records:
        root = made.add(_node(b"BTLF", kind, b"".join(records)))
    depth = 1 if made.depth and kind in (5, 8) and len(records) > 1 else 0
    head = b"BTHD" + struct.pack("<BBIHHBB", 0, kind, 2048, size, depth, 100, 40)
    return made.add(head + struct.pack("<QHQ", root, count, len(records)) + CHECKSUM)


def _node(magic: bytes, kind: int, inner: bytes) -> bytes:
    return magic + bytes([0, kind]) + inner + CHECKSUM
