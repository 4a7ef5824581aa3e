"""What an evaluation of CEL may cost, after Kubernetes' limits (k8s.io/apiserver pkg/apis/cel/config.go, 1.34).

A step stands for about one unit of cel-go's cost: one node of the tree each time that it is evaluated; functions add
what they go through.
"""

from collections.abc import Callable, Mapping
from typing import Final, final

from lockgate.engine.cel.errors import CostError, UnknownError
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.spending import Budget, LimitError

# Of one expression (PerCallLimit): a tenth of a second in Kubernetes.
CALL_LIMIT: Final = 1_000_000
# Of all expressions of a policy on one request (RuntimeCELCostBudget).
POLICY_LIMIT: Final = 10_000_000
# Of all match conditions of a policy on one request (RuntimeCELCostBudgetMatchConditions).
MATCH_CONDITIONS_LIMIT: Final = 2_500_000

# What ends an evaluation whatever other parts of it would say.
FATAL: Final = (CostError, LimitError, MemoryError, UnknownError)

# What evaluates an expression with variables and a budget, from which it takes steps.
Evaluate = Callable[[Mapping[str, Value], Budget], Value]

CALL_EXCEEDED: Final = "operation cancelled: actual cost limit exceeded"
POLICY_EXCEEDED: Final = (
    "validation failed due to running out of cost budget, no further validation rules will be run"
)


@final
class CostBudget(Budget):
    """The budget of a policy's expressions on one request: each has `CALL_LIMIT` for itself, all have `limits`.

    start: what had been taken when the present expression began.
    """

    __slots__ = ("_first", "start")

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._first = self.granted
        self.start = 0

    @property
    def taken(self) -> int:
        """Steps taken until now."""
        return self.granted - self.left

    def begin_again(self) -> None:
        """Begins the count for another policy."""
        self.left = self.granted = self._first
        self.start = 0

    def begin_call(self) -> int:
        """Begins the count of an expression; gives what `end_call` goes on with, since expressions ask for others."""
        outside = self.start
        self.start = self.granted - self.left
        return outside

    def end_call(self, outside: int) -> None:
        """Ends the count of an expression. What it took counts for itself, and not for the one that asked for it."""
        self.start = outside + self.granted - self.left - self.start

    def undo_call(self) -> None:
        """Gives back what the expression took: it is evaluated again from its start."""
        self.left = self.granted - self.start

    def refill(self) -> str:
        """Grants another slice; else says which limit is reached. Raises CostError at the limit of the expression."""
        if self.granted - self.left - self.start > CALL_LIMIT:
            raise CostError(CALL_EXCEEDED)
        return super().refill()


def exhausted(budget: Budget) -> None:
    """Ends an evaluation that has used up its steps; grants another slice to one that has not."""
    reason = budget.refill()
    if reason:
        raise CostError(f"{POLICY_EXCEEDED} ({reason})")
