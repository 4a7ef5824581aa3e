"""Evaluations: contexts, their budgets, what `with` changes, and the errors that end them."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.codegen.budget import MAX_TEXT, Limits
from lockgate.engine.codegen.building import replace_path
from lockgate.engine.codegen.lookups import walk_path
from lockgate.engine.codegen.meter import pay
from lockgate.engine.codegen.places import Positions, at
from lockgate.engine.codegen.printing import PrintSink
from lockgate.engine.codegen.spending import SLICE, Budget, BudgetError, LimitError
from lockgate.engine.codegen.values import (
    UNDEFINED,
    Undefined,
    Value,
)
from lockgate.engine.codegen.watch import Tracer
from lockgate.engine.errors import EvaluationError

if TYPE_CHECKING:
    # Imported where there are providers.
    from lockgate.engine.external_data import Asking

Outcome = Value | Undefined
MISS: Final = object()


_NO_MOCKS: Final[Mapping[str, Callable[..., Outcome]]] = MappingProxyType({})


class Context(Budget):
    """One evaluation under one `input` and `data`.

    memo: values of documents, by number; fixed: values that depend on constants only, and outlive the evaluation;
    shared: values that evaluations which are made together have in common.
    The attributes of the class are what most evaluations have no use for; `DetailedContext` has its own. A context is
    its own budget, which saves an object; whoever made it deletes `budget` in the end, so that it does not hold
    itself.
    """

    __slots__ = ("budget", "data", "fixed", "input", "memo", "now_ns", "shared")

    over: tuple[tuple[str, ...], ...] = ()
    mocks: Mapping[str, Callable[..., Outcome]] = _NO_MOCKS
    covered: set[int] | None = None
    cases: list[Value] | None = None
    tracer: Tracer | None = None
    print_sink: PrintSink | None = None
    strict: str = ""
    shares: bool = True
    asking: "Asking | None" = None

    def __init__(
        self,
        input_value: Outcome,
        data: Mapping[str, Value],
        memo: list[Any],
        fixed: list[Any],
        shared: list[Any],
        limits: Limits,
        now_ns: int,
    ) -> None:
        # As the budget does it, written out.
        self.limits = limits
        steps = limits.max_steps
        self.left = self.granted = steps if steps < SLICE else SLICE  # noqa: FURB136
        seconds = limits.max_seconds
        self._ends = limits.until if seconds is None else monotonic() + seconds
        self._base = 0
        self.budget: Budget = self
        self.input = input_value
        self.data = data
        self.memo = memo
        self.fixed = fixed
        self.shared = shared
        self.now_ns = now_ns

    def spend(self, steps: int) -> None:
        """Takes steps from the budget; raises BudgetError when none are left."""
        self.budget.left -= steps
        if self.budget.left < 0:
            reason = self.budget.refill()
            if reason:
                raise BudgetError(f"eval_cancel_error: needs {reason}")


class DetailedContext(Context):
    """An evaluation that is watched, strict, without constants, or under a `with`, which makes another context that
    shares budget and clock.

    over: the places under `data` that a `with` replaces. mocks: functions that a `with` replaces, by name. shares:
    does `fixed` outlive the evaluation? covered: numbers of the probes that were reached, in the mode for it.
    print_sink: gets what `print` statements print. cases: names that `internal.test_case` was given, if somebody asks.
    strict: are failures of builtins errors? asking: who answers for external data.
    """

    __slots__ = ("asking", "cases", "covered", "mocks", "over", "print_sink", "shares", "strict", "tracer")

    def __init__(
        self,
        input_value: Outcome,
        data: Mapping[str, Value],
        memo: list[Any],
        fixed: list[Any],
        shared: list[Any],
        budget: Budget,
        now_ns: int,
        *,
        strict: str,
        shares: bool,
        covered: set[int] | None,
        cases: list[Value] | None,
        tracer: Tracer | None,
        print_sink: PrintSink | None,
        asking: "Asking | None",
    ) -> None:
        # What it is as a budget stays empty.
        self.budget = budget
        self.input = input_value
        self.data = data
        self.memo = memo
        self.fixed = fixed
        self.shared = shared
        self.now_ns = now_ns
        self.over = ()
        self.mocks = _NO_MOCKS
        self.strict = strict
        self.shares = shares
        self.covered = set() if covered is None else covered
        self.cases = cases
        self.tracer = tracer
        self.print_sink = print_sink
        self.asking = asking


def exhausted(context: Context, positions: Positions, number: int) -> None:
    """Ends an evaluation that has used up its steps; grants another slice to one that has not."""
    reason = context.budget.refill()
    if reason:
        hint = "the policy does too much for this input"
        raise BudgetError(f"eval_cancel_error: needs {reason}", location=at(positions, number), hint=hint)


def grown(context: Context, text: str, positions: Positions, number: int) -> None:
    """Pays for a long text that has been made; refuses one that is too long."""
    if len(text) > MAX_TEXT:
        message = f"eval_cancel_error: a text of more than {MAX_TEXT} characters"
        raise LimitError(message, location=at(positions, number))
    paid(context, len(text) >> 6, positions, number)


def paid(context: Context, steps: int, positions: Positions, number: int) -> None:
    """Takes steps for a large value that is made."""
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
) -> DetailedContext:
    """The context under `with`: changes are (what, path or name, value) with what in input, data, function."""
    pay(1 + (memo_size + fixed_size + len(context.shared) >> 6))
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
    made = DetailedContext(
        new_input,
        new_data,
        [MISS] * memo_size,
        fixed,
        [MISS] * len(context.shared),
        context.budget,
        context.now_ns,
        strict=context.strict,
        shares=False,
        covered=context.covered,
        cases=context.cases,
        tracer=context.tracer,
        print_sink=context.print_sink,
        asking=context.asking,
    )
    made.over = tuple(over)
    made.mocks = mocks
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
    made.mocks = _NO_MOCKS
    return made


def constant(value: Outcome) -> Callable[..., Outcome]:
    """A function that gives one value whatever it is called with."""
    return lambda context, *arguments: value


def plain(function: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """A builtin as a function that takes the context first."""
    return lambda context, *arguments: function(*arguments)
