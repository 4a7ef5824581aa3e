"""`print` statements: which statements they are, and what they become; what they and template strings may show."""

from collections.abc import Iterator

from lockgate.engine.rego.ast import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Expr,
    NotExpr,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
    walk,
)
from lockgate.engine.rego.errors import Problem
from lockgate.engine.rego.safety import BodyOrder, first_place, own_variables, shown_name
from lockgate.engine.rego.term_parser import builtin_reference, dotted, operator_name

# Takes an array of the operands.
PRINT = "internal.print"


def print_call(statement: Expr) -> Call | None:
    """The call of a `print` statement; None for others. As in OPA, `not` and `with` around it change nothing."""
    while isinstance(statement, WithExpr | NotExpr):
        statement = statement.inner
    if not isinstance(statement, TermExpr) or not isinstance(statement.term, Call):
        return None
    call = statement.term
    is_print = operator_name(call.function) is None and dotted(call.function) == "print"
    return call if is_print else None


def printing(call: Call) -> Call:
    """The call of OPA's internal builtin that stands for a `print`."""
    function = builtin_reference(call.location, PRINT)
    return Call(call.location, function, (ArrayTerm(call.location, call.arguments),))


def is_printing(term: Comprehension) -> bool:
    """Does a comprehension print?"""
    return any(isinstance(node, Call) and operator_name(node.function) == PRINT for node in walk(term.body))


def undeclared(body: Body, order: BodyOrder, bound: set[str]) -> Iterator[Problem]:
    """Variables that a flat body prints, or shows as part of a term, although no statement before binds them."""
    if not any(_captured(statement) for statement in body):
        return
    known = set(bound)
    for statement in body:
        capture = _captured(statement)
        if capture is not None and not _is_plain(capture):
            missing = {name for name in own_variables(capture.body) - known if not name.startswith("%")}
            for name in sorted(missing, key=shown_name):
                place = first_place([capture], name, statement.location)
                yield Problem("rego_compile_error", f"var {shown_name(name)} is undeclared", place)
        known |= order.outputs(statement, known) or set()


def _captured(statement: Expr) -> Comprehension | None:
    if not isinstance(statement, UnifyExpr) or not isinstance(statement.right, Comprehension):
        return None
    return statement.right if statement.right.role else None


def _is_plain(capture: Comprehension) -> bool:
    """Is it a variable alone in a template string? That may be bound later."""
    only = capture.body[0] if len(capture.body) == 1 else None
    return capture.role == "shown" and isinstance(only, UnifyExpr) and isinstance(only.right, Var)
