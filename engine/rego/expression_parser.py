"""Statements that are one expression: a term, `=` or `:=`, and the `with` modifiers that follow."""

from lockgate.engine.rego.ast import AssignExpr, Expr, Ref, TermExpr, UnifyExpr, Var, With, WithExpr
from lockgate.engine.rego.spans import place_of
from lockgate.engine.rego.term_parser import TermParser


def parse_expression(terms: TermParser) -> TermExpr | UnifyExpr | AssignExpr:
    """A term, or two with `=` or `:=` between them."""
    cursor = terms.cursor
    location = cursor.location()
    left = terms.infix()
    if cursor.take(":="):
        return AssignExpr(location, left, terms.infix())
    if cursor.take("="):
        return UnifyExpr(location, left, terms.infix())
    return TermExpr(location, left)


def parse_modifiers(terms: TermParser, statement: Expr) -> Expr:
    """The statement under the `with` modifiers that follow it, if any do."""
    cursor = terms.cursor
    modifiers: list[With] = []
    while cursor.at_keyword("with"):
        place = cursor.location(cursor.advance())
        if not cursor.is_kind("name"):
            cursor.fail(f"unexpected {cursor.describe()}: expected ident")
        target = terms.term()
        if isinstance(target, Var):
            target = Ref(target.location, target, ())
        if not isinstance(target, Ref):
            cursor.fail("expected with target path", hint="a place in input or data, or a function")
        cursor.expect("as", "after the target of `with`")
        modifiers.append(With(place, target, terms.infix()))
    if cursor.spans is not None:
        cursor.spans.statements[place_of(statement.location)] = cursor.range_from(statement.location)
    return WithExpr(statement.location, statement, tuple(modifiers)) if modifiers else statement
