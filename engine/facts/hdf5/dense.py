"""Attributes and links of an HDF5 object that has many: in a heap, told by trees in the order of names and of creation."""

from collections.abc import Iterator

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.hdf5 import messages as kinds
from lockgate.engine.facts.hdf5.heaps import NOWHERE, FractalHeap
from lockgate.engine.facts.hdf5.messages import Message
from lockgate.engine.facts.hdf5.trees import (
    ATTRIBUTE_NAMES,
    ATTRIBUTE_ORDER,
    LINK_NAMES,
    LINK_ORDER,
    read_records,
)
from lockgate.engine.facts.source import Source

_LINK_ID, _ATTRIBUTE_ID = 7, 8
# What stands before the name in the heap: a hash, or the order.
_LINK_STARTS = {LINK_NAMES: 4, LINK_ORDER: 8}


def read_dense(source: Source, message: Message) -> Iterator[Message]:
    """The messages that a Link Info or an Attribute Info message leads to. Both trees are read: readers use either.

    Raises UnreadableError, LimitError; FilteredHeapError where the heap is compressed.
    """
    is_link = message.kind == kinds.LINK_INFO
    flags = number_at(source, message.start + 1, "<B")
    at = message.start + 2
    if flags & 1:
        at += 8 if is_link else 2
    address, names, order = (
        number_at(source, at + step, "<Q") if step < 16 or flags & 2 else NOWHERE for step in (0, 8, 16)
    )
    if address == NOWHERE:
        return
    if names == NOWHERE:
        raise UnreadableError("a heap of which no tree tells what is in it", message.start)
    heap = FractalHeap(source, address)
    name_kind, order_kind = (LINK_NAMES, LINK_ORDER) if is_link else (ATTRIBUTE_NAMES, ATTRIBUTE_ORDER)
    seen: set[bytes] = set()
    for tree, kind in ((names, name_kind), (order, order_kind)):
        if tree == NOWHERE:
            continue
        for record in read_records(source, tree, kind):
            identity, inner = _parts(record, kind, tree)
            if identity in seen:
                continue
            seen.add(identity)
            start, size = heap.place(identity)
            yield Message(kinds.LINK if is_link else kinds.ATTRIBUTE, inner, start, size)


def _parts(record: bytes, kind: int, tree: int) -> tuple[bytes, int]:
    """The name in the heap, and the flags of the message."""
    start = _LINK_STARTS.get(kind)
    end = _ATTRIBUTE_ID + 1 if start is None else start + _LINK_ID
    if len(record) < end:
        raise UnreadableError("a record of a tree is none", tree)
    if start is None:
        return record[:_ATTRIBUTE_ID], record[_ATTRIBUTE_ID]
    return record[start:end], 0
