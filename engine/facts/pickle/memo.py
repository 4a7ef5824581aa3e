"""The memo of a pickle: values under whole numbers, most often 0, 1, 2 …"""

from array import array

from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.pickle.values import MISSING

# 32 MB. Three million distinct strings in one pickle are no model.
MEMO_ENTRIES = 4_000_000
# Those that leave a wide gap, which no pickler does, are kept apart.
_GAP = 1024
_FAR_ENTRIES = 10_000


class Memo:
    """What PUT and MEMOIZE wrote. `near` holds the places from 0 on; `used` counts all that were written."""

    def __init__(self) -> None:
        self.near = array("Q")
        self.used = 0
        self.far: dict[int, int] = {}

    def put(self, place: int, value: int, offset: int) -> None:
        """Writes a value. Raises UnreadableError for a place below zero, LimitError when there are too many."""
        near = self.near
        if place < len(near):
            if place < 0:
                raise UnreadableError("a place of the memo is less than zero", offset)
            self.used += near[place] == MISSING
            near[place] = value
            return
        if place >= len(near) + _GAP:
            self.used += place not in self.far
            self.far[place] = value
            if len(self.far) > _FAR_ENTRIES:
                raise LimitError("the memo of a pickle has too many gaps", offset)
            return
        if place >= MEMO_ENTRIES:
            raise LimitError(f"a pickle remembers more than {MEMO_ENTRIES} values", offset)
        for between in range(len(near), place):
            near.append(self.far.pop(between, MISSING))
        known = self.far.pop(place, None)
        self.used += known is None
        near.append(value)

    def get(self, place: int, offset: int) -> int:
        """The value at a place. Raises UnreadableError when there is none."""
        near = self.near
        value = near[place] if 0 <= place < len(near) else self.far.get(place, MISSING)
        if value == MISSING:
            raise UnreadableError(f"the memo has nothing at {place}", offset)
        return value
