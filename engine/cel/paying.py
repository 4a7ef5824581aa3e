"""Functions that pay what they cost from the budget of the evaluation that their thread is in."""

from collections.abc import Callable

from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.library.dispatch import Dispatcher, dispatcher
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.meter import pay

Compute = Callable[..., Value]


def paying(overload: Overload) -> Compute:
    """The overload's body, which pays first."""
    compute, cost = overload.compute, overload.cost
    if cost is None:
        return compute

    def call_with_one(value: Value) -> Value:
        pay(cost(value))
        return compute(value)

    def call_with_two(left: Value, right: Value) -> Value:
        pay(cost(left, right))
        return compute(left, right)

    def call(*arguments: Value) -> Value:
        pay(cost(*arguments))
        return compute(*arguments)

    arity = len(overload.parameters)
    return call_with_one if arity == 1 else call_with_two if arity == 2 else call


def paying_dispatcher(function: Function, receiver: bool, arity: int) -> Compute:
    """What calls the function with so many arguments, the target among them, whatever their kinds, and pays."""
    found = dispatcher(function, receiver, arity)
    if isinstance(found, Dispatcher):
        return _choosing(found)
    overloads = [
        one for one in function.overloads if one.receiver is receiver and len(one.parameters) == arity
    ]
    costs = [one.cost for one in overloads if one.cost is not None]
    if not costs:
        return found
    # One body for all kinds. What it costs is known to apply once it has an answer.
    cost = costs[0]

    def call(*arguments: Value) -> Value:
        result = found(*arguments)
        pay(cost(*arguments))
        return result

    return call


def paying_overload(function: Function, overload: Overload) -> Compute:
    """What calls one overload of the function, and no other, after a look at its arguments' kinds, and pays.

    One with a body for all kinds looks at them itself.
    """
    if overload.total:
        return paying(overload)
    return _choosing(Dispatcher(function.name, (overload,)))


def _choosing(found: Dispatcher) -> Compute:
    if all(one.cost is None for one in found.overloads):
        return found

    def call_chosen(*arguments: Value) -> Value:
        chosen = found.choose(*arguments)
        if chosen.cost is not None:
            pay(chosen.cost(*arguments))
        return chosen.compute(*arguments)

    return call_chosen
