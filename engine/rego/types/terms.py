"""The types of terms: what the environment, the literals and the signatures say of them."""

from collections.abc import Sequence

from lockgate.engine.codegen.values import Key, Undefined, key
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Comprehension,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Template,
    Term,
    Var,
)
from lockgate.engine.rego.constant_terms import constant_value
from lockgate.engine.rego.term_parser import OPERATOR_MARK, ROOTS, dotted, operator_name
from lockgate.engine.rego.types.compatibility import Types
from lockgate.engine.rego.types.environment import Layer, TypeNode, whole_type
from lockgate.engine.rego.types.lattice import ANY, STRING, FunctionType, Property, Type, basic_type, is_empty
from lockgate.engine.rego.types.signatures import Signatures


class TermTypes:
    """Finds types of terms in layers. `comprehensions` has those of the comprehensions that were checked, by id."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.signatures = Signatures(types)
        self.comprehensions: dict[int, Type | None] = {}

    def of(self, term: Term, layer: Layer) -> Type | None:
        """The type of a term, as far as it is known."""
        if isinstance(term, Var):
            return self._variable(term, layer)
        if isinstance(term, Scalar):
            return basic_type(term.value)
        if isinstance(term, Ref):
            return self.reference(term, layer)
        if isinstance(term, ArrayTerm):
            return self.types.array(tuple([self.of(item, layer) for item in term.items]), None)
        if isinstance(term, ObjectTerm):
            return self._object(term, layer)
        if isinstance(term, SetTerm):
            return self.types.set(self.types.any_of([self.of(item, layer) for item in term.items]))
        if isinstance(term, Comprehension):
            return self.comprehensions.get(id(term))
        return STRING if isinstance(term, Template) else None

    def _variable(self, variable: Var, layer: Layer) -> Type | None:
        if variable.name in ROOTS:
            return self.document(variable.name, (), layer)
        return layer.variable(variable.name)

    def _object(self, term: ObjectTerm, layer: Layer) -> Type:
        static: dict[Key, Property] = {}
        dynamic: tuple[Type | None, Type | None] | None = None
        for name, item in term.items:
            value = constant_value(name)
            if isinstance(value, Undefined):
                dynamic = (self.of(name, layer), self.of(item, layer))
            else:
                static[key(value)] = Property(value, self.of(item, layer))
        return self.types.object(static, dynamic)

    # References

    def reference(self, reference: Ref, layer: Layer) -> Type | None:
        """The type of what a reference leads to; None when it leads nowhere."""
        head = reference.head
        if not isinstance(head, Var):
            return None
        if head.name in ROOTS:
            return self.document(head.name, reference.operands, layer)
        if head.name == OPERATOR_MARK:
            return self.function(reference, layer)
        found = layer.variable(head.name)
        if found is None:
            return self.signatures.get(dotted(reference))
        return self.selected(found, reference.operands)

    def function(self, function: Ref, layer: Layer) -> Type | None:
        """The type of the function that a call names."""
        head = function.head
        if isinstance(head, Var) and head.name == "data":
            return self.document("data", function.operands, layer)
        return self.signatures.get(operator_name(function) or dotted(function))

    def document(self, root: str, operands: Sequence[Term], layer: Layer) -> Type | None:
        """The type of a place in a document, which is any where no rule says more."""
        for node in layer.roots(root):
            found, known = self._below(node, operands)
            if known:
                return found
        return ANY

    def _below(self, node: TypeNode, operands: Sequence[Term]) -> tuple[Type | None, bool]:
        """The type of a place below another, and whether there is such a place."""
        for taken, operand in enumerate(operands):
            child = child_of(node, operand)
            if child is not None:
                node = child
                continue
            rest = operands[taken:]
            if node.type is not None:
                return self.selected(node.type, rest), True
            if isinstance(constant_value(operand), Undefined):
                return self.selected(whole_type(self.types, node), rest), True
            return None, False
        return whole_type(self.types, node), True

    def selected(self, type: Type | None, operands: Sequence[Term]) -> Type | None:
        """The type of what operands lead to from a type."""
        for operand in operands:
            if type is None:
                return None
            if isinstance(operand, Scalar):
                type = self.types.select(type, operand.value, key(operand.value))
            elif is_empty(type):
                return ANY
            else:
                type = self.types.values(type)
        return type


def child_of(node: TypeNode, operand: Term) -> TypeNode | None:
    """The place that a fixed operand leads to."""
    if not node.below:
        return None
    if isinstance(operand, Scalar):
        return node.below.get(key(operand.value))
    value = constant_value(operand)
    return None if isinstance(value, Undefined) else node.below.get(key(value))


def function_arguments(function: FunctionType) -> tuple[Type | None, ...]:
    """The types that a call may have: of the arguments, and of the result, which may stand last."""
    return function.arguments if function.result is None else (*function.arguments, function.result)
