"""Statements of rule bodies: unification, assignment, `some`, `every`, `not`, `with`."""

from lockgate.engine.rego.ast import (
    AssignExpr,
    Body,
    Call,
    EveryExpr,
    Expr,
    NotExpr,
    Ref,
    SomeExpr,
    SomeInExpr,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    With,
    WithExpr,
)
from lockgate.engine.rego.spans import place_of
from lockgate.engine.rego.term_parser import TermParser, operator_name


def parse_body(terms: TermParser, closing: str) -> Body:
    """Statements up to the closing bracket, which is consumed; divided by new lines or `;`."""
    cursor = terms.cursor
    if cursor.at(closing):
        cursor.fail("found empty body")
    statements: list[Expr] = []
    while True:
        statements.append(parse_statement(terms))
        if cursor.take(";"):
            if cursor.take(closing):
                break
            continue
        if cursor.take(closing):
            break
        if not cursor.on_new_line() or cursor.is_kind("end"):
            cursor.fail(f"unexpected {cursor.describe()}: expected a new line, `;` or `{closing}`")
    return tuple(statements)


def parse_statement(terms: TermParser) -> Expr:
    """One statement with its `with` modifiers."""
    cursor = terms.cursor
    location = cursor.location()
    statement: Expr
    if cursor.at_keyword("some"):
        statement = _some(terms)
    elif cursor.at_keyword("every") and "every" in terms.keywords and cursor.peek().kind == "name":
        statement = _every(terms)
    elif cursor.at_keyword("not"):
        cursor.advance()
        if cursor.at_keyword("some") or cursor.at_keyword("not"):
            cursor.fail(f"unexpected {cursor.describe()}: cannot be negated")
        inner = _expression(terms)
        assert isinstance(inner, TermExpr | UnifyExpr | AssignExpr)
        statement = NotExpr(location, inner)
    else:
        statement = _expression(terms)
    modifiers: list[With] = []
    while cursor.at_keyword("with"):
        place = cursor.location(cursor.advance())
        target = terms.term()
        if isinstance(target, Var):
            target = Ref(target.location, target, ())
        if not isinstance(target, Ref):
            cursor.fail("with keyword target must be reference to input, data or a function", place)
        cursor.expect("as", "after the target of `with`")
        modifiers.append(With(place, target, terms.infix(pair=False)))
    if cursor.spans is not None:
        cursor.spans.statements[place_of(location)] = cursor.range_from(location)
    return WithExpr(location, statement, tuple(modifiers)) if modifiers else statement


def _expression(terms: TermParser) -> Expr:
    cursor = terms.cursor
    location = cursor.location()
    left = terms.infix(pair="in" in terms.keywords)
    if cursor.take(":="):
        return AssignExpr(location, left, terms.infix())
    if cursor.take("="):
        return UnifyExpr(location, left, terms.infix())
    return TermExpr(location, left)


def _some(terms: TermParser) -> Expr:
    cursor = terms.cursor
    location = cursor.location(cursor.advance())
    mark = cursor.mark()
    if "in" in terms.keywords and not _is_plain_list(terms):
        term = terms.infix()
        name = operator_name(term.function) if isinstance(term, Call) else None
        if not isinstance(term, Call) or name not in ("internal.member_2", "internal.member_3"):
            cursor.fail("expected `x in xs` or `x, y in xs` expression", location)
        key: Term | None = term.arguments[0] if name == "internal.member_3" else None
        return SomeInExpr(location, key, term.arguments[-2], term.arguments[-1])
    cursor.reset(mark)
    variables: list[Var] = []
    while True:
        if not cursor.is_kind("name"):
            cursor.fail(f"unexpected {cursor.describe()}: expected a variable")
        token = cursor.advance()
        place = cursor.location(token)
        variables.append(terms.wildcard(place) if token.text == "_" else Var(place, token.text))
        if not cursor.take(","):
            return SomeExpr(location, tuple(variables))


def _is_plain_list(terms: TermParser) -> bool:
    """Is this `some x, y` without `in`?"""
    cursor = terms.cursor
    ahead = 0
    while cursor.peek(ahead).kind == "name" and cursor.peek(ahead + 1).text == ",":
        ahead += 2
    if cursor.peek(ahead).kind != "name":
        return False
    token = cursor.peek(ahead + 1)
    return not (
        (token.kind == "name" and token.text == "in")
        or (token.kind == "punctuation" and not token.spaced and token.text in ("[", ".", "("))
    )


def _every(terms: TermParser) -> Expr:
    cursor = terms.cursor
    location = cursor.location(cursor.advance())
    names: list[Var] = []
    while True:
        if not cursor.is_kind("name"):
            cursor.fail(f"unexpected {cursor.describe()}: expected a variable")
        token = cursor.advance()
        place = cursor.location(token)
        names.append(terms.wildcard(place) if token.text == "_" else Var(place, token.text))
        if not cursor.take(","):
            break
    if len(names) > 2:
        cursor.fail("expected `every x in xs { … }` or `every k, v in xs { … }`", location)
    cursor.expect("in", "in `every x in xs { … }`")
    domain = terms.infix(pair=False)
    cursor.expect("{", "before the body of `every`")
    body = parse_body(terms, "}")
    return EveryExpr(location, names[0] if len(names) == 2 else None, names[-1], domain, body)
