"""A map whose values are computed when they are first asked for, as `variables` is."""

from collections.abc import Callable, Iterable, Mapping
from typing import final

from lockgate.engine.cel.budget import FATAL, CostBudget, Evaluate
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.library import containers
from lockgate.engine.cel.values import NONE, Optional, Value


@final
class LazyMap(dict[str, Value]):
    """`names` are the keys that it has; `compute` gives the value of one, and may raise.

    A value is computed once; so is an error of its evaluation, which is raised again each time. To code that reads a
    key it is a dict.
    """

    __slots__ = ("_budget", "_compute", "_failures", "_fast", "_variables", "names")

    def __init__(self, names: Iterable[str], compute: Callable[[str], Value]) -> None:
        super().__init__()
        self.names = frozenset(names)
        self._compute = compute
        self._failures: dict[str, CelError] | None = None
        self._fast: Mapping[str, Evaluate] | None = None

    def try_first(
        self, fast: Mapping[str, Evaluate], variables: Mapping[str, Value], budget: CostBudget
    ) -> None:
        """Before `compute`, whoever asks for a value tries the fast path of its expression (`Expression.fast`)."""
        self._fast = fast
        self._variables = variables
        self._budget = budget

    def __missing__(self, name: str) -> Value:
        if self._fast is not None and name in self._fast:
            budget = self._budget
            # As `CostBudget.begin_call` and `end_call` do it, written out: templates have many variables.
            outside = budget.start
            budget.start = budget.granted - budget.left
            try:
                value = self[name] = self._fast[name](self._variables, budget)
            except FATAL:
                raise
            except Exception:  # noqa: BLE001 - as in `Expression.evaluate`, which tells what it means
                budget.undo_call()
            else:
                return value
            finally:
                budget.start = outside + budget.granted - budget.left - budget.start
        return self._computed(name)

    def _computed(self, name: str) -> Value:
        if name not in self.names:
            raise KeyError(name)
        if self._failures is None:
            self._failures = {}
        if name in self._failures:
            raise self._failures[name]
        try:
            value = self[name] = self._compute(name)
        except CelError as error:
            self._failures[name] = error
            raise
        return value


def select(operand: Value, field: str) -> Value:
    """`operand.field`, of a lazy map too."""
    if type(operand) is LazyMap and field in operand.names:
        return operand[field]
    return containers.select(operand, field)


def optional_index(operand: Value, key: Value) -> Value:
    """`operand[?key]` and `operand.?key`, of a lazy map too."""
    if type(operand) is LazyMap:
        return Optional(operand[key]) if key in operand.names else NONE
    return containers.optional_index(operand, key)


def has(operand: Value, field: str) -> bool:
    """`has(operand.field)`, of a lazy map too, where a value that cannot be computed is an error, as in Kubernetes."""
    if type(operand) is not LazyMap:
        return containers.has(operand, field)
    if field not in operand.names:
        return False
    _ = operand[field]
    return True
