"""Functions of an environment: their overloads with types, cost and the Python function that computes them."""

from collections.abc import Callable

from lockgate.engine.cel.types import AnyType
from lockgate.engine.cel.values import Value
from lockgate.engine.record import record


@record
class Overload:
    """One signature of a function.

    parameters: the target first, for one that is called as `target.name(…)` (`receiver`). compute: takes the values in that order and
    returns one; raises CelError. cost: what a call takes from the budget, of its arguments' values; None is 1. total: `compute`
    takes values of any kinds, and raises CelError for those that do not fit; if not, it is for values of `parameters` only.
    """

    id: str
    receiver: bool
    parameters: tuple[AnyType, ...]
    result: AnyType
    compute: Callable[..., Value]
    cost: Callable[..., int] | None = None
    total: bool = False


@record
class Function:
    """A function by its name in the tree (`size`, `_+_`, `ip.isCanonical`), with its overloads in order."""

    name: str
    overloads: tuple[Overload, ...]
