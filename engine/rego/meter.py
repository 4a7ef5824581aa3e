"""Counting the work on a document, which can be far more than its length."""

from collections.abc import Callable


class Meter:
    """Counts steps up to a limit, and pays for each where somebody is to be paid."""

    def __init__(self, limit: int, pay: Callable[[int], None] | None = None) -> None:
        self.limit = limit
        self.steps = 0
        self._pay = pay

    def spend(self, steps: int) -> None:
        """Counts steps. Raises MeterError beyond the limit."""
        self.steps += steps
        if self._pay is not None:
            self._pay(steps)
        if self.steps > self.limit:
            raise MeterError


class MeterError(Exception):
    """A document needs more work than it may."""
