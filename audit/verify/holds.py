"""Erasures while a hold was in force: what a hold keeps is not erased, whoever records that it was (docs/trail.md)."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lockgate.audit.canonical import Json
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError
from lockgate.audit.reader import TrailReader
from lockgate.audit.tiles import TILE_WIDTH
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Findings

# Longer than any log: a hold that was never lifted.
_NEVER = 1 << 62


@dataclass(slots=True)
class _Hold:
    """In force between the entry that placed it and the one that lifted it; keeps an entry or a stream."""

    name: str
    placed: int
    index: int | None
    stream: str
    lifted: int = _NEVER


@dataclass(frozen=True, slots=True)
class _Erasure:
    """Entry `at` erased the body of entry `index`, or of all entries of `stream` before it."""

    at: int
    index: int | None
    stream: str


class _Kept:
    """The holds on one thing, in the order in which they were placed; `_longest`: of those up to each, the last to end."""

    __slots__ = ("_longest", "_placed")

    def __init__(self) -> None:
        self._placed: list[int] = []
        self._longest: list[_Hold] = []

    def add(self, hold: _Hold) -> None:
        self._placed.append(hold.placed)
        longest = self._longest[-1] if self._longest else hold
        self._longest.append(hold if hold.lifted > longest.lifted else longest)

    def at(self, index: int) -> _Hold | None:
        """A hold that was in force at an entry."""
        before = bisect_left(self._placed, index)
        found = self._longest[before - 1] if before else None
        return found if found is not None and found.lifted > index else None


class Holds:
    """Takes the holds and erasures of a log in their order, and compares them when the walk is over."""

    __slots__ = ("_active", "_erasures", "_holds")

    def __init__(self) -> None:
        self._active: dict[str, _Hold] = {}
        self._holds: list[_Hold] = []
        self._erasures: list[_Erasure] = []

    def take_hold(self, index: int, value: Mapping[str, Json]) -> None:
        """Entry `index` places or lifts a hold."""
        name = str(value["hold"])
        before = self._active.pop(name, None)
        if before is not None:
            before.lifted = index
        if value["event"] == "placed":
            kept = value.get("index")
            made = _Hold(name, index, kept if isinstance(kept, int) else None, str(value.get("stream", "")))
            self._active[name] = made
            self._holds.append(made)

    def take_erasure(self, index: int, value: Mapping[str, Json]) -> None:
        """Entry `index` is an erasure."""
        if not self._holds:
            return
        gone = value.get("index")
        erased = gone if isinstance(gone, int) else None
        if erased is None or erased < index:
            self._erasures.append(_Erasure(index, erased, str(value.get("stream", ""))))

    def check(self, reader: TrailReader, findings: Findings) -> None:
        """Adds a finding for each erasure of what a hold kept; reads the streams of entries that are in question."""
        if not self._erasures:
            return
        wanted = [*[one.index for one in self._holds], *[one.index for one in self._erasures]]
        streams = _streams_of(reader, sorted({index for index in wanted if index is not None}))
        # What is kept: an entry, a stream, and the streams of an entry that is kept.
        entries: dict[int, _Kept] = {}
        named: dict[str, _Kept] = {}
        through: dict[str, _Kept] = {}
        for hold in self._holds:
            if hold.index is None:
                named.setdefault(hold.stream, _Kept()).add(hold)
                continue
            entries.setdefault(hold.index, _Kept()).add(hold)
            for name in streams.get(hold.index, ()):
                through.setdefault(name, _Kept()).add(hold)
        for one in self._erasures:
            if one.index is None:
                kept = [named.get(one.stream), through.get(one.stream)]
            else:
                kept = [entries.get(one.index), *[named.get(name) for name in streams.get(one.index, ())]]
            found = [each.at(one.at) for each in kept if each is not None]
            broken = next((hold for hold in found if hold is not None), None)
            if broken is not None:
                findings.add(
                    codes.HOLD_BROKEN,
                    f"entry {one.at}",
                    f"it records the erasure of what the hold {broken.name!r} of entry {broken.placed} keeps",
                )


def _streams_of(reader: TrailReader, indices: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The streams of entries (in order), of those that can be read: the others are findings elsewhere."""
    found: dict[int, tuple[str, ...]] = {}
    bundle, entries = -1, [b""]
    for index in indices:
        try:
            if index // TILE_WIDTH != bundle:
                bundle = index // TILE_WIDTH
                entries = []
                entries.extend(reader.entries(bundle * TILE_WIDTH, (bundle + 1) * TILE_WIDTH))
            if index % TILE_WIDTH < len(entries):
                links = parse_entry(entries[index % TILE_WIDTH]).links
                found[index] = tuple([link.name for link in links])
        except TrailError:
            continue
    return found
