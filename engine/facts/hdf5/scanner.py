"""Walks an HDF5 file: groups and datasets from the root, their attributes, links and filters.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html. Keras keeps its configuration in attributes;
PyTables keeps pickles there. Links, raw data and virtual datasets may lie in other files, filters in libraries.
"""

from lockgate.engine.facts.configuration import scan_configuration_text
from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.hdf5 import messages as kinds
from lockgate.engine.facts.hdf5.attributes import read_texts
from lockgate.engine.facts.hdf5.dense import read_dense
from lockgate.engine.facts.hdf5.heaps import FilteredHeapError
from lockgate.engine.facts.hdf5.messages import Message, read_messages
from lockgate.engine.facts.pickle.other_reading import imports_something
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import BytesSource, Source
from lockgate.engine.facts.tail import check_tail, is_zeros

MAGIC = b"\x89HDF\r\n\x1a\n"
# The shortest there is.
_SUPERBLOCK = 48
_MOST_OBJECTS = 200_000
# Of the library and of h5py: deflate, shuffle, fletcher32, szip, n-bit, scale-offset, LZF.
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})
_VIRTUAL = 3
_EXTERNAL_LINK = 64


def scan_hdf5(source: Source, scan: Scan) -> None:
    """Walks the file. Raises UnreadableError."""
    if source.size >= _SUPERBLOCK and is_zeros(source, len(MAGIC), source.size):
        scan.find("hdf5-empty", "note", "nothing but zeros follows the signature", 8)
        return
    end, root = _superblock(source)
    if end > source.size:
        raise UnreadableError(f"it says that it has {end} bytes, and has {source.size}", 0)
    walk = _Walk(source, scan)
    walk.run(root)
    check_tail(source, scan, end)


def _superblock(source: Source) -> tuple[int, int]:
    """Where the file ends, and the header of the root group."""
    version = number_at(source, 8, "<B")
    if version in (0, 1):
        widths = source.read(13, 2)
        first = 24 if version == 0 else 28
        base, end, root = (number_at(source, first + step, "<Q") for step in (0, 16, 40))
    elif version in (2, 3):
        widths = source.read(9, 2)
        base, end, root = (number_at(source, at, "<Q") for at in (12, 28, 36))
    else:
        raise UnreadableError(f"a superblock of version {version}", 8)
    if widths != b"\x08\x08" or base:
        raise UnreadableError("addresses are not of eight bytes from the start", 8)
    return end, root


