"""An index of a log that brings none, such as an export: made of its entries when it is opened, and kept in memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import Hash, leaf_hash
from lockgate.audit.query.moments import first_place
from lockgate.audit.reader import TrailReader
from lockgate.audit.store.searching import Span, Wanted
from lockgate.audit.streams import StreamHead

# A million entries are some hundred megabytes here.
MAX_READ: Final = 1_000_000


class ReadIndex:
    """Reads all entries once. Raises TrailError for a log of more than MAX_READ, FormatError for what is no entry."""

    def __init__(self, reader: TrailReader) -> None:
        size = reader.head().size
        if size > MAX_READ:
            raise TrailError(
                f"the export has {size} entries, and questions are answered on up to {MAX_READ}",
                hint="ask the trail's home, which has an index",
            )
        self._reader: Final = reader
        self._told: Final[list[tuple[str, str, str, str, str, int]]] = []
        self._streams: Final[dict[str, list[int]]] = defaultdict(list)
        self._heads: Final[dict[str, StreamHead]] = {}
        for index, raw in enumerate(reader.entries(0, size)):
            entry = parse_entry(raw)
            leaf: Hash = leaf_hash(raw)
            value = entry.value
            told = [str(value.get(name, "")) for name in ("outcome", "model", "environment", "resource")]
            self._told.append((entry.kind, told[0], told[1], told[2], told[3], entry.time_ms))
            for link in entry.links:
                self._streams[link.name].append(index)
                self._heads[link.name] = StreamHead(link.name, link.n, leaf)

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` up to `stop`."""
        return self._reader.entries(start, stop)

    def stream_heads(self) -> list[StreamHead]:
        """The heads of all streams."""
        return [*self._heads.values()]

    def find(self, wanted: Wanted, span: Span, limit: int) -> list[int]:
        """The first entries of a span that are wanted, at most `limit`."""
        made: list[int] = []
        places = range(max(0, span.start), min(span.stop, len(self._told)))
        for index in reversed(places) if span.order == "newest" else places:
            if len(made) == limit:
                break
            kind, outcome, model, environment, resource, _ = self._told[index]
            if (
                (not wanted.kinds or kind in wanted.kinds)
                and (not wanted.outcomes or outcome in wanted.outcomes)
                and wanted.model in ("", model)
                and wanted.environment in ("", environment)
                and wanted.resource in ("", resource)
            ):
                made.append(index)
        return made

    def leaves(self, indices: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        """Leaf hash and bytes of some entries."""
        made: dict[int, tuple[bytes, bytes]] = {}
        for index in indices:
            for raw in self._reader.entries(index, index + 1):
                made[index] = (leaf_hash(raw), raw)
        return made

    def place_at(self, size: int, time_ms: int) -> int:
        """How many of the first `size` entries were made before a time."""
        return first_place(min(size, len(self._told)), lambda place: self._told[place][5] >= time_ms)

    def told_size(self) -> int:
        """How many entries there are."""
        return len(self._told)

    def stream_entries(self, name: str, first: int, count: int) -> list[int]:
        """The entries of a stream from counter `first` on."""
        return self._streams.get(name, [])[first - 1 : first - 1 + count]

    def stream_length(self, name: str) -> int:
        """How many entries a stream has."""
        return len(self._streams.get(name, []))

    def streams_named(self, start: str, after: str, limit: int) -> list[str]:
        """Names of streams that begin so, behind `after`, in order."""
        return sorted([name for name in self._streams if name.startswith(start) and name > after])[:limit]
