"""What an evaluation lends to the builtins that need more than their operands."""

from typing import TYPE_CHECKING, Final, Protocol

from lockgate.engine.codegen.budget import MAX_TEXT
from lockgate.engine.codegen.meter import pay
from lockgate.engine.codegen.spending import Budget
from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinLimitError

if TYPE_CHECKING:
    from lockgate.engine.external_data import Asking

# Output of one call, in characters or elements. A step pays for 64 bytes.
MAX_OUTPUT: Final = MAX_TEXT


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


class AskingContext(Context, Protocol):
    """Also knows whom to ask for external data, if there is anybody."""

    @property
    def asking(self) -> "Asking | None":
        """What the policy asks during the review."""
        ...

    @property
    def budget(self) -> Budget:
        """Which tells the time that is left."""
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


def made_text(size: int) -> None:
    """As `reserve`, for the builtins that are given no context."""
    if size > 64:
        _refuse(size)
        pay(size >> 6)


def made_slots(count: int) -> None:
    """As `reserve_slots`, for the builtins that are given no context."""
    if count > 8:
        _refuse(count)
        pay(count >> 3)


def made_values(count: int) -> None:
    """As `reserve_values`, for the builtins that are given no context."""
    if count > 8:
        _refuse(count)
        pay(count)


def _pay(context: Context, size: int, steps: int) -> None:
    _refuse(size)
    context.spend(steps)


def _refuse(size: int) -> None:
    # What has more digits than a machine's word is said in words.
    if size > MAX_OUTPUT:
        shown = str(size) if size < 1 << 64 else "countless"
        raise BuiltinLimitError(f"a result of {shown} elements is over the limit of {MAX_OUTPUT}")