class _Walk:
    def __init__(self, source: Source, scan: Scan) -> None:
        self._source = source
        self._scan = scan
        self._seen: set[int] = set()
        self._pending: list[int] = []
        self._dense_messages = 0

    def run(self, root: int) -> None:
        """Each object once, from the root. Raises UnreadableError."""
        self._add(root)
        while self._pending:
            address = self._pending.pop()
            for message in read_messages(self._source, address):
                self._message(message)

    def _add(self, address: int) -> None:
        if address in self._seen:
            return
        self._seen.add(address)
        if len(self._seen) > _MOST_OBJECTS:
            raise LimitError(f"more than {_MOST_OBJECTS} objects", address)
        self._pending.append(address)

    def _message(self, message: Message) -> None:
        kind, at = message.kind, message.start
        source = self._source
        if kind == kinds.ATTRIBUTE:
            self._attribute(message)
        elif kind == kinds.SYMBOL_TABLE:
            self._tree(number_at(source, at, "<Q"))
        elif kind == kinds.LINK:
            self._link(at)
        elif kind in (kinds.LINK_INFO, kinds.ATTRIBUTE_INFO):
            self._dense(message)
        elif kind == kinds.EXTERNAL:
            self._scan.add_external_ref("external data", "HDF5")
            self._scan.find("external-path", "unsafe", "the values of a dataset lie in other files", at)
        elif kind == kinds.LAYOUT:
            if number_at(source, at, "<B") >= 4 and number_at(source, at + 1, "<B") == _VIRTUAL:
                self._scan.add_external_ref("virtual dataset", "HDF5")
                self._scan.find("external-path", "unvetted", "a dataset may lie in other files", at)
        elif kind == kinds.FILTERS:
            self._filters(message)
        elif kind not in kinds.KINDS:
            self._scan.find("field-unknown", "unvetted", f"a message of kind {kind}", at)

    def _dense(self, message: Message) -> None:
        """Links or attributes in a heap of their own."""
        try:
            for one in read_dense(self._source, message):
                self._dense_messages += 1
                if self._dense_messages > _MOST_OBJECTS:
                    raise LimitError(f"more than {_MOST_OBJECTS} links and attributes", message.start)
                self._message(one)
        except FilteredHeapError:
            words = "a group or its attributes lie in a heap that is compressed"
            self._scan.find("hdf5-dense", "unvetted", words, message.start)

    def _tree(self, address: int) -> None:
        """The B-tree of a group, and the objects that it names."""
        source = self._source
        pending = [address]
        nodes: set[int] = set()
        while pending:
            at = pending.pop()
            if at in nodes or len(nodes) > _MOST_OBJECTS:
                raise UnreadableError("the tree of a group runs in a circle", at)
            nodes.add(at)
            magic = source.read(at, 4)
            if magic == b"TREE":
                count = number_at(source, at + 6, "<H")
                pending.extend(number_at(source, at + 32 + 16 * number, "<Q") for number in range(count))
            elif magic == b"SNOD":
                count = number_at(source, at + 6, "<H")
                for number in range(count):
                    entry = at + 8 + 40 * number
                    if number_at(source, entry + 16, "<I") != 2:  # 2 is a soft link
                        self._add(number_at(source, entry + 8, "<Q"))
            else:
                raise UnreadableError("the tree of a group is not where it should be", at)

    def _link(self, start: int) -> None:
        source = self._source
        flags = number_at(source, start + 1, "<B")
        at = start + 2
        kind = 0
        if flags & 8:
            kind = number_at(source, at, "<B")
            at += 1
        at += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        at += width + int.from_bytes(source.read(at, width), "little")
        if kind == 0:
            self._add(number_at(source, at, "<Q"))
        elif kind == _EXTERNAL_LINK:
            target = source.read(at + 3, min(number_at(source, at, "<H"), 200)).split(b"\0")[0]
            name = target.decode("utf-8", "replace")
            self._scan.add_external_ref(name, "external link")
            self._scan.find("external-path", "unsafe", f"a link into the file {name!r}", start)
        elif kind != 1:
            self._scan.find("field-unknown", "unvetted", f"a link of kind {kind}", start)

    def _filters(self, message: Message) -> None:
        source = self._source
        at = message.start
        version, count = number_at(source, at, "<B"), number_at(source, at + 1, "<B")
        at += 8 if version == 1 else 2
        for _ in range(count):
            identity = number_at(source, at, "<H")
            named = version == 1 or identity >= 256
            length = number_at(source, at + 2, "<H") if named else 0
            at += 4 if named else 2
            values = number_at(source, at + 2, "<H")
            at += 4 + (-(-length // 8) * 8 if version == 1 else length) + 4 * values
            at += 4 if version == 1 and values % 2 else 0
            if identity not in _FILTERS:
                words = f"the filter {identity} is found in a library"
                self._scan.find("hdf5-filter", "unvetted", words, message.start, str(identity))

    def _attribute(self, message: Message) -> None:
        if message.flags & 2:
            self._scan.find("hdf5-shared", "unvetted", "an attribute that objects share", message.start)
            return
        for name, data, offset in read_texts(self._source, message):
            # PyTables loads what begins as a pickle does.
            if data.startswith(b"\x80") or imports_something(BytesSource("", data), 0):
                self._scan.nested(BytesSource(f"{self._scan.path}!@{name[:80]}", data))
            elif b"{" in data:
                scan_configuration_text(data.decode("utf-8", "surrogateescape"), self._scan, offset)
