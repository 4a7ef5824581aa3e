"""How tables of functions are written: overloads called as functions or as methods, and type variables."""

from collections.abc import Callable, Iterable

from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.library.costs import Cost
from lockgate.engine.cel.types import AnyType, TypeVariable, list_of, map_of
from lockgate.engine.cel.values import Value

A = TypeVariable("A")
B = TypeVariable("B")
LIST_OF_A = list_of(A)
MAP_OF_AB = map_of(A, B)

Compute = Callable[..., Value]


def call(
    name: str, parameters: tuple[AnyType, ...], result: AnyType, compute: Compute, cost: Cost | None = None
) -> Overload:
    """An overload called as `function(arguments)`, or an operator."""
    return Overload(name, False, parameters, result, compute, cost)


def method(
    name: str, parameters: tuple[AnyType, ...], result: AnyType, compute: Compute, cost: Cost | None = None
) -> Overload:
    """An overload called as `target.function(arguments)`; the target is the first parameter."""
    return Overload(name, True, parameters, result, compute, cost)


def total_call(
    name: str, parameters: tuple[AnyType, ...], result: AnyType, compute: Compute, cost: Cost | None = None
) -> Overload:
    """The same, of a body that tells the kinds of its arguments apart itself."""
    return Overload(name, False, parameters, result, compute, cost, total=True)


def total_method(
    name: str, parameters: tuple[AnyType, ...], result: AnyType, compute: Compute, cost: Cost | None = None
) -> Overload:
    """The same of a method."""
    return Overload(name, True, parameters, result, compute, cost, total=True)


def function(name: str, *overloads: Overload) -> Function:
    """A function with its overloads, in order."""
    return Function(name, overloads)


def merged(functions: Iterable[Function]) -> tuple[Function, ...]:
    """The functions with those of one name as one, their overloads in order."""
    found: dict[str, tuple[Overload, ...]] = {}
    for one in functions:
        found[one.name] = (*found.get(one.name, ()), *one.overloads)
    return tuple([Function(name, overloads) for name, overloads in found.items()])
