"""Errors of CEL: of an expression that is not well-formed, and of its evaluation."""

from lockgate.engine.record import record


@record
class Mistake:
    """What is wrong with an expression, and where in it: `offset` in code points."""

    offset: int
    message: str


def line_and_column(source: str, offset: int) -> tuple[int, int]:
    """The place of an offset: its line, counted from 1, and its column, counted from 0, as cel-go counts them."""
    return source.count("\n", 0, offset) + 1, offset - (source.rfind("\n", 0, offset) + 1)


class ExpressionError(Exception):
    """An expression that cannot be compiled; all that is wrong with it, in order."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join([one.message for one in mistakes]))
        self.mistakes = mistakes


class CelError(Exception):
    """An evaluation's error. `&&`, `||` and the macros built on them absorb it where the other side decides."""


class CostError(Exception):
    """The cost limit or deadline is reached. Nothing absorbs it."""


class UnknownError(Exception):
    """The evaluation needs something that is not known here, such as who may do what. Nothing absorbs it."""

    def __init__(self, needs: str) -> None:
        super().__init__(f"needs {needs}")
        self.needs = needs
