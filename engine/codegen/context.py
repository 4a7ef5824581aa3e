"""Evaluations: contexts, their budgets, what `with` changes, and the errors that end them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lockgate.engine.codegen.building import replace_path
from lockgate.engine.codegen.lookups import walk_path
from lockgate.engine.codegen.places import Positions, at
from lockgate.engine.codegen.printing import PrintSink
from lockgate.engine.codegen.spending import Budget, BudgetError, LimitError
from lockgate.engine.codegen.values import (
    UNDEFINED,
    Undefined,
    Value,
)
from lockgate.engine.codegen.watch import Tracer
from lockgate.engine.errors import EvaluationError

Outcome = Value | Undefined
MISS: Final = object()


class Context:
    """One evaluation under one `input` and `data`; `with` makes another that shares budget and clock.

    memo: values of documents, by number; fixed: values that depend on constants only. over: the places under
    `data` that a `with` replaces. mocks: functions that a `with` replaces, by name. shares: does `fixed` outlive
    the evaluation? covered: numbers of the probes that were reached, in the mode for it. print_sink: gets what
    `print` statements print. cases: names that `internal.test_case` was given, if somebody asks.
    """

    __slots__ = (
        "budget",
        "cases",
        "covered",
        "data",
        "fixed",
        "input",
        "memo",
        "mocks",
        "now_ns",
        "over",
        "print_sink",
        "shares",
        "strict",
        "tracer",
    )

    def __init__(
        self,
        *,
        input_value: Outcome,
        data: dict[str, Value],
        memo: list[Any],
        fixed: list[Any],
        budget: Budget,
        now_ns: int,
        strict: str = "",
        shares: bool = False,
    ) -> None:
        self.shares = shares
        self.input = input_value
        self.data = data
        self.memo = memo
        self.fixed = fixed
        self.budget = budget
        self.now_ns = now_ns
        self.over: tuple[tuple[str, ...], ...] = ()
        self.mocks: Mapping[str, Callable[..., Outcome]] = {}
        self.covered: set[int] = set()
        self.cases: list[Value] | None = None
        self.tracer: Tracer | None = None
        self.print_sink: PrintSink | None = None
        self.strict = strict

    def spend(self, steps: int) -> None:
        """Takes steps from the budget; raises BudgetError when none are left."""
        self.budget.left -= steps
        if self.budget.left < 0:
            reason = self.budget.refill()
            if reason:
                raise BudgetError(f"eval_cancel_error: needs {reason}")


def exhausted(context: Context, positions: Positions, number: int) -> None:
    """Ends an evaluation that has used up its steps; grants another slice to one that has not."""
    reason = context.budget.refill()
    if reason:
        hint = "the policy does too much for this input"
        raise BudgetError(f"eval_cancel_error: needs {reason}", location=at(positions, number), hint=hint)


def paid(context: Context, steps: int, positions: Positions, number: int) -> None:
    """Takes steps for a large value that has been made."""
    budget = context.budget
    budget.left -= steps
    if budget.left < 0:
        exhausted(context, positions, number)


def apart(context: Context) -> tuple[int, int]:
    """Begins a value that later evaluations share: it has a budget of its own. Gives the count outside of it.

    So an evaluation needs the same number of steps whichever came first.
    """
    return context.budget.begin() if context.shares else (0, 0)


def rejoin(context: Context, outside: tuple[int, int]) -> None:
    """Ends a value that `apart` began."""
    if context.shares:
        context.budget.resume(outside)


def failed(context: Context, error: Any, positions: Positions, number: int, name: str) -> Undefined:
    """A builtin has no answer: undefined, or an error under strict errors; a limit that it reached gets its place."""
    if isinstance(error, LimitError):
        if error.location is not None:
            raise error
        message = error.message.removeprefix("eval_cancel_error: ")
        raise LimitError(
            f"eval_cancel_error: {name}: {message}", location=at(positions, number), hint=error.hint
        )
    if context.strict:
        raise EvaluationError(f"{error.code}: {name}: {error.message}", location=at(positions, number))
    return UNDEFINED


def replaced(
    context: Context, changes: Sequence[tuple[str, Any, Any]], memo_size: int, fixed_size: int
) -> Context:
    """The context under `with`: changes are (what, path or name, value) with what in input, data, function."""
    new_input: Outcome = context.input
    new_data = context.data
    over = list(context.over)
    mocks = dict(context.mocks)
    fixed = context.fixed
    for what, target, value in changes:
        if what == "input":
            new_input = replace_path(new_input, target, value)
            fixed = [MISS] * fixed_size
        elif what == "data":
            replacement = replace_path(new_data, target, value)
            new_data = replacement if type(replacement) is dict else {}
            over.append(tuple(target))
        else:
            mocks[target] = value
            fixed = [MISS] * fixed_size
    if over and fixed is context.fixed:
        fixed = [MISS] * fixed_size
    made = Context(
        input_value=new_input,
        data=new_data,
        memo=[MISS] * memo_size,
        fixed=fixed,
        budget=context.budget,
        now_ns=context.now_ns,
        strict=context.strict,
    )
    made.over = tuple(over)
    made.mocks = mocks
    made.covered = context.covered
    made.cases = context.cases
    made.tracer = context.tracer
    made.print_sink = context.print_sink
    return made


def guarded(context: Context, compute: Callable[[Context], Outcome], path: tuple[str, ...]) -> Any:
    """A document that some `with` may replace, wholly or in part."""
    below: list[tuple[str, ...]] = []
    for place in context.over:
        if path[: len(place)] == place:
            return walk_path(context.data, path)
        if place[: len(path)] == path:
            below.append(place)
    value: Any = compute(context)
    for place in below:
        replacement = walk_path(context.data, place)
        if replacement is not UNDEFINED:
            value = replace_path(value, place[len(path) :], replacement)
    return value


def mocked(context: Context, name: str, function: Callable[..., Outcome], arguments: Sequence[Any]) -> Any:
    """A call of a function that some `with` may replace."""
    mock = context.mocks.get(name)
    if mock is None:
        return function(context, *arguments)
    # A mock sees the originals: it may call what it replaces.
    return mock(_without_mocks(context), *arguments)


def _without_mocks(context: Context) -> Context:
    made = replaced(context, (("function", "", None),), len(context.memo), len(context.fixed))
    made.mocks = {}
    return made


def constant(value: Outcome) -> Callable[..., Outcome]:
    """A function that gives one value whatever it is called with."""
    return lambda context, *arguments: value


def plain(function: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """A builtin as a function that takes the context first."""
    return lambda context, *arguments: function(*arguments)
