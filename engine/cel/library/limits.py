"""Bounds on what one operation of an expression makes or walks through.

cel-go counts costs instead, and makes what these refuse; no expression of a policy comes near them.
"""

from typing import Final

from lockgate.engine.cel.errors import CostError
from lockgate.engine.codegen.budget import MAX_TEXT
from lockgate.engine.codegen.meter import charge

# Items of one list or map that an operation makes. The longest list of a review of 3 MB has half of them.
MAX_ITEMS: Final = 1_000_000

# Characters of a text that is read as a number, a time, a version: none has a hundred.
MAX_READ: Final = 2_000

# Characters of a URL. Servers take a few thousand.
MAX_URL: Final = 100_000

# Values that one comparison walks through: of shared parts, a short expression makes values without end.
MAX_WALK: Final = 1_000_000


def bound_text(size: int) -> None:
    """Raises CostError for a text or bytes of a size that no operation may make."""
    if size > MAX_TEXT:
        raise CostError(f"an operation would make a text of more than {MAX_TEXT} characters")


def bound_items(count: int) -> None:
    """Raises CostError for a list or map of so many items."""
    if count > MAX_ITEMS:
        raise CostError(f"an operation would make a list of more than {MAX_ITEMS} items")


def bound_read(text: str) -> None:
    """Raises CostError for a text that is too long to be read as a number, a time or a version.

    It may be one; to say that it is none could let something pass.
    """
    if len(text) > MAX_READ:
        raise CostError(f"a number, time or version of more than {MAX_READ} characters is not read")


def bound_url(text: str) -> None:
    """Raises CostError for a URL that is too long to be read."""
    if len(text) > MAX_URL:
        raise CostError(f"a URL of more than {MAX_URL} characters is not read")


class Walk:
    """A count of values that an operation may still look at. They are paid for, beyond what the call costs."""

    __slots__ = ("left",)

    def __init__(self, most: int = MAX_WALK) -> None:
        self.left = most

    def step(self, count: int = 1) -> None:
        """Takes some. Raises CostError where none are left, BudgetError where the evaluation has no steps left."""
        charge(count)
        self.left -= count
        if self.left < 0:
            raise CostError(f"an operation would look at more than {MAX_WALK} values")


def too_deep() -> CostError:
    """The error for a value nested deeper than Python's stack."""
    return CostError("a value is nested too deep")
