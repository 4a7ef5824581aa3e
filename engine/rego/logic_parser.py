"""The operators `and`, `or` and `not` on statements (`import rego.v2`, `future.keywords.and` and the like).

What stands in braces beside an operator is a body, and parentheses group. `and` binds stronger than `or`, both are
left-associative, and a `with` belongs to the whole of what stands before it. Behaviour after OPA 1.22 (parser.go).
"""

from typing import Literal, NoReturn

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    AssignExpr,
    Call,
    Expr,
    LogicExpr,
    NotBodyExpr,
    NotExpr,
    ObjectTerm,
    Operand,
    TermExpr,
    UnifyExpr,
    WithExpr,
)
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.expression_parser import parse_expression, parse_modifiers
from lockgate.engine.rego.term_parser import Statements, TermParser, dotted, operator_name

Operator = Literal["and", "or"]
# Builtins that have no value: a statement of them alone can never fail.
_VOID = frozenset({"print"})


class LogicParser:
    """Parses statements that may be operands. `statements` reads the bodies."""

    def __init__(self, terms: TermParser, statements: Statements) -> None:
        self.terms = terms
        self.cursor = terms.cursor
        self._statements = statements
        # Operands that read both as a body and as a comprehension, with the hint what to write.
        self._ambiguous: dict[Location, str] = {}

    def statement(self) -> Expr:
        """A statement that does not begin with `some` or `every`."""
        cursor = self.cursor
        if self._is_active() and cursor.at("{"):
            operand = self._leading_body()
            if operand is not None:
                return self._tail(operand)
        if self._is_active() and cursor.at("("):
            group = self._group("", "")
            if group is not None:
                return self._tail(group)
        location = cursor.location()
        if cursor.at_keyword("not"):
            cursor.advance()
            if self._has_bodies() and cursor.at("{"):
                return self._tail(_alone(self._not_body(location)))
            word = cursor.current.text
            if word in ("some", "every") and cursor.at_keyword(word) and self.terms.is_keyword(word):
                cursor.fail(f"unexpected {word} keyword: illegal negation of '{word}'")
            if self._has_bodies() and cursor.at("("):
                group = self._group("operand", "not ")
                if group is not None:
                    return self._tail(_alone(NotBodyExpr(location, group)))
            return self._expression(location, "not")
        return self._expression(location, "")

    def _is_active(self) -> bool:
        return "and" in self.terms.keywords or "or" in self.terms.keywords

    def _has_bodies(self) -> bool:
        return "not" in self.terms.keywords

    def _at_operator(self) -> bool:
        cursor = self.cursor
        return any(word in self.terms.keywords and cursor.at(word) for word in ("and", "or"))

    def _expression(self, location: Location, negation: Literal["not", ""]) -> Expr:
        cursor = self.cursor
        start = cursor.current
        inner = parse_expression(self.terms)
        after = cursor.current
        statement = parse_modifiers(self.terms, self._negated(location, inner, negation))
        if not self._at_operator():
            return statement
        if isinstance(statement, WithExpr):
            self._fail_with(after.line, after.column)
        if not negation and start.text == "{" and start.kind == "punctuation":
            if isinstance(inner, TermExpr) and isinstance(inner.term, ObjectTerm) and not inner.term.items:
                cursor.fail("found empty body", start)
            self._fail_braces(location, self._text(start.offset), cursor.current.text)
        return self._tail(_alone(statement))

    def _negated(
        self,
        location: Location,
        inner: TermExpr | UnifyExpr | AssignExpr,
        negation: Literal["not", ""],
    ) -> Expr:
        if not negation:
            return inner
        if self._has_bodies():
            return NotBodyExpr(location, Operand(location, (inner,), ""))
        return NotExpr(location, inner)

    # Chains

    def _tail(self, first: Operand) -> Expr:
        """The chain of operators that goes on after an operand, with its modifiers."""
        statement = self._or_chain(first) if self._at_operator() else first.body[0]
        return parse_modifiers(self.terms, statement)

    def _or_chain(self, first: Operand) -> Expr:
        cursor = self.cursor
        cursor.enter()
        left = self._and_chain(first)
        while "or" in self.terms.keywords and cursor.take("or"):
            left = self._joined("or", left, self._and_chain(self._operand("or")))
        cursor.depth -= 1
        return left.body[0]

    def _and_chain(self, first: Operand) -> Operand:
        cursor = self.cursor
        left = first
        while "and" in self.terms.keywords and cursor.take("and"):
            left = self._joined("and", left, self._operand("and"))
        return left

    def _joined(self, operator: Operator, left: Operand, right: Operand) -> Operand:
        for operand in (left, right):
            self._refuse_void(operand, operator)
        operands = [left]
        if not left.braces:
            (only,) = left.body
            if isinstance(only, LogicExpr) and only.operator == operator:
                operands = list(only.operands)
        return _alone(LogicExpr(left.location, operator, (*operands, right)))

    # Operands

    def _operand(self, operator: Operator | Literal[""]) -> Operand:
        """One operand; `operator` is empty inside a parenthesis that may turn out to be a term."""
        cursor = self.cursor
        location = cursor.location()
        if cursor.at("{"):
            operand = self._body_operand(operator)
            if operator:
                self._refuse_union(operand)
            return operand
        negation: Literal["not", ""] = ""
        if cursor.at_keyword("not"):
            cursor.advance()
            negation = "not"
            if self._has_bodies() and cursor.at("{"):
                return _alone(self._not_body(location))
        if cursor.at("(") and self._is_active() and (not negation or self._has_bodies()):
            group = self._group("operand", "not " if negation else "")
            if group is not None:
                return _alone(NotBodyExpr(location, group)) if negation else group
        inner = parse_expression(self.terms)
        return _alone(self._negated(location, inner, negation))

    def _leading_body(self) -> Operand | None:
        """A body in braces at the beginning of a statement; None (nothing read) when no operator follows it."""
        cursor = self.cursor
        mark, depth = cursor.mark(), cursor.depth
        try:
            operand = self._braces("")
        except RegoError:
            operand = None
        if operand is not None and self._at_operator():
            self._refuse_union(operand)
            return operand
        cursor.reset(mark)
        cursor.depth = depth
        return None

    def _body_operand(self, operator: str) -> Operand:
        cursor = self.cursor
        start = cursor.current
        mark, depth = cursor.mark(), cursor.depth
        try:
            return self._braces("")
        except RegoError:
            if not operator or cursor.tokens[mark + 1].text == "}":
                raise
            cursor.reset(mark)
            cursor.depth = depth
            if self._value() is not None:
                self._fail_braces(cursor.location(start), self._text(start.offset), operator)
            raise

    def _not_body(self, location: Location) -> NotBodyExpr:
        cursor = self.cursor
        start = cursor.current
        mark, depth = cursor.mark(), cursor.depth
        try:
            operand = self._braces("not ")
        except RegoError:
            if cursor.tokens[mark + 1].text == "}":
                raise
            cursor.reset(mark)
            cursor.depth = depth
            if self._value() is not None:
                text = self._text(start.offset)
                hint = f"write `not ({text})` to negate the value, or `not {{{text}}}` for a body holding it"
                message = "`{...}` in an operand position must contain expression(s)"
                cursor.fail(message, start, hint)
            raise
        self._refuse_union(operand)
        return NotBodyExpr(location, operand)

    def _value(self) -> object | None:
        """The term that begins here, or None when there is none."""
        try:
            return self.terms.infix()
        except RegoError:
            return None

    def _braces(self, prefix: str) -> Operand:
        """A body in braces."""
        cursor = self.cursor
        start = cursor.advance()
        first = cursor.current
        location = cursor.location(start)
        body = self._statements.body(self.terms, "}")
        if first.text != "(" and _is_union(body[0]):
            text = self._text(start.offset)
            self._ambiguous[location] = (
                f"write `{prefix}({text})` for the comprehension, or put the union into parentheses"
            )
        return Operand(location, body, "braces")

    def _group(self, place: Literal["operand", ""], prefix: str) -> Operand | None:
        """A parenthesis around operands; None (nothing read) when it is the parenthesis of a term."""
        cursor = self.cursor
        cursor.enter()
        depth = cursor.depth
        opening = cursor.current
        location = cursor.location()
        mark = cursor.mark()
        cursor.advance()
        if cursor.at(")") and place == "operand":
            cursor.fail("empty parenthesized group", opening)
        try:
            first: Operand | None = self._operand("")
        except RegoError:
            first = None
        found = None if first is None else self._grouped(first, location, mark, place, prefix)
        if found is None:
            cursor.reset(mark)
        cursor.depth = depth - 1
        return found

    def _grouped(
        self,
        first: Operand,
        location: Location,
        mark: int,
        place: Literal["operand", ""],
        prefix: str,
    ) -> Operand | None:
        cursor = self.cursor
        if self._at_operator():
            self._refuse_union(first)
            statement = parse_modifiers(self.terms, self._or_chain(first))
            self._close()
            return Operand(location, (statement,), "")
        if cursor.at_keyword("with") and not first.braces:
            after = cursor.current
            statement = parse_modifiers(self.terms, first.body[0])
            if self._at_operator():
                self._fail_with(after.line, after.column)
            self._close()
            return Operand(location, (statement,), "") if place or self._at_operator() else None
        if first.braces:
            text = self._text(cursor.tokens[mark + 1].offset)
            cursor.reset(mark)
            cursor.advance()
            try:
                self.terms.term()
            except RegoError:
                hint = f"drop the parentheses to keep the body: `{prefix}{text}`"
                cursor.fail("`(...)` in an operand position cannot contain a body", location, hint)
            return None
        if isinstance(first.body[0], LogicExpr | NotExpr | NotBodyExpr):
            self._close()
            return Operand(location, first.body, "")
        return None

    def _close(self) -> None:
        if not self.cursor.take(")"):
            self.cursor.fail("expected ) to close parenthesized group")

    # Refusals

    def _text(self, start: int) -> str:
        """The text from an offset to the token that was read last."""
        cursor = self.cursor
        return cursor.source.text[start : cursor.tokens[max(cursor.index - 1, 0)].end]

    def _fail_with(self, line: int, column: int) -> NoReturn:
        word = self.cursor.current.text
        hint = f"wrap the operand in `(...)` or `{{...}}`, or move `with` after the `{word}` expression"
        place = self.cursor.source.location(line, column)
        self.cursor.fail(f"`with` modifier is not allowed on operand of `{word}`", place, hint)

    def _fail_braces(self, location: Location, text: str, operator: str) -> NoReturn:
        message = f"operand of `{operator}` cannot begin with `{{` unless the braces hold a body"
        self.cursor.fail(message, location, f"wrap the operand to keep the value: `({text}) {operator} ...`")

    def _refuse_union(self, operand: Operand) -> None:
        hint = self._ambiguous.get(operand.location)
        if hint is not None:
            message = (
                "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, "
                "not as a comprehension"
            )
            self.cursor.fail(message, operand.location, hint)

    def _refuse_void(self, operand: Operand, operator: Operator) -> None:
        names: list[tuple[str, Location]] = []
        for statement in operand.body:
            plain = statement.inner if isinstance(statement, WithExpr) else statement
            if not isinstance(plain, TermExpr) or not isinstance(plain.term, Call):
                return
            if operator_name(plain.term.function) is not None or dotted(plain.term.function) not in _VOID:
                return
            names.append((dotted(plain.term.function), statement.location))
        name, location = names[0]
        message = f"operand of `{operator}` cannot consist only of calls to `{name}`"
        hint = f"`{name}` always succeeds: move it out of the operand, or add an expression that can fail"
        self.cursor.fail(message, location, hint)


def _alone(statement: Expr) -> Operand:
    """A statement without braces as an operand."""
    return Operand(statement.location, (statement,), "")


def _is_union(statement: Expr) -> bool:
    """Is it a union written with `|`?"""
    plain = statement.inner if isinstance(statement, WithExpr) else statement
    call = plain.term if isinstance(plain, TermExpr) else None
    return isinstance(call, Call) and operator_name(call.function) == "or"
