"""Where the careful path keeps the values of variables."""

from collections.abc import Callable, Mapping
from typing import Any, final

from lockgate.engine.cel.budget import exhausted
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.spending import Budget


@final
class Frame:
    """One evaluation: the environment's variables, the budget, and the macros' variables by their places."""

    __slots__ = ("budget", "locals", "variables")

    def __init__(self, variables: Mapping[str, Value], budget: Budget, size: int) -> None:
        self.variables = variables
        self.budget = budget
        self.locals: list[Any] = [None] * size

    def spend(self, steps: int) -> None:
        """Takes steps. Raises CostError when none are left."""
        self.budget.left -= steps
        if self.budget.left < 0:
            exhausted(self.budget)


@final
class Failed:
    """In the place of a variable whose value is an error."""

    __slots__ = ("error",)

    def __init__(self, error: CelError) -> None:
        self.error = error


Compute = Callable[[Frame], Value]


@final
class Scope:
    """Gives the macros' variables their places while closures are made."""

    def __init__(self) -> None:
        self.size = 0
        self._names: dict[str, list[int]] = {}

    def find(self, name: str) -> int | None:
        """The place of a variable, or None if no macro around has one of this name."""
        places = self._names.get(name)
        return places[-1] if places else None

    def enter(self, names: tuple[str, ...]) -> list[int]:
        """Places for a macro's variables, which hide others of their names until `leave`."""
        places: list[int] = []
        for name in names:
            self._names.setdefault(name, []).append(self.size)
            places.append(self.size)
            self.size += 1
        return places

    def leave(self, names: tuple[str, ...]) -> None:
        """The end of a macro."""
        for name in names:
            self._names[name].pop()
