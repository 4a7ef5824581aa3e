"""Where streams end, believed on the log's own word: its latest `stream-heads` entry, and the entries since.

The store's table of heads says where streams stand now. Set back by the entries since the last heads were logged it has to give the root
that was logged; then nothing in it was moved, and the proven entries lead from there to the checkpoint.
"""

from collections.abc import Iterator
from typing import Final, Protocol

from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.errors import VerificationError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.note import encode_base64
from lockgate.audit.standing import Standing
from lockgate.audit.streams import StreamHead, StreamLink, heads_root

_BLOCK: Final = 256


class IndexedReader(Protocol):
    """A store, as far as it is read here."""

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` up to `stop`."""
        ...

    def stream_heads(self) -> list[StreamHead]:
        """The heads of all streams, as the index has them."""
        ...


def stream_ends(reader: IndexedReader, standing: Standing) -> dict[str, StreamHead]:
    """The last entry of every stream among those that the checkpoint covers.

    Raises VerificationError where the table of heads, or an entry, is not what was logged and signed. Costs a read of all heads and of the
    entries since the last `stream-heads`: at most as many as there are streams, or a thousand, and what came in an hour.
    """
    start, ends, read = _at_latest_heads(reader, standing)
    size = standing.checkpoint.size
    for index, raw in enumerate(standing.proven(start, size), start):
        leaf = leaf_hash(raw)
        known = read[index - start] if index - start < len(read) else (b"", ())
        for link in known[1] if known[0] == raw else parse_entry(raw).links:
            before = ends.get(link.name)
            if (link.n - 1, link.prev) != ((0, None) if before is None else (before.n, before.leaf)):
                raise VerificationError(f"the stream {link.name} has a gap", where=f"entry {index}")
            ends[link.name] = StreamHead(link.name, link.n, leaf)
    return ends


def logged_heads(reader: IndexedReader, standing: Standing) -> tuple[int, list[StreamHead]] | None:
    """The latest heads that were logged: the entry that did, of as many entries as its index, and where streams ended then.

    None where none were logged yet. Raises VerificationError where the table of heads does not give the logged root.
    """
    start, ends, _ = _at_latest_heads(reader, standing)
    return (start, [*ends.values()]) if start else None


# Entries as they were read, with their links.
_Read = list[tuple[bytes, tuple[StreamLink, ...]]]


def _at_latest_heads(reader: IndexedReader, standing: Standing) -> tuple[int, dict[str, StreamHead], _Read]:
    """The entry of the latest heads (0: the log's begin), where streams ended then, and what was read since."""
    size = standing.checkpoint.size
    start, logged = _latest_heads(reader, standing)
    # Before the entries, so that whatever moved a head is among these.
    rows = {head.name: head for head in reader.stream_heads()}
    moved: dict[str, StreamLink] = {}
    # Read once, and believed below where it is what was signed.
    read: _Read = []
    for data in _from(reader, start):
        links = parse_entry(data).links
        read.append((data, links))
        for link in links:
            moved.setdefault(link.name, link)
    ends = {name: head for name, head in rows.items() if name not in moved}
    for name, link in moved.items():
        if link.prev is not None:
            ends[name] = StreamHead(name, link.n - 1, link.prev)
    if logged is None:
        # Nothing came before the entries that were read.
        if ends:
            raise _wrong(size)
    elif logged.value["count"] != len(ends) or logged.value["root"] != encode_base64(
        heads_root([*ends.values()])
    ):
        raise _wrong(size)
    return start, ends, read


def _latest_heads(reader: IndexedReader, standing: Standing) -> tuple[int, Entry | None]:
    """Where the latest heads are that the checkpoint covers, and their entry, proven; the log's begin without any."""
    stop = standing.checkpoint.size
    while stop > 0:
        start = max(0, stop - _BLOCK)
        found = [*reader.entries(start, stop)]
        for place in range(len(found) - 1, -1, -1):
            if b'"kind":"stream-heads"' in found[place]:
                entry = parse_entry(standing.prove(start + place).entry)
                if entry.kind == "stream-heads":
                    return start + place, entry
        stop = start
    return 0, None


def _from(reader: IndexedReader, start: int) -> Iterator[bytes]:
    while block := [*reader.entries(start, start + _BLOCK)]:
        yield from block
        start += len(block)


def _wrong(size: int) -> VerificationError:
    return VerificationError(
        "the index of streams is not that of the entries",
        where=f"size {size}",
        hint="run `lockgate audit verify`; if only the index is wrong, `lockgate audit reindex` makes it anew",
    )
