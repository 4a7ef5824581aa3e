"""Pays for going through values: comparing, ordering, rendering them and making their keys.

A value that is small in memory can be endless to go through: `[x, x]` of `[y, y]` of … doubles with each level. The
functions that do it are called from everywhere, from Python's own `sort` too, so that they find the budget of the
evaluation that their thread is in here, and not among their arguments. Outside of an evaluation nothing is paid.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lockgate.engine.codegen.spending import Budget, BudgetError


class _Running(threading.local):
    """The budget of the evaluation that runs in this thread."""

    budget: Budget | None = None


RUNNING: Final = _Running()


def charge(members: int) -> None:
    """Pays for going through a collection of so many members. Raises BudgetError."""
    budget = RUNNING.budget
    if budget is None:
        return
    budget.left -= (members >> 2) + 1
    if budget.left < 0:
        pay(0)


def pay(steps: int) -> None:
    """Takes steps. Raises BudgetError when none are left."""
    budget = RUNNING.budget
    if budget is None:
        return
    budget.left -= steps
    if budget.left < 0:
        reason = budget.refill()
        if reason:
            raise BudgetError(f"eval_cancel_error: needs {reason}")


@contextmanager
def on_its_own() -> Iterator[None]:
    """What is made meanwhile is kept for later evaluations too: it has the limit for itself, and costs this one nothing."""
    budget = RUNNING.budget
    if budget is None:
        yield
        return
    outside = budget.begin()
    try:
        yield
    finally:
        budget.resume(outside)
