"""What the entries of a log say was erased, which is why a body may be absent."""

from collections.abc import Iterable, Mapping

from lockgate.audit.canonical import Json


class Erasures:
    """Takes the erasure entries of a log in their order."""

    __slots__ = ("_entries", "_streams")

    def __init__(self) -> None:
        self._entries: set[int] = set()
        self._streams: dict[str, int] = {}

    def take(self, index: int, value: Mapping[str, Json]) -> None:
        """Entry `index` is an erasure with these fields."""
        # Only of what was there: nobody has leave to erase what is yet to come.
        if value["scope"] == "namespace":
            self._streams[str(value["stream"])] = index
        elif int(str(value["index"])) < index:
            self._entries.add(int(str(value["index"])))

    def explain(self, index: int, streams: Iterable[str]) -> bool:
        """Whether an erasure is recorded of the body of entry `index`, which is in these streams."""
        return index in self._entries or any(self._streams.get(name, -1) > index for name in streams)
