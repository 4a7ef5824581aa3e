"""Claimed and seen: a decision on what a caller sent stays a claim until its object was seen in the cluster.

Whoever reaches the port can send a review of an object that never comes. Entries of kind `seen` name the records whose
objects came, as they were judged (docs/trail.md, section 2).
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, final

from lockgate.audit.canonical import Json
from lockgate.audit.draft import Draft
from lockgate.audit.entry import MAX_RANGES, Entry, parse_entry
from lockgate.audit.reader import TrailReader
from lockgate.audit.standing import Standing

SEEN: Final = "seen"
# An object comes within seconds, or not at all; behind this no entry tells of it any more.
SEEN_WITHIN_MS: Final = 15 * 60_000
_LET_THROUGH: Final = ("allow", "warn")


def is_claim(value: Mapping[str, Json]) -> bool:
    """Is the entry one that is claimed until its object is seen? What was denied never comes, and claims nothing."""
    if value["kind"] != "decision" or "caller" not in value:
        return False
    return value["outcome"] in _LET_THROUGH or "mode" in value


def seen_drafts(instance: str, records: Iterable[int]) -> Iterator[Draft]:
    """The entries that tell of these records."""
    flat: list[Json] = []
    last = -1
    for index in sorted(set(records)):
        if index == last:
            flat[-1] = last = index + 1
            continue
        if len(flat) == 2 * MAX_RANGES:
            yield _draft(instance, flat)
            flat = []
        last = index + 1
        flat += [index, last]
    if flat:
        yield _draft(instance, flat)


def _draft(instance: str, flat: list[Json]) -> Draft:
    return Draft(SEEN, {"instance": instance, "records": flat}, (SEEN,))


def names_record(records: Json, index: int) -> bool:
    """Is the record among the ranges of a `seen` entry?"""
    return any(start <= index < stop for start, stop in record_ranges(records))


def record_ranges(records: Json) -> Iterator[tuple[int, int]]:
    """The half-open ranges of a `seen` entry, ascending."""
    assert isinstance(records, list)
    bounds = [one for one in records if isinstance(one, int)]
    return zip(bounds[::2], bounds[1::2], strict=True)


@final
class SeenRecords:
    """Which records from entry `first` on were seen, as far as the log's checkpoint covers it; each entry is proven."""

    __slots__ = ("_found", "_size", "_standing", "_untold")

    def __init__(self, reader: TrailReader, standing: Standing, first: int) -> None:
        self._standing: Final = standing
        self._size: Final = standing.checkpoint.size
        self._untold: Final = reader.seen_entries(first)
        self._found: Final[list[tuple[int, Entry]]] = []

    def seen_at(self, index: int, entry: Entry) -> int | None:
        """The entry that tells that a record was seen; None for a claim. Raises TrailError."""
        for place, found in self._from(index):
            if found.time_ms > entry.time_ms + SEEN_WITHIN_MS:
                return None
            if found.kind == SEEN and names_record(found.value["records"], index):
                return place
        return None

    def _from(self, index: int) -> Iterator[tuple[int, Entry]]:
        at = bisect_right(self._found, index, key=lambda one: one[0])
        while True:
            while at < len(self._found):
                yield self._found[at]
                at += 1
            place = next(self._untold, self._size)
            if place >= self._size:
                return
            self._found.append((place, parse_entry(self._standing.prove(place).entry)))
