"""The careful path: a tree as Python closures that follow CEL's rules for errors.

`&&`, `||`, `all` and `exists` absorb an error where another term decides
(https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators); of several errors the one counts
that cel-go reports. It is made for an expression when the fast path (`emit.py`) first raises something.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from lockgate.engine.cel.ast import (
    Call,
    Constant,
    Index,
    ListLiteral,
    Macro,
    MapLiteral,
    MessageLiteral,
    Name,
    Node,
    Select,
)
from lockgate.engine.cel.budget import Evaluate
from lockgate.engine.cel.careful_macro import careful_macro
from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.frame import Compute, Failed, Frame, Scope
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.knowledge import Typing, call_arguments, call_shape
from lockgate.engine.cel.lazy import has, optional_index, select
from lockgate.engine.cel.library.containers import index
from lockgate.engine.cel.paying import paying_dispatcher, paying_overload
from lockgate.engine.cel.pieces import AND, CONDITION, IN, OR, OR_ELSE, terms, weight
from lockgate.engine.cel.runtime import given, is_empty, make_map, value_of
from lockgate.engine.cel.values import Value
from lockgate.engine.codegen.spending import Budget


class Careful:
    """Makes the closures of one tree."""

    def __init__(self, functions: Mapping[str, Function], typing: Typing) -> None:
        self._functions = functions
        self._typing = typing
        self.scope = Scope()

    def expression(self, node: Node) -> Evaluate:
        """What evaluates a whole expression. It raises CelError, or CostError."""
        compute = self.compute(node)
        size, cost = self.scope.size, weight(node)

        def evaluate(variables: Mapping[str, Value], budget: Budget) -> Value:
            frame = Frame(variables, budget, size)
            frame.spend(cost)
            return compute(frame)

        return evaluate

    def compute(self, node: Node) -> Compute:
        """What computes a node's value."""
        return _COMPUTES[type(node)](self, node)

    def call(self, node: Call) -> Callable[..., Value]:
        """What calls a call's function: the one overload that the checker found, or any of the function's."""
        overloads = self._typing.overloads_of(node)
        if len(overloads) == 1:
            return paying_overload(self._functions[node.function], overloads[0])
        return self.function(*call_shape(node))

    def function(self, name: str, receiver: bool, arity: int) -> Callable[..., Value]:
        """What calls a function, whatever the kinds of its arguments."""
        return paying_dispatcher(self._functions[name], receiver, arity)


def _constant(careful: Careful, node: Constant) -> Compute:
    value = node.value
    return lambda frame: value


def _name(careful: Careful, node: Name) -> Compute:
    name, place = node.name, careful.scope.find(node.name)
    if place is not None:

        def read_local(frame: Frame) -> Value:
            value = frame.locals[place]
            if type(value) is Failed:
                raise value.error
            return value

        return read_local

    def read(frame: Frame) -> Value:
        try:
            return frame.variables[name]
        except KeyError:
            raise CelError(f"no such attribute(s): {name}") from None

    return read


def _select(careful: Careful, node: Select) -> Compute:
    operand, field = careful.compute(node.operand), node.field
    function = optional_index if node.optional else has if node.test else select
    return lambda frame: function(operand(frame), field)


def _index(careful: Careful, node: Index) -> Compute:
    operand, place = careful.compute(node.operand), careful.compute(node.index)
    function = optional_index if node.optional else index

    def evaluate(frame: Frame) -> Value:
        container = operand(frame)
        # Of nothing no place is asked for.
        return container if is_empty(container) else function(container, place(frame))

    return evaluate


def _list(careful: Careful, node: ListLiteral) -> Compute:
    items = list(map(careful.compute, node.items))
    optional = node.optional

    def make(frame: Frame) -> Value:
        values: list[Value] = []
        for at, item in enumerate(items):
            value = item(frame)
            values.extend(given(value) if at in optional else (value,))
        return values

    return make


def _map(careful: Careful, node: MapLiteral) -> Compute:
    # `map` takes no frame of its own, of which a deep tree needs many.
    keys = list(map(careful.compute, [item.key for item in node.items]))
    values = list(map(careful.compute, [item.value for item in node.items]))
    optional = [item.optional for item in node.items]

    def make(frame: Frame) -> Value:
        found: list[tuple[Value, Value, bool]] = []
        for key, value, is_optional in zip(keys, values, optional, strict=True):
            found.append((key(frame), value(frame), is_optional))
        return make_map(found)

    return make


def _message(careful: Careful, node: MessageLiteral) -> Compute:
    name = node.type_name

    def refuse(frame: Frame) -> Value:
        raise CelError(f"unknown type: {name}")

    return refuse


def _call(careful: Careful, node: Call) -> Compute:
    if node.target is None:
        if node.function == AND or node.function == OR:
            return _logic(careful, node)
        if node.function == CONDITION:
            return _condition(careful, node)
    elif node.function in OR_ELSE and len(node.arguments) == 1:
        return _or_else(careful, node, node.target)
    if _is_in_nothing(node):
        return lambda frame: False
    function = careful.call(node)
    arguments = list(map(careful.compute, call_arguments(node)))
    if len(arguments) == 1:
        (only,) = arguments
        return lambda frame: function(only(frame))
    if len(arguments) == 2:
        left, right = arguments
        return lambda frame: function(left(frame), right(frame))

    def call(frame: Frame) -> Value:
        values: list[Value] = []
        for argument in arguments:
            values.append(argument(frame))  # noqa: PERF401 - as above
        return function(*values)

    return call


def _is_in_nothing(node: Call) -> bool:
    """Is it `x in []`, for which cel-go evaluates no x?"""
    return node.function == IN and node.arguments[-1] == ListLiteral(node.arguments[-1].offset, ())


def _or_else(careful: Careful, node: Call, target: Node) -> Compute:
    """`or` and `orValue`."""
    found, other = careful.compute(target), careful.compute(node.arguments[0])
    is_value = node.function == "orValue"

    def evaluate(frame: Frame) -> Value:
        value = found(frame)
        if is_empty(value):
            return other(frame)
        return value_of(value) if is_value else value

    return evaluate


def _logic(careful: Careful, node: Call) -> Compute:
    """`&&` and `||`: a term that decides wins over errors before and after it; else the first error counts."""
    decides = node.function == OR
    computes = list(map(careful.compute, terms(node)))

    def evaluate(frame: Frame) -> Value:
        failure: CelError | None = None
        for compute in computes:
            try:
                value = compute(frame)
            except CelError as error:
                failure = failure or error
                continue
            if value is decides:
                return decides
            if type(value) is not bool:
                failure = failure or CelError("no such overload")
        if failure is not None:
            raise failure
        return not decides

    return evaluate


def _condition(careful: Careful, node: Call) -> Compute:
    condition, then, other = node.arguments
    asked, first, second = careful.compute(condition), careful.compute(then), careful.compute(other)

    def evaluate(frame: Frame) -> Value:
        answer = asked(frame)
        if answer is True:
            return first(frame)
        if answer is False:
            return second(frame)
        raise CelError("no such overload")

    return evaluate


_COMPUTES: Final[Mapping[type, Callable[[Careful, Any], Compute]]] = {
    Constant: _constant,
    Name: _name,
    Select: _select,
    Index: _index,
    Call: _call,
    ListLiteral: _list,
    MapLiteral: _map,
    MessageLiteral: _message,
    Macro: careful_macro,
}
