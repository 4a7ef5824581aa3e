"""What an evaluation lends to the builtins that need more than their operands."""

from typing import Protocol

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinLimitError

# Output of one call, in characters or elements. A policy message has hundreds; the whole review 3 MB.
MAX_OUTPUT = 10_000_000


class Context(Protocol):
    """The clock and the budget of one evaluation."""

    @property
    def now_ns(self) -> int:
        """The time of the evaluation, in nanoseconds since 1970."""
        ...

    def spend(self, steps: int) -> None:
        """Takes steps from the budget. Raises an EvaluationError when it is exhausted."""
        ...


class CaseContext(Context, Protocol):
    """Also gathers the names of test cases, where somebody asks for them."""

    @property
    def cases(self) -> list[Value] | None:
        """The names so far."""
        ...


class OutsideContext(Context, Protocol):
    """Also tells evaluations apart, for what is answered once in each."""

    @property
    def budget(self) -> object:
        """The same object in all contexts of one evaluation."""
        ...


def reserve(context: Context, size: int) -> None:
    """Pays for an output of `size` characters or elements before it is made. Raises when that is too much."""
    if size > MAX_OUTPUT:
        raise BuiltinLimitError(f"a result of {size} elements is over the limit of {MAX_OUTPUT}")
    if size > 64:
        context.spend(size >> 6)
