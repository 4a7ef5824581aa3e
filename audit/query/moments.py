"""From times to places in a log, by halves: entries stand in the order of the log's clock, but for a clock that went back."""

from collections.abc import Callable
from typing import Final

from lockgate.audit.query.index import EntryIndex
from lockgate.audit.query.question import Question

# What a range of time is looked for in reaches this much further on both sides. A clock that never went back by more than that hides
# nothing from it.
CLOCK_SLACK_MS: Final = 3_600_000


def first_place(size: int, is_behind: Callable[[int], bool]) -> int:
    """The first of `size` places that is behind something, when all that follow it are; `size` where none is."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if is_behind(middle):
            high = middle
        else:
            low = middle + 1
    return low


def bounds(index: EntryIndex, size: int, question: Question) -> tuple[int, int]:
    """Between which places, half-open, the entries are that fit a question's times."""
    start, stop = 0, size
    if question.since_ms is not None:
        start = index.place_at(size, question.since_ms - CLOCK_SLACK_MS)
    if question.until_ms is not None:
        stop = index.place_at(size, question.until_ms + CLOCK_SLACK_MS)
    return start, max(start, stop)
