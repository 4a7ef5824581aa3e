"""Types of numpy's arrays as pickles make them: how many bytes an element takes, and whether it holds objects.

A dtype is made of a text such as `f8`, and its state is set afterwards
(https://numpy.org/doc/stable/reference/generated/numpy.dtype.__reduce__.html).
"""

import re

from lockgate.engine.facts.pickle.literals import Literal, Unknown

_TEXT = re.compile(r"[<>=|]?([?bBhHiIuUlLqQefdgFDGSVOMmac])(\d*)")
# What has no number has the size of the letter.
_LETTERS = {
    "?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8, "e": 2, "f": 4,
    "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "M": 8, "m": 8, "O": 8,
}  # fmt: skip
_MOST_BYTES = 1 << 31


class Dtype:
    """A dtype. `size` is None when it cannot be told, and then its arrays cannot be measured."""

    def __init__(self, text: Literal | Unknown) -> None:
        self.size: int | None = None
        self.objects = False
        # Of text, bytes and structures the state says how long they are; of others it cannot.
        self.flexible = False
        found = _TEXT.fullmatch(text) if isinstance(text, str) else None
        if not found:
            return
        letter, digits = found[1], found[2]
        size = int(digits[:10]) if digits else _LETTERS.get(letter)
        self.objects = letter == "O"
        self.flexible = letter in "SUVac"
        if size is not None and letter == "U":
            size *= 4
        self.size = size if size is not None and 0 <= size < _MOST_BYTES else None

    def unmeasured(self) -> None:
        """Nothing is known of it any more."""
        self.size = None
