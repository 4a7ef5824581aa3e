"""Stand-ins for the values of a pickle: whole numbers, eight bytes each, so that millions of them take little room.

The three lowest bits say what it is; the others where it is to be found.
"""

from lockgate.engine.record import record

# Something that nothing is known of.
OTHER = 0
# Data that is written in the pickle: the offset of its opcode.
LITERAL = 1
# A tuple or a dict that was made lately: its number.
KEPT = 2
# An imported name: its place in the table of names.
NAME = 3
# What a call of an imported name gave: the place of the name.
MADE = 4
# A dtype of numpy: its place in the table of dtypes.
DTYPE = 5
# No value: a place of the memo that was never written.
MISSING = 7

KINDS = 7
SHIFT = 3

# Tuples and dicts are looked at soon after they are made: the arguments of a call, the state of an object.
_KEPT = 1024
# The longest arguments that are looked at are those of a dtype with many fields.
_ITEMS = 512


@record
class Tuple:
    """The values of a tuple."""

    items: tuple[int, ...]


class Dict:
    """Keys and values of a dict, in turn; `more` says that some are left out."""

    def __init__(self) -> None:
        self.items: list[int] = []
        self.more = False

    def add(self, items: list[int]) -> None:
        """Adds keys and values."""
        if len(self.items) + len(items) > _ITEMS:
            self.more = True
        else:
            self.items += items


class Kept:
    """The tuples and dicts that were made last."""

    def __init__(self) -> None:
        self._numbers = [-1] * _KEPT
        self._values: list[Tuple | Dict | None] = [None] * _KEPT
        self._next = 0

    def keep(self, value: Tuple | Dict) -> int:
        """A stand-in for a tuple or a dict."""
        number = self._next
        self._next = number + 1
        place = number % _KEPT
        self._numbers[place] = number
        self._values[place] = value
        return number << SHIFT | KEPT

    def tuple(self, items: list[int]) -> int:
        """A stand-in for a tuple of these; OTHER when it is too long to be of interest."""
        return self.keep(Tuple(tuple(items))) if len(items) <= _ITEMS else OTHER

    def find(self, value: int) -> Tuple | Dict | None:
        """The tuple or dict of a stand-in, when it is one and was made lately."""
        if value & KINDS != KEPT:
            return None
        number = value >> SHIFT
        place = number % _KEPT
        return self._values[place] if self._numbers[place] == number else None
