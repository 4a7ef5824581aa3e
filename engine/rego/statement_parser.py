"""Statements of rule bodies: `some` and `every` here; expressions, `not`, `and` and `or` in their own modules."""

from lockgate.engine.rego.ast import Body, Call, EveryExpr, Expr, SomeExpr, SomeInExpr, Term, Var
from lockgate.engine.rego.expression_parser import parse_modifiers
from lockgate.engine.rego.logic_parser import LogicParser
from lockgate.engine.rego.term_parser import TermParser, operator_name


class StatementParser:
    """Reads bodies and statements from the cursor of a parser of terms."""

    def body(self, terms: TermParser, closing: str) -> Body:
        """Statements up to the closing bracket, which is consumed; divided by new lines or `;`."""
        cursor = terms.cursor
        if cursor.at(closing):
            cursor.fail("found empty body")
        statements: list[Expr] = []
        while True:
            statements.append(self.statement(terms))
            if cursor.take(";"):
                continue
            if cursor.take(closing):
                break
            if not cursor.on_new_line() or cursor.is_kind("end"):
                cursor.fail(f"unexpected {cursor.describe()}: expected a new line, `;` or `{closing}`")
        return tuple(statements)

    def statement(self, terms: TermParser) -> Expr:
        """One statement with its `with` modifiers."""
        cursor = terms.cursor
        terms.statement_start = cursor.mark()
        if cursor.at_keyword("some"):
            return parse_modifiers(terms, _some(terms))
        if cursor.at_keyword("every") and "every" in terms.keywords and cursor.peek().kind == "name":
            return parse_modifiers(terms, self._every(terms))
        return LogicParser(terms, self).statement()

    def _every(self, terms: TermParser) -> Expr:
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
        body = self.body(terms, "}")
        return EveryExpr(location, names[0] if len(names) == 2 else None, names[-1], domain, body)


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
