"""Rules: heads, bodies and `else`. A statement that has neither `if` nor braces is read by `rule_statements`.

As in OPA (v1/ast/parser.go), what a version of the language demands of a rule is checked once the module is read;
`Clause.written` says what there was to see.
"""

from dataclasses import replace

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    Body,
    Call,
    Clause,
    Comprehension,
    Head,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    Term,
    TermExpr,
    Var,
    WithExpr,
    Written,
    children,
)
from lockgate.engine.rego.errors import RegoError
from lockgate.engine.rego.spans import Range, place_of
from lockgate.engine.rego.statement_parser import StatementParser
from lockgate.engine.rego.term_parser import TermParser, term_kind

# A path, and the arguments of a function.
HeadReference = tuple[tuple[Term, ...], tuple[Term, ...] | None]


class RuleParser:
    """Reads rules from the cursor of `terms`."""

    def __init__(self, terms: TermParser, statements: StatementParser) -> None:
        self.terms = terms
        self.cursor = terms.cursor
        self._statements = statements
        # `else if statement` without braces: where the else and the statement begin.
        self._lone: list[tuple[Location, Location]] = []

    def rules(self) -> list[Rule] | None:
        """The rules that begin here (`p { … } { … }` are two), or None when it is no rule with a body."""
        cursor = self.cursor
        location = cursor.location()
        is_default = cursor.at_keyword("default")
        if is_default:
            cursor.advance()
        if not self._at_name():
            if is_default:
                self.refuse_keyword_name("default")
            return None
        reference = self._head()
        if reference is None:
            return None
        path, arguments = reference
        written: set[Written] = set()
        if self._at("contains"):
            if arguments is not None:
                cursor.fail(
                    "unexpected contains keyword: "
                    "the contains keyword can only be used with multi-value rule definitions"
                )
            cursor.advance()
            head = Head(location, "set", path, None, Scalar(location, True), self.terms.infix())
            self._note_head(location)
            if is_default:
                cursor.fail("illegal default rule (must have a value)", location)
            return self._bodies(head, {"contains"}, location)
        value: Term | None = None
        if cursor.at(":=") or cursor.at("="):
            if cursor.at(":="):
                written.add("assign")
            cursor.advance()
            value = self.terms.infix()
        self._note_head(location)
        if is_default:
            self._note_bodyless(location, "default")
            return [self._default(path, arguments, value, written, location)]
        if value is None:
            written.add("no value")
        if not self._at("if") and not cursor.at("{"):
            return None
        if len(path) == 2 and arguments is None and value is None and not self._at("if"):
            # `p[x] { … }` of v0: a set rule.
            head = Head(location, "set", path[:1], None, Scalar(location, True), path[1])
            written.discard("no value")
        else:
            head = Head(location, "complete", path, arguments, value or Scalar(location, True))
        return self._bodies(head, written, location)

    def refuse_keyword_name(self, after: str) -> None:
        """Fails where a keyword stands as the name of a rule."""
        cursor = self.cursor
        word = cursor.current.text
        followers = _FOLLOWERS.get(word) if cursor.is_kind("name") else None
        if followers is None or not self.terms.is_keyword(word):
            return
        following = cursor.peek()
        if after == "default" or following.text in followers:
            if following.text in ("if", "contains") and not self.terms.is_keyword(following.text):
                return
            cursor.fail(f"{word} keyword cannot be used for rule name")

    def _at(self, word: str) -> bool:
        return self.terms.is_keyword(word) and self.cursor.at_keyword(word)

    def _at_name(self) -> bool:
        cursor = self.cursor
        if not cursor.is_kind("name"):
            return False
        return not self.terms.is_keyword(cursor.current.text) or cursor.heads_reference()

    def _head(self) -> HeadReference | None:
        term = self.terms.head()
        if isinstance(term, Var):
            return (Scalar(term.location, term.name),), None
        reference = term.function if isinstance(term, Call) else term
        arguments = term.arguments if isinstance(term, Call) else None
        if not isinstance(reference, Ref) or not isinstance(reference.head, Var):
            return None
        name = Scalar(reference.location, reference.head.name)
        return (name, *reference.operands), arguments

    def _note_head(self, location: Location) -> None:
        spans = self.cursor.spans
        if spans is not None:
            spans.heads[place_of(location)] = self.cursor.range_from(location)

    def _note_bodyless(self, location: Location, word: str = "") -> None:
        """In OPA the statement `true` of such a rule spans the word that it begins with, or all of an `else`."""
        spans = self.cursor.spans
        if spans is None:
            return
        span = self.cursor.range_from(location)
        if word:
            span = Range(location.line, location.column, location.line, location.column + len(word))
        spans.bodyless[place_of(location)] = span

    def _note_lone(self) -> None:
        """In OPA such a statement spans its `else` and all that follow."""
        spans = self.cursor.spans
        if spans is not None:
            for location, statement in self._lone:
                spans.statements[place_of(statement)] = self.cursor.range_from(location)
        self._lone.clear()

    def _default(
        self,
        path: tuple[Term, ...],
        arguments: tuple[Term, ...] | None,
        value: Term | None,
        written: set[Written],
        location: Location,
    ) -> Rule:
        cursor = self.cursor
        if value is None and len(path) == 2 and arguments is None:
            cursor.fail("illegal default rule (must have a value)", location)
        pending: list[object] = [] if value is None else [value]
        while pending:
            node = pending.pop()
            if isinstance(node, Var | Ref | Call):
                cursor.fail(f"illegal default rule (value cannot contain {term_kind(node)})", location)
            if not isinstance(node, Comprehension):
                pending.extend(children(node))
        seen: set[str] = set()
        for argument in arguments or ():
            if not isinstance(argument, Var):
                kind = term_kind(argument)
                cursor.fail(f"illegal default rule (arguments cannot contain {kind})", location)
            if argument.name in seen:
                cursor.fail(f"illegal default rule (arguments cannot be repeated {argument.name})", location)
            seen.add(argument.name)
        given = value or Scalar(location, True)
        if value is None:
            written.add("no value")
        head = Head(location, "complete", path, arguments, given)
        return Rule(location, head, (Clause(location, given, (), frozenset(written)),), "default")

    def _bodies(self, head: Head, written: set[Written], location: Location) -> list[Rule] | None:
        """The bodies and else-chain of a rule whose head has been read."""
        cursor = self.cursor
        if self._at("if"):
            cursor.advance()
            written.add("if")
            body = self._if_body()
        elif cursor.at("{"):
            cursor.advance()
            body = self._statements.body(self.terms, "}")
        elif "contains" in written:
            self._note_bodyless(location, head.name)
            return [
                Rule(location, head, (Clause(location, head.value, (), frozenset({*written, "no body"})),))
            ]
        else:
            return None
        clauses = [Clause(location, head.value, body, frozenset(written))]
        while cursor.at_keyword("else"):
            if any(not isinstance(part, Scalar) for part in head.path):
                cursor.fail("else keyword cannot be used on rules with variables in head")
            if head.kind == "set":
                cursor.fail("else keyword cannot be used on multi-value rules")
            clauses.append(self._else())
        self._note_lone()
        rules = [Rule(location, head, tuple(clauses))]
        while cursor.at("{"):
            if len(clauses) > 1:
                cursor.fail("expected else keyword")
            place = cursor.location(cursor.advance())
            body = self._statements.body(self.terms, "}")
            self._note_head(place)
            clause = Clause(place, head.value, body, frozenset(written))
            rules.append(Rule(place, replace(head, location=place), (clause,)))
        return rules

    def _if_body(self) -> Body:
        cursor = self.cursor
        if not cursor.at("{"):
            return (self._statements.statement(self.terms),)
        mark, depth = cursor.mark(), cursor.depth
        try:
            statement = self._statements.statement(self.terms)
            plain = statement.inner if isinstance(statement, WithExpr) else statement
            if not (isinstance(plain, TermExpr) and isinstance(plain.term, SetTerm)):
                return (statement,)
        except RegoError:
            pass  # It was no literal; the body's own errors are the ones to show.
        cursor.reset(mark)
        cursor.depth = depth
        cursor.advance()
        return self._statements.body(self.terms, "}")

    def _else(self) -> Clause:
        cursor = self.cursor
        location = cursor.location(cursor.advance())
        value: Term = Scalar(location, True)
        written: set[Written] = set()
        if cursor.at(":=") or cursor.at("="):
            if cursor.at(":="):
                written.add("assign")
            cursor.advance()
            value = self.terms.infix()
        elif cursor.at("{") or self._at("if"):
            written.add("no value")
        else:
            cursor.fail(f"unexpected {cursor.describe()}: expected else value term or rule body")
        self._note_head(location)
        if not cursor.at("{") and not self._at("if"):
            self._note_bodyless(location)
            return Clause(location, value, (), frozenset({*written, "no body"}))
        if self._at("if"):
            cursor.advance()
            written.add("if")
            if not cursor.at("{"):
                if cursor.is_kind("end"):
                    cursor.fail(f"unexpected {cursor.describe()}: rule body expected")
                self._lone.append((location, cursor.location()))
                statement = self._statements.statement(self.terms)
                return Clause(location, value, (statement,), frozenset(written))
        cursor.advance()
        body = self._statements.body(self.terms, "}")
        return Clause(location, value, body, frozenset(written))


_AS_RULE = frozenset({":=", "=", "if", "contains"})
# After which tokens a keyword stands for the name of a rule.
_FOLLOWERS = {
    "every": _AS_RULE | {"("},
    "if": _AS_RULE | {"("},
    "in": _AS_RULE | {"("},
    "some": _AS_RULE | {"("},
    "as": _AS_RULE | {"("},
    "package": frozenset({":=", "=", "("}),
    "import": frozenset({":=", "=", "("}),
    "not": _AS_RULE,
    "and": _AS_RULE,
    "or": _AS_RULE,
    "contains": frozenset({"if", "contains"}),
}
