"""What finds entries: a store's tables, or whatever else knows its entries."""

from collections.abc import Sequence
from typing import Protocol

from lockgate.audit.store.searching import Span, Wanted


class EntryIndex(Protocol):
    """Tells where entries are. Nothing that it says is believed: an entry says itself what it is."""

    def find(self, wanted: Wanted, span: Span, limit: int) -> list[int]:
        """The first entries of a span that are wanted, at most `limit`."""
        ...

    def leaves(self, indices: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        """Leaf hash as stored, and bytes, of some entries by index."""
        ...

    def place_at(self, size: int, time_ms: int) -> int:
        """How many of the first `size` entries were made before a time, where the log's clock never went back."""
        ...

    def told_size(self) -> int:
        """How many entries there are, with those that no checkpoint covers yet."""
        ...

    def stream_entries(self, name: str, first: int, count: int) -> list[int]:
        """The entries of a stream from counter `first` on, in order; fewer where there are no more."""
        ...

    def stream_length(self, name: str) -> int:
        """The counter of a stream's last entry; 0 where there is no such stream."""
        ...

    def streams_named(self, start: str, after: str, limit: int) -> list[str]:
        """Names of streams that begin so, behind `after`, in order."""
        ...
