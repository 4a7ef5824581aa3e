"""Terms: scalars, references, calls, collections, comprehensions and infix operators."""

from collections.abc import Mapping
from typing import Final, Literal, Protocol

from lockgate.engine.codegen.values import Value, make_number
from lockgate.engine.errors import InputError, Location
from lockgate.engine.rego.ast import (
    ArrayTerm,
    AssignExpr,
    Body,
    Call,
    Comprehension,
    EveryExpr,
    Expr,
    NotExpr,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeExpr,
    SomeInExpr,
    Template,
    Term,
    TermExpr,
    UnifyExpr,
    Var,
    WithExpr,
)
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.spans import place_of
from lockgate.engine.rego.tokens import Cursor

# By binding strength, weakest first. `in` is weaker still and handled apart.
_OPERATORS: tuple[dict[str, str], ...] = (
    {"==": "equal", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"},
    {"|": "or"},
    {"&": "and"},
    {"+": "plus", "-": "minus"},
    {"*": "mul", "/": "div", "%": "rem"},
)
# A chain of operators nests as deep as it is long.
MAX_CHAIN = 100

RESERVED = frozenset(
    {"as", "default", "else", "false", "import", "package", "not", "null", "true", "with", "some"}
)
ROOTS = frozenset({"input", "data"})
V1_KEYWORDS = RESERVED | {"contains", "every", "if", "in"}

# Calls of operators are marked so that no function of a policy can take an operator's place.
OPERATOR_MARK = "$op"


_AFTER_NO_HEAD = frozenset({"+", "-", "*", "/", "%", "&", "|", "==", "!=", ">", ">=", "<", "<="})


def operator_call(location: Location, name: str, arguments: tuple[Term, ...]) -> Call:
    """The call that an operator stands for."""
    return Call(location, builtin_reference(location, name), arguments)


def builtin_reference(location: Location, name: str) -> Ref:
    """A marked reference to a builtin, which no rule or variable can shadow."""
    return Ref(location, Var(location, OPERATOR_MARK), (Scalar(location, name),))


_NOT_IN_TEMPLATES: Final[Mapping[type, str]] = {
    NotExpr: "negation ('not')",
    UnifyExpr: "unification ('=')",
    AssignExpr: "assignment (':=')",
    EveryExpr: "'every'",
    SomeExpr: "'some'",
    SomeInExpr: "'some'",
}


def _template_part(cursor: Cursor, statement: Expr) -> Term | WithExpr:
    """The statement of a template-expression as the part of the string that it is."""
    plain = statement.inner if isinstance(statement, WithExpr) else statement
    if isinstance(plain, TermExpr):
        return statement if isinstance(statement, WithExpr) else plain.term
    what = _NOT_IN_TEMPLATES.get(type(plain), "logical operator")
    cursor.fail(f"unexpected {what} in template-string expression", statement.location)


def value_term(location: Location, value: Value) -> Term:
    """The literal term for a value made of objects with string keys, arrays and scalars."""
    if isinstance(value, list):
        return ArrayTerm(location, tuple(value_term(location, item) for item in value))
    if isinstance(value, dict):
        pairs = [(Scalar(location, name), value_term(location, item)) for name, item in value.items()]
        return ObjectTerm(location, tuple(pairs))
    return Scalar(location, value)


def term_kind(term: object) -> str:
    """A term's kind as OPA names it."""
    if isinstance(term, Scalar):
        names = {type(None): "null", bool: "boolean", str: "string"}
        return names.get(type(term.value), "number")
    if isinstance(term, Comprehension):
        return f"{term.kind}comprehension"
    names_of_terms = {
        Var: "var",
        Ref: "ref",
        ArrayTerm: "array",
        SetTerm: "set",
        ObjectTerm: "object",
        Call: "call",
    }
    return names_of_terms.get(type(term), "templatestring")


def dotted(function: Ref) -> str:
    """The dotted name of a call's function."""
    assert isinstance(function.head, Var)
    operands = [str(o.value) if isinstance(o, Scalar) else "?" for o in function.operands]
    return ".".join([function.head.name, *operands])


def operator_name(function: Ref) -> str | None:
    """The builtin that an operator call calls, or None for a call by name."""
    if isinstance(function.head, Var) and function.head.name == OPERATOR_MARK:
        operand = function.operands[0]
        assert isinstance(operand, Scalar)
        return str(operand.value)
    return None


class Statements(Protocol):
    """What the parser of terms needs of the one of statements: comprehensions and templates hold statements."""

    def body(self, terms: "TermParser", closing: str) -> Body:
        """Reads statements from the cursor of `terms` up to the closing bracket, which is consumed."""
        ...

    def statement(self, terms: "TermParser") -> Expr:
        """Reads one statement from the cursor of `terms`."""
        ...


class TermParser:
    """Parses terms from a cursor."""

    def __init__(
        self, cursor: Cursor, keywords: set[str], statements: Statements, wildcards: list[int]
    ) -> None:
        self.cursor = cursor
        self.keywords = keywords
        self._statements = statements
        self._wildcards = wildcards
        # Terms by the token at which they begin, with the token after them: what is read again costs nothing.
        self._known: dict[int, tuple[Term, int]] = {}
        # The token at which the statement begins: there alone may a keyword head a reference.
        self.statement_start = -1

    def is_keyword(self, word: str) -> bool:
        """Is the word a keyword where the cursor stands?"""
        return word in RESERVED or word in self.keywords

    def head(self) -> Term:
        """The head of a rule up to its value: a name with the path and arguments that follow it.

        Other than in a term, space may stand before the first bracket.
        """
        cursor = self.cursor
        token = cursor.advance()
        head: Term = (
            self.wildcard(cursor.location(token))
            if token.text == "_"
            else Var(cursor.location(token), token.text)
        )
        following = cursor.current
        if following.kind == "punctuation" and not following.spaced and following.text in _AFTER_NO_HEAD:
            cursor.fail(f"unexpected {cursor.describe()}")
        if following.kind == "punctuation" and following.text in (".", "[", "("):
            head = self._call(head) if following.text == "(" else self._reference(head, spaced=True)
            head = self._finish(head)
        return head

    def wildcard(self, location: Location) -> Var:
        """A variable of its own for a `_`."""
        self._wildcards[0] += 1
        return Var(location, f"${self._wildcards[0]}")

    def infix(self, *, pair: bool = True) -> Term:
        """A term with infix operators; `pair` allows `k, v in xs`."""
        cursor = self.cursor
        left = self._level(0)
        if pair and cursor.at(",") and "in" in self.keywords:
            mark = cursor.mark()
            depth = cursor.depth
            cursor.advance()
            try:
                middle: Term | None = self._level(0)
            except RegoError:
                middle = None
                cursor.depth = depth
            if middle is not None and cursor.at_keyword("in"):
                cursor.advance()
                collection = self._level(0)
                left = self._operation(left, "internal.member_3", (left, middle, collection))
            else:
                cursor.reset(mark)
        length = 0
        while "in" in self.keywords and cursor.at_keyword("in"):
            cursor.advance()
            length += 1
            if length > MAX_CHAIN:
                cursor.fail(f"more than {MAX_CHAIN} operators in a row")
            left = self._operation(left, "internal.member_2", (left, self._level(0)))
        return left

    def _operation(self, first: Term, name: str, operands: tuple[Term, ...]) -> Call:
        location = first.location
        if self.cursor.spans is not None:
            self.cursor.spans.operations[place_of(location), name] = self.cursor.range_from(location)
        return operator_call(location, name, operands)

    def _level(self, level: int) -> Term:
        cursor = self.cursor
        # Skip the levels for which no operator follows: most terms stand alone.
        left = self.term()
        for current in range(len(_OPERATORS) - 1, level - 1, -1):
            table = _OPERATORS[current]
            length = 0
            while cursor.is_kind("punctuation") and cursor.current.text in table:
                token = cursor.advance()
                length += 1
                if length > MAX_CHAIN:
                    cursor.fail(f"more than {MAX_CHAIN} operators in a row", token)
                right = self._level(current + 1)
                left = self._operation(left, table[token.text], (left, right))
        return left

    def term(self) -> Term:
        """A term without infix operators, with the reference or call that follows it directly."""
        cursor = self.cursor
        start = cursor.mark()
        known = self._known.get(start)
        if known is not None:
            cursor.reset(known[1])
            return known[0]
        cursor.enter()
        result = self._signed()
        cursor.depth -= 1
        # A term in parentheses begins before what it is.
        if cursor.spans is not None and result.location == cursor.location(cursor.tokens[start]):
            cursor.spans.terms[place_of(result.location)] = cursor.range_from(result.location)
        self._known[start] = (result, cursor.mark())
        return result

    def _signed(self) -> Term:
        cursor = self.cursor
        token = cursor.current
        location = cursor.location(token)
        negated = False
        if cursor.at("-"):
            following = cursor.peek()
            negated = following.kind == "name" and following.text not in RESERVED
            cursor.advance()
            if not negated:
                if following.kind != "number":
                    cursor.fail(f"unexpected {cursor.describe()}: expected number")
                cursor.advance()
                return self._finish(self._number(location, "-" + following.text))
            token = cursor.current
        result = self._finish(self._head(token.kind))
        if negated:
            return operator_call(location, "minus", (Scalar(location, 0), result))
        return result

    def _head(self, kind: str) -> Term:
        cursor = self.cursor
        location = cursor.location()
        token = cursor.current
        if kind == "name":
            return self._word()
        if kind == "number":
            cursor.advance()
            return self._number(location, token.text)
        if kind == "string":
            cursor.advance()
            return Scalar(location, token.text)
        if kind == "template":
            return self._template()
        if token.kind == "punctuation":
            if token.text == "[":
                return self._array()
            if token.text == "{":
                return self._braces()
            if token.text == "(":
                cursor.advance()
                inner = self.infix()
                cursor.expect(")", "to close the parenthesis")
                return inner
        cursor.fail(f"unexpected {cursor.describe()}")

    def _word(self) -> Term:
        cursor = self.cursor
        location = cursor.location()
        name = cursor.current.text
        is_name = name == "contains" or not self.is_keyword(name) or cursor.mark() == self.statement_start
        if is_name and cursor.heads_reference() and name != "_":
            cursor.advance()
            return Var(location, name)
        if name == "null":
            cursor.advance()
            return Scalar(location, None)
        if name in ("true", "false"):
            cursor.advance()
            return Scalar(location, name == "true")
        is_function = name in ("and", "or") and cursor.peek().text == "(" and not cursor.peek().spaced
        if name in RESERVED or (name in self.keywords and name != "contains" and not is_function):
            cursor.fail(f"unexpected {name} keyword")
        cursor.advance()
        return self.wildcard(location) if name == "_" else Var(location, name)

    def _number(self, location: Location, text: str) -> Term:
        # `.5` is a number in Rego, but not in JSON.
        point = text.removeprefix("-").startswith(".")
        try:
            return Scalar(location, make_number(text.replace(".", "0.", 1) if point else text))
        except InputError as error:
            self.cursor.fail(error.message, location)

    def _finish(self, head: Term) -> Term:
        """The reference or call that begins with `head`: what follows without a space."""
        cursor = self.cursor
        while True:
            token = cursor.current
            if token.spaced or token.kind != "punctuation" or token.text not in (".", "[", "("):
                break
            if isinstance(head, Scalar):
                cursor.fail(f"unexpected `{token.text}`: a scalar has no parts")
            if token.text == "(":
                head = self._call(head)
            else:
                head = self._reference(head)
        if isinstance(head, Var) and head.name in ROOTS:
            return Ref(head.location, head, ())
        return head

    def _reference(self, head: Term, *, spaced: bool = False) -> Term:
        cursor = self.cursor
        operands: list[Term] = []
        while (spaced or not cursor.current.spaced) and cursor.is_kind("punctuation"):
            if cursor.at("."):
                cursor.advance()
                token = cursor.current
                if token.kind != "name" or token.spaced:
                    cursor.fail(f"unexpected {cursor.describe()}: expected a name after `.`")
                cursor.advance()
                operands.append(Scalar(cursor.location(token), token.text))
            elif cursor.at("["):
                cursor.advance()
                operands.append(self.infix())
                cursor.expect("]", "to close the reference")
            else:
                break
        if isinstance(head, Ref):
            return Ref(head.location, head.head, (*head.operands, *operands))
        return Ref(head.location, head, tuple(operands))

    def _call(self, head: Term) -> Term:
        cursor = self.cursor
        token = cursor.advance()
        if isinstance(head, Var):
            function = Ref(head.location, head, ())
        elif isinstance(head, Ref) and isinstance(head.head, Var):
            function = head
        else:
            cursor.fail("only a name can be called", token)
        arguments = self.sequence(")")
        if isinstance(head, Var) and head.name == "set" and not arguments:
            return SetTerm(head.location, ())
        return Call(head.location, function, arguments)

    def sequence(self, closing: str, first: Term | None = None) -> tuple[Term, ...]:
        """Terms divided by commas up to the closing bracket, which is consumed. A last comma is allowed."""
        cursor = self.cursor
        items = [] if first is None else [first]
        while True:
            if cursor.take(closing):
                return tuple(items)
            items.append(self.infix(pair=False))
            if not cursor.at(closing):
                cursor.expect(",", f"or `{closing}`")

    def _comprehension_body(self, closing: str) -> Body | None:
        """The body after `|`; None (and the cursor unmoved) when the `|` is the operator after all."""
        cursor = self.cursor
        mark = cursor.mark()
        depth = cursor.depth
        cursor.advance()
        try:
            body = self._statements.body(self, closing)
        except RegoError:
            if not cursor.at(","):
                raise
            cursor.reset(mark)
            cursor.depth = depth
            return None
        return body

    def _array(self) -> Term:
        cursor = self.cursor
        location = cursor.location(cursor.advance())
        if cursor.take("]"):
            return ArrayTerm(location, ())
        leading = self._leading_comma("]")
        mark = cursor.mark()
        head = self.term()
        if cursor.at("|") and not leading:
            body = self._comprehension_body("]")
            if body is not None:
                return Comprehension(location, "array", None, head, body)
        cursor.reset(mark)
        return ArrayTerm(location, self.sequence("]"))

    def _leading_comma(self, closing: str) -> bool:
        """A comma before the first member, which OPA still reads; then it is no comprehension."""
        cursor = self.cursor
        found = cursor.take(",")
        if found and cursor.at(closing):
            cursor.fail(f"unexpected {cursor.describe()}")
        return found

    def _braces(self) -> Term:
        cursor = self.cursor
        location = cursor.location(cursor.advance())
        if cursor.take("}"):
            return ObjectTerm(location, ())
        leading = self._leading_comma("}")
        mark = cursor.mark()
        head = self.term()
        if cursor.at("|") and not leading:
            body = self._comprehension_body("}")
            if body is not None:
                return Comprehension(location, "set", None, head, body)
        if cursor.at(":"):
            return self._object(location, head, "" if leading else "comprehension")
        cursor.reset(mark)
        head = self.infix(pair=False)
        if cursor.at(":"):
            return self._object(location, head, "" if leading else "comprehension")
        if not cursor.at("}"):
            cursor.expect(",", "or `}`")
        return SetTerm(location, self.sequence("}", head))

    def _object(self, location: Location, first: Term, perhaps: Literal["comprehension", ""]) -> Term:
        cursor = self.cursor
        cursor.advance()
        mark = cursor.mark()
        value = self.term()
        if cursor.at("|") and perhaps:
            body = self._comprehension_body("}")
            if body is not None:
                return Comprehension(location, "object", first, value, body)
        cursor.reset(mark)
        items = [(first, self.infix(pair=False))]
        while not cursor.take("}"):
            cursor.expect(",", "or `}`")
            if cursor.take("}"):
                break
            name = self.infix(pair=False)
            cursor.expect(":", "between key and value")
            items.append((name, self.infix(pair=False)))
        return ObjectTerm(location, tuple(items))

    def _template(self) -> Term:
        cursor = self.cursor
        token = cursor.advance()
        location = cursor.location(token)
        parts: list[str | Term | WithExpr] = []
        for part in token.parts:
            if isinstance(part, str):
                parts.append(part)
                continue
            inner = Cursor(cursor.source, cursor.lexer, cursor.lexer.part(*part), cursor.spans)
            inner.depth = cursor.depth
            if inner.is_kind("end"):
                cursor.fail("a template-expression must not be empty", location)
            parser = TermParser(inner, self.keywords, self._statements, self._wildcards)
            parts.append(_template_part(inner, self._statements.statement(parser)))
            if not inner.is_kind("end"):
                inner.fail("expected } to end template string expression")
        return Template(location, tuple(parts))
