"""References into documents and values of known types: operands that lead nowhere."""

from collections.abc import Callable, Sequence
from heapq import nsmallest

from lockgate.engine.codegen.values import Undefined, Value, key, render_json, sort_key
from lockgate.engine.rego.ast import ArrayTerm, ObjectTerm, Ref, Scalar, SetTerm, Term, Var
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.term_parser import ROOTS
from lockgate.engine.rego.types.environment import Layer, TypeNode, whole_type
from lockgate.engine.rego.types.lattice import (
    ANY,
    STRING,
    FunctionType,
    ObjectType,
    Type,
    UnionType,
    is_empty,
)
from lockgate.engine.rego.types.terms import TermTypes, child_of
from lockgate.engine.rego.types.texts import type_text
from lockgate.engine.rego.types.unification import Unifier

# Members that a message names.
_MOST_NAMED = 50

# Gives the text of a reference's first operands, as its author wrote them.
Shown = Callable[[Ref, int], str]


class ReferenceCheck:
    """Checks references; variables among their operands get the types of the keys."""

    def __init__(self, terms: TermTypes, unifier: Unifier, shown: Shown) -> None:
        self._terms = terms
        self._types = terms.types
        self._unifier = unifier
        self._shown = shown

    def problem(self, reference: Ref, layer: Layer) -> Problem | None:
        """What is wrong with a reference, if anything."""
        type = self._terms.reference(reference, layer)
        if isinstance(type, FunctionType):
            return self._of_function(reference, type, len(reference.operands))
        head = reference.head
        if not isinstance(head, Var):
            # Nothing is known of what is inside a literal.
            return self._inside(reference, ANY, 0, layer)
        if head.name not in ROOTS:
            found = layer.variable(head.name)
            if found is None:
                found = layer.variables[head.name] = ANY
            return self._inside(reference, found, 0, layer)
        for node in layer.roots(head.name):
            decided, problem = self._document(reference, node, layer)
            if decided:
                return problem
        return self._inside(reference, ANY, 0, layer)

    def _document(self, reference: Ref, node: TypeNode, layer: Layer) -> tuple[bool, Problem | None]:
        """Follows a reference through the places of a document; tells whether that decided about it."""
        for taken, operand in enumerate(reference.operands):
            if node.type is not None:
                return True, self._inside(reference, node.type, taken, layer)
            if taken < 2 and not isinstance(operand, Var) and not _is_string(operand):
                have = self._terms.of(operand, layer)
                return True, self._invalid(reference, taken, have, STRING, _names(node))
            if isinstance(operand, Var):
                keys = self._types.keys(whole_type(self._types, node))
                have = self._terms.of(operand, layer)
                if have is None:
                    if keys is not None:
                        layer.variables[operand.name] = keys
                elif not self._types.unifies(keys, have):
                    return True, self._invalid(reference, taken, have, keys, _names(node))
            child = child_of(node, operand)
            if child is None:
                return False, None
            node = child
        return True, None

    def _inside(self, reference: Ref, type: Type | None, start: int, layer: Layer) -> Problem | None:
        """Follows the operands from `start` on through a value's type."""
        types = self._types
        for index in range(start, len(reference.operands)):
            operand = reference.operands[index]
            if type is not None and is_empty(type):
                return self._in_empty(reference, type, index, layer)
            keys = types.keys(type)
            if keys is None:
                if isinstance(type, FunctionType):
                    return self._of_function(reference, type, index)
                lines = (f"have: {type_text(type)}",)
                return self._problem(reference, self._undefined(reference), index, lines)
            if isinstance(operand, Scalar):
                found = types.select(type, operand.value, key(operand.value))
                if found is None:
                    return self._invalid(reference, index, None, keys, _members(type))
                type = found
                continue
            if isinstance(operand, ArrayTerm | ObjectTerm | SetTerm):
                if not self._unifier.fits(operand, keys, layer):
                    return self._invalid(reference, index, self._terms.of(operand, layer), keys, None)
            else:
                have = self._terms.of(operand, layer)
                if have is None:
                    if isinstance(operand, Var):
                        layer.variables[operand.name] = keys
                elif not types.unifies(have, keys):
                    return self._invalid(reference, index, have, keys, _members(type))
            type = types.values(type)
        return None

    def _in_empty(self, reference: Ref, type: Type, index: int, layer: Layer) -> Problem | None:
        """An operand of an empty collection: a fixed one leads nowhere, others only iterate over nothing."""
        operand = reference.operands[index]
        if isinstance(operand, Scalar):
            return self._invalid(reference, index, None, None, None)
        if isinstance(operand, Var):
            have = self._terms.of(operand, layer)
            keys = self._types.keys(type)
            if have is None:
                layer.variables[operand.name] = ANY
            elif keys is not None and not self._types.unifies(have, keys):
                return self._invalid(reference, index, have, keys, None)
        return None

    def _of_function(self, reference: Ref, type: FunctionType, index: int) -> Problem:
        count = len(reference.operands)
        last = reference.operands[-1] if count else None
        if index == count - 1 and isinstance(last, Var) and last.name.startswith("%"):
            count = index  # A key that the compiler made is not shown.
        message = f"function {self._shown(reference, count)} used as reference, not called"
        return self._problem(reference, message, index, (f"have: {type_text(type)}",))

    def _undefined(self, reference: Ref) -> str:
        return f"undefined ref: {self._shown(reference, len(reference.operands))}"

    def _problem(self, reference: Ref, message: str, marked: int, lines: Sequence[str]) -> Problem:
        """A reference of which the first `marked` operands have a type that leads no further."""
        shown = self._shown(reference, len(reference.operands))
        marks = "^" * len(self._shown(reference, marked))
        return Problem("rego_type_error", message, reference.location, details=(shown, marks, *lines))

    def _invalid(
        self,
        reference: Ref,
        index: int,
        have: Type | None,
        want: Type | None,
        names: "list[Value] | None",
    ) -> Problem:
        """A reference with an operand that cannot be a key there."""
        shown = self._shown(reference, len(reference.operands))
        pad = " " * (len(self._shown(reference, index)) + 1)
        operand = reference.operands[index]
        given = f"have (type): {type_text(have)}"
        if have is None:
            given = f"have: {render_json(operand.value) if isinstance(operand, Scalar) else shown}"
        wanted = f"want (type): {type_text(want)}"
        if names or want is None:
            wanted = f"want (one of): [{' '.join(map(render_json, names or []))}]"
        details = (shown, f"{pad}^", f"{pad}{given}", f"{pad}{wanted}")
        return Problem("rego_type_error", self._undefined(reference), reference.location, details=details)


def _is_string(operand: Term) -> bool:
    return isinstance(operand, Scalar) and type(operand.value) is str


def _names(node: TypeNode) -> list[Value]:
    names = [child.name for child in node.below.values()]
    return nsmallest(_MOST_NAMED, [name for name in names if not isinstance(name, Undefined)], key=sort_key)


def _members(type: Type | None) -> list[Value]:
    """The fixed keys that a type has."""
    found: dict[object, Value] = {}
    stack = [type]
    while stack:
        current = stack.pop()
        if isinstance(current, ObjectType):
            found.update({name: item.key for name, item in current.static.items()})
        elif isinstance(current, UnionType):
            stack.extend(current.members)
    return nsmallest(_MOST_NAMED, found.values(), key=sort_key)
