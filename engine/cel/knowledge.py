"""What the checker knows of a tree, as the compiler asks for it: types of nodes and overloads of calls."""

from collections.abc import Mapping
from typing import Final, Protocol

from lockgate.engine.cel.ast import Call, Index, Node
from lockgate.engine.cel.functions import Function, Overload
from lockgate.engine.cel.types import DYN, AnyType
from lockgate.engine.record import record


class Typing(Protocol):
    """Answers about the nodes of one tree."""

    def type_of(self, node: Node) -> AnyType:
        """The type of a node's value; DYN where it is open."""
        ...

    def overloads_of(self, call: Call | Index) -> tuple[Overload, ...]:
        """The overloads that may apply: exactly one where that is certain."""
        ...


@record
class Untyped:
    """Of a tree that was not checked nothing is known but which functions there are."""

    functions: Mapping[str, Function]

    def type_of(self, node: Node) -> AnyType:
        """Anything."""
        return DYN

    def overloads_of(self, call: Call | Index) -> tuple[Overload, ...]:
        """All of the function's overloads that are called in this way with this number of arguments."""
        name, receiver, arity = call_shape(call)
        function = self.functions.get(name)
        if function is None:
            return ()
        return tuple(
            [one for one in function.overloads if one.receiver == receiver and len(one.parameters) == arity]
        )


INDEX: Final = "_[_]"
# The shape of the call that `sortBy` comes to: the list, and the key of each item.
SORT_BY_KEYS: Final = ("@sortByAssociatedKeys", True, 2)


def call_shape(call: Call | Index) -> tuple[str, bool, int]:
    """The function's name, whether it is called on a target, and how many values it takes, the target among them."""
    if isinstance(call, Index):
        return INDEX, False, 2
    if call.target is None:
        return call.function, False, len(call.arguments)
    return call.function, True, len(call.arguments) + 1


def call_arguments(call: Call | Index) -> tuple[Node, ...]:
    """What the function takes, the target first."""
    if isinstance(call, Index):
        return call.operand, call.index
    return call.arguments if call.target is None else (call.target, *call.arguments)
