"""What an evaluation lends to the builtins that need more than their operands."""

from typing import Protocol

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinLimitError

# Output of one call, in characters or elements. A policy message has hundreds; the whole review 3 MB. A step pays for
# 64 bytes.
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
    """Pays for a text of `size` characters before it is made. Raises when that is too much."""
    if size > 64:
        _pay(context, size, size >> 6)


def reserve_slots(context: Context, count: int) -> None:
    """Pays for a collection of `count` members that exist already."""
    if count > 8:
        _pay(context, count, count >> 3)


def reserve_values(context: Context, count: int) -> None:
    """Pays for `count` new values, such as numbers, short strings or members of an object: some 64 bytes each."""
    if count > 8:
        _pay(context, count, count)


def _pay(context: Context, size: int, steps: int) -> None:
    # What has more digits than a machine's word is said in words.
    if size > MAX_OUTPUT:
        shown = str(size) if size < 1 << 64 else "countless"
        raise BuiltinLimitError(f"a result of {shown} elements is over the limit of {MAX_OUTPUT}")
    context.spend(steps)
