"""Which rules OPA's index of rules leaves out without evaluating them: what decides is known before their bodies run.

Only coverage asks this: a rule that the index leaves out is not covered, although here its first statements would
run. After the conditions that OPA's index is built from (v1/ast/index.go): references to `input`, base data and
arguments that must be defined, equal a value, hold one or begin or end with one.
"""

from collections.abc import Iterator

from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value
from lockgate.engine.rego.ast import (
    ArrayTerm,
    Call,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    walk,
)
from lockgate.engine.rego.constant_terms import constant_value
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import RuleTree
from lockgate.engine.rego.term_parser import ROOTS, dotted, operator_name

# A root ("input", "data" or the number of an argument) and the way from it.
Reference = tuple[str | int, tuple[Value, ...]]
# A reference, how it is compared ("defined", "equal", "array", "holds", "among", …) and with what.
Condition = tuple[Reference, str, Value]

_AFFIXES = ("startswith", "endswith")
# A body that calls one of them is always evaluated.
_ALWAYS = frozenset({"internal.print", "internal.test_case"})


def index_conditions(alternative: Alternative, tree: RuleTree) -> list[Condition]:
    """What must hold for the clause not to be left out, in no particular order."""
    for node in walk(alternative.body):
        if isinstance(node, Call) and _name(node) in _ALWAYS:
            return []
    return list(_Finder(tree).conditions(alternative))


def _name(call: Call) -> str:
    return operator_name(call.function) or dotted(call.function)


class _Finder:
    def __init__(self, tree: RuleTree) -> None:
        self._tree = tree
        self._references: dict[str, Reference] = {}
        self._constants: dict[str, Value] = {}

    def conditions(self, alternative: Alternative) -> Iterator[Condition]:
        for number, argument in enumerate(alternative.arguments):
            if isinstance(argument, Var):
                self._references[argument.name] = (number, ())
        # `some x in xs` asks for a member of `xs`, not for `xs`.
        iterated = {
            statement.collection.name
            for statement in alternative.body
            if isinstance(statement, SomeInExpr) and isinstance(statement.collection, Var)
        }
        for statement in alternative.body:
            if isinstance(statement, UnifyExpr):
                if not (isinstance(statement.left, Var) and statement.left.name in iterated):
                    yield from self._equal(statement.left, statement.right)
            elif isinstance(statement, TermExpr) and isinstance(statement.term, Ref):
                yield from self._defined(statement.term)
            elif isinstance(statement, TermExpr) and isinstance(statement.term, Call):
                yield from self._call(statement.term)

    def _call(self, call: Call) -> Iterator[Condition]:
        name = _name(call)
        if len(call.arguments) != 2:
            return
        left, right = call.arguments
        if name == "equal":
            yield from self._equal(left, right)
            return
        for argument in call.arguments:
            if isinstance(argument, Ref):
                yield from self._defined(argument)
        if name in _AFFIXES:
            text, part = self._reference(left), self._constant(right)
            if text is not None and not isinstance(text[0], int) and type(part) is str:
                yield text, name, part
        elif name == "internal.member_2":
            yield from self._member(left, right)

    def _member(self, left: Term, right: Term) -> Iterator[Condition]:
        reference, collection = self._reference(left), self._constant(right)
        if reference is not None:
            if not isinstance(collection, Undefined):
                yield reference, "among", collection
            return
        value, holder = self._constant(left), self._reference(right)
        if holder is not None and not isinstance(value, Undefined) and type(value) in _SCALARS:
            yield holder, "holds", value

    def _equal(self, left: Term, right: Term) -> Iterator[Condition]:
        for one, other in ((left, right), (right, left)):
            value = self._constant(other)
            reference = self._reference(one)
            if isinstance(one, Var) and one.name not in self._references and one.name not in self._constants:
                if not isinstance(value, Undefined):
                    self._constants[one.name] = value
                    return
                bound = self._reference(other)
                if bound is not None:
                    self._references[one.name] = bound
                    if isinstance(other, Ref):
                        yield bound, "defined", None
                    return
            elif reference is not None and type(value) in _SCALARS:
                assert not isinstance(value, Undefined)
                yield reference, "equal", value
                return
            elif reference is not None and isinstance(other, ArrayTerm):
                elements = self._elements(other)
                if elements is not None:
                    yield reference, "array", elements
                return
            elif isinstance(one, Ref) and one.operands and type(value) in _SCALARS:
                holder = self._reference(Ref(one.location, one.head, one.operands[:-1]))
                if holder is not None and isinstance(one.operands[-1], Var):
                    assert not isinstance(value, Undefined)
                    yield holder, "holds", value
                    return

    def _elements(self, array: ArrayTerm) -> list[Value] | None:
        """For each element of a flat array a list with its value, or an empty one for a variable."""
        elements: list[Value] = []
        for item in array.items:
            value = self._constant(item)
            if type(value) in _SCALARS:
                assert not isinstance(value, Undefined)
                elements.append([value])
            elif isinstance(item, Var):
                elements.append([])
            else:
                return None
        return elements

    def _defined(self, reference: Ref) -> Iterator[Condition]:
        found = self._reference(reference)
        if found is not None:
            yield found, "defined", None

    def _constant(self, term: Term) -> Value | Undefined:
        if isinstance(term, Var) and term.name in self._constants:
            return self._constants[term.name]
        return (
            constant_value(term) if isinstance(term, Scalar | ArrayTerm | SetTerm | ObjectTerm) else UNDEFINED
        )

    def _reference(self, term: Term) -> Reference | None:
        """What a term refers to, where that is fixed and no rule."""
        if isinstance(term, Var):
            return self._references.get(term.name)
        if not isinstance(term, Ref) or not isinstance(term.head, Var):
            return None
        path: list[Value] = []
        for operand in term.operands:
            value = self._constant(operand)
            if type(value) not in _SCALARS:
                return None
            assert not isinstance(value, Undefined)
            path.append(value)
        head = term.head.name
        if head not in ROOTS:
            above = self._references.get(head)
            # What lies inside of an argument is not asked.
            return None if above is None or isinstance(above[0], int) else (above[0], (*above[1], *path))
        if head == "data":
            node, taken = self._tree.find(term.operands)
            if node.group is not None or (node.children and taken == len(path)):
                return None
        return head, tuple(path)


_SCALARS = (str, bool, int, type(None))
