"""What a function's clauses look like, which decides whether its body may stand where it is called."""

from dataclasses import dataclass
from typing import Final

from lockgate.engine.codegen.values import Undefined
from lockgate.engine.rego.ast import Call, Expr, Ref, SomeInExpr, TermExpr, UnifyExpr, WithExpr, walk
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.constant_terms import constant_value
from lockgate.engine.rego.resolve import Alternative
from lockgate.engine.rego.ruletree import Group
from lockgate.engine.rego.safety import BodyOrder, own_variables, variables
from lockgate.engine.rego.term_parser import dotted, operator_name

# Larger functions are called: a copy at each call would cost more to compile than a call costs to run.
MAX_NODES: Final = 400


@dataclass(frozen=True, slots=True)
class Shape:
    """`fits`: it may be copied to its calls. `is_test`: it gives true, or nothing. `iterates`: some clause has loops.

    `is_straight`: one clause without loops, the statements of which can stand in the caller's body as they are.
    """

    fits: bool
    is_test: bool
    iterates: bool
    is_straight: bool


def shape_of(group: Group) -> Shape:
    """The shape of a function."""
    alternatives = list(group.alternatives())
    clauses = [a for definition in group.definitions for a in definition.alternatives]
    for count, node in enumerate(walk(tuple(alternatives))):
        if count > MAX_NODES or isinstance(node, WithExpr):
            return Shape(fits=False, is_test=False, iterates=True, is_straight=False)
    chained = len(group.definitions) > 1 and len(clauses) > len(group.definitions)
    # A default of null is a value like others.
    default = False if group.default is None else constant_value(group.default.alternatives[0].value)
    fits = bool(clauses) and not chained and not isinstance(default, Undefined)
    is_test = all(constant_value(a.value) is True for a in clauses) and default is False
    iterates = any(_iterates(alternative) for alternative in clauses)
    return Shape(fits, is_test, iterates, len(clauses) == 1 and group.default is None and not iterates)


def _iterates(alternative: Alternative) -> bool:
    bound = variables(alternative.arguments)
    order = BodyOrder(bound | own_variables(alternative.body) | variables(alternative.value))
    ordered, left, _ = order.order(alternative.body, set(bound))
    if left:
        return True  # Unsafe: its own function says so.
    for statement in ordered:
        if isinstance(statement, SomeInExpr) or any(_opens_loop(t, bound) for t in _evaluated(statement)):
            return True
        bound |= order.outputs(statement, bound) or set()
    return False


def _evaluated(statement: Expr) -> tuple[object, ...]:
    """The terms that a statement evaluates itself."""
    if isinstance(statement, UnifyExpr):
        return (statement.left, statement.right)
    if isinstance(statement, TermExpr):
        if isinstance(statement.term, Call):
            return (statement.term, *statement.term.arguments)
        return (statement.term,)
    return ()


def _opens_loop(term: object, bound: set[str]) -> bool:
    if isinstance(term, Ref):
        return any(not variables(operand) <= bound for operand in term.operands)
    if isinstance(term, Call):
        entry = ENTRIES.get(operator_name(term.function) or dotted(term.function))
        return entry is not None and entry.relation
    return False
