"""Rules that are written as a statement: `p := 1`, `p[x]`, `f(x) = y`, `a.b.c`."""

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    AssignExpr,
    Body,
    Call,
    Clause,
    Head,
    NotExpr,
    Ref,
    Rule,
    Scalar,
    SomeExpr,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
    Written,
)
from lockgate.engine.rego.builtins.catalogue import ENTRIES
from lockgate.engine.rego.term_parser import dotted, operator_name, term_kind


class NotARuleError(Exception):
    """A statement that defines no rule; the message says why."""


def rule_from(body: Body) -> Rule:
    """The rule that a statement of a module stands for. Raises NotARuleError."""
    if len(body) != 1:
        raise NotARuleError("multiple expressions cannot be used for rule head")
    statement = body[0]
    if isinstance(statement, WithExpr):
        raise NotARuleError("expressions using with keyword cannot be used for rule head")
    if isinstance(statement, NotExpr):
        raise NotARuleError("negated expressions cannot be used for rule head")
    if isinstance(statement, SomeExpr | SomeInExpr):
        raise NotARuleError("'some' declarations cannot be used for rule head")
    location = statement.location
    if isinstance(statement, TermExpr):
        return _from_term(statement.term, location)
    if isinstance(statement, UnifyExpr | AssignExpr):
        return _from_equation(statement)
    raise NotARuleError("expression cannot be used for rule head")


def _from_term(term: Term, location: Location) -> Rule:
    if isinstance(term, Call):
        return _from_call(term, location)
    if not isinstance(term, Ref):
        raise NotARuleError(f"{term_kind(term)} cannot be used for rule name")
    if not term.operands:
        raise NotARuleError("refs cannot be used for rule head")
    first, *rest = _path(term)
    if len(rest) > 1:
        head = Head(location, "complete", (first, *rest), None, Scalar(location, True))
        return _rule(location, head, {"no value"})
    return _rule(location, Head(location, "set", (first,), None, Scalar(location, True), rest[0]), set())


def _from_call(call: Call, location: Location) -> Rule:
    name = operator_name(call.function) or dotted(call.function)
    if name in ENTRIES:
        raise NotARuleError("rule name conflicts with built-in function")
    if not call.arguments:
        raise NotARuleError("rule argument list must take at least one argument")
    head = Head(location, "complete", _path(call.function), call.arguments, Scalar(location, True))
    return _rule(location, head, set())


def _from_equation(statement: UnifyExpr | AssignExpr) -> Rule:
    location, left = statement.location, statement.left
    written: set[Written] = {"assign"} if isinstance(statement, AssignExpr) else set()
    arguments: tuple[Term, ...] | None = None
    if isinstance(left, Call) and operator_name(left.function) is None:
        path, arguments = _path(left.function), left.arguments
    elif isinstance(left, Ref):
        path = _path(left)
    elif isinstance(left, Var):
        path = (Scalar(left.location, left.name),)
    else:
        raise NotARuleError(f"{term_kind(left)} cannot be used for rule name")
    return _rule(location, Head(location, "complete", path, arguments, statement.right), written)


def _path(reference: Ref) -> tuple[Term, ...]:
    if not isinstance(reference.head, Var):
        raise NotARuleError("invalid rule head")
    return (Scalar(reference.location, reference.head.name), *reference.operands)


def _rule(location: Location, head: Head, written: set[Written]) -> Rule:
    clause = Clause(location, head.value, (), frozenset({*written, "no body"}))
    return Rule(location, head, (clause,))
