"""The lists of an export, made from its entries: `streams.jsonl`, the last entry of each stream, and `keys.json`."""

from collections.abc import Mapping
from typing import Final

from lockgate.audit.canonical import Json, canonical_bytes
from lockgate.audit.entry import Entry
from lockgate.audit.merkle import Hash
from lockgate.audit.note import encode_base64

STREAMS: Final = "streams.jsonl"
KEYS: Final = "keys.json"
_KEY_FIELDS: Final = ("event", "use", "vkey", "key", "lastGood", "time")


def stream_line(name: str, n: int, leaf: Hash, index: int) -> bytes:
    """A line of `streams.jsonl`: entry `index`, of this leaf hash, is number `n` of the stream and its last."""
    return canonical_bytes({"index": index, "k": name, "leaf": encode_base64(leaf), "n": n}) + b"\n"


def names_key(entry: Entry, index: int) -> bool:
    """Whether `keys.json` has something of this entry."""
    return entry.kind == "key" or (entry.kind == "log" and index == 0)


def key_line(index: int, value: Mapping[str, Json]) -> dict[str, Json]:
    """What `keys.json` has of an entry with these fields."""
    return {"index": index, **{name: value[name] for name in _KEY_FIELDS if name in value}}


def render_keys(origin: str, lines: list[Json]) -> bytes:
    """`keys.json`."""
    return canonical_bytes({"keys": lines, "origin": origin})


class ExportLists:
    """Takes the entries of an export in order."""

    __slots__ = ("_heads", "_keys")

    def __init__(self) -> None:
        self._heads: dict[str, tuple[int, Hash, int]] = {}
        self._keys: list[Json] = []

    def take(self, index: int, entry: Entry, leaf: Hash) -> None:
        """The next entry."""
        for link in entry.links:
            self._heads[link.name] = (link.n, leaf, index)
        if names_key(entry, index):
            self._keys.append(key_line(index, entry.value))

    def streams(self) -> bytes:
        """`streams.jsonl`, by name in bytes."""
        return b"".join(
            [stream_line(name, *self._heads[name]) for name in sorted(self._heads, key=str.encode)]
        )

    def keys(self, origin: str) -> bytes:
        """`keys.json`."""
        return render_keys(origin, self._keys)
