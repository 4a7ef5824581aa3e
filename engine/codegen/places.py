"""Places of a policy by number, for errors of generated code."""

from collections.abc import Sequence
from typing import NoReturn

from lockgate.engine.errors import EvaluationError, Location

# (file, line, column) by position number.
Positions = Sequence[tuple[str, int, int]]


class ConflictError(EvaluationError):
    """Two rules gave different values for one document."""


def at(positions: Positions, number: int) -> Location:
    """The place of a position number."""
    return Location(*positions[number])


def conflict(positions: Positions, number: int, what: str) -> NoReturn:
    """Ends an evaluation in which rules disagree."""
    raise ConflictError(f"eval_conflict_error: {what}", location=at(positions, number))
