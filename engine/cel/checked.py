"""A tree whose names are resolved, with what is known of its nodes."""

from collections.abc import Mapping

from lockgate.engine.cel.ast import Call, Index, Node
from lockgate.engine.cel.functions import Overload
from lockgate.engine.cel.types import DYN, AnyType
from lockgate.engine.record import record


@record
class Checked:
    """`node` is the tree with each qualified name as one: `optional.none()` is a call of `optional.none` without target,
    and `authorizer.requestResource` a `Name`. Leading dots are gone. A type's name is a constant, its `TypeValue`.

    result: the type of the whole, where `any` is not `dyn`. types, overloads: by `id()` of the nodes of this tree, which
    keeps them alive.
    """

    node: Node
    result: AnyType
    types: Mapping[int, AnyType]
    overloads: Mapping[int, tuple[Overload, ...]]

    def type_of(self, node: Node) -> AnyType:
        """The type of a node's value; no variables are left in it. DYN for what is no node of this tree."""
        return self.types.get(id(node), DYN)

    def overloads_of(self, call: Call | Index) -> tuple[Overload, ...]:
        """The overloads that may apply, in their order: exactly one where types say so."""
        return self.overloads.get(id(call), ())
