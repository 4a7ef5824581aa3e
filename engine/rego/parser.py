"""Parses Rego modules: package, imports and rules, of both language versions."""

from collections.abc import Callable
from dataclasses import replace

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    Annotation,
    Body,
    Call,
    Clause,
    Comprehension,
    Head,
    Import,
    Module,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    Term,
    TermExpr,
    Var,
    children,
)
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.lexer import Comment, Lexer
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Spans, place_of
from lockgate.engine.rego.statement_parser import StatementParser
from lockgate.engine.rego.term_parser import RESERVED, TermParser
from lockgate.engine.rego.tokens import Cursor
from lockgate.engine.rego.version import RegoVersion

FUTURE_KEYWORDS = frozenset({"if", "contains", "every", "in"})
# What comes after v1, by an import.
LATER_KEYWORDS = frozenset({"and", "not", "or"})


def parse_module(source: Source, spans: Spans | None = None) -> Module:
    """Parses one module, noting in `spans` what ends where.

    Raises RegoError (`rego_parse_error`) with the place of what is wrong.
    """
    try:
        return _ModuleParser(source, spans).module()
    except RecursionError as error:
        raise _too_deep(source) from error


def parse_query(source: Source) -> Body:
    """Parses statements without a package, as `opa eval` takes them."""
    parser = _ModuleParser(source)
    if parser.cursor.is_kind("end"):
        parser.cursor.fail("empty query")
    statements = [parser.statements.statement(parser.terms)]
    while not parser.cursor.is_kind("end"):
        if not parser.cursor.take(";") and not parser.cursor.on_new_line():
            parser.cursor.fail(f"unexpected {parser.cursor.describe()}: expected a new line or `;`")
        statements.append(parser.statements.statement(parser.terms))
    return tuple(statements)


def _too_deep(source: Source) -> RegoError:
    return RegoError([Problem("rego_parse_error", "the policy nests too deep", source.location(1, 1))])


class _ModuleParser:
    def __init__(self, source: Source, spans: Spans | None = None) -> None:
        self.lexer = Lexer(source)
        self.cursor = Cursor(source, self.lexer, self.lexer.tokens(), spans)
        self.version: RegoVersion = source.version
        self.keywords: set[str] = set(FUTURE_KEYWORDS) if source.version == "v1" else set()
        self.strict_heads = source.version == "v1"
        self.statements = StatementParser()
        self.terms = TermParser(self.cursor, self.keywords, self.statements, [0])
        # `else if statement` without braces: where the else and the statement begin.
        self._lone: list[tuple[Location, Location]] = []

    def module(self) -> Module:
        cursor = self.cursor
        if cursor.is_kind("end"):
            cursor.fail("empty module", hint="a module begins with `package name`")
        location = cursor.location()
        cursor.expect("package", "at the beginning of the module")
        package = self._package_path()
        imports: list[Import] = []
        rules: list[Rule] = []
        while not cursor.is_kind("end"):
            if not cursor.on_new_line() and not cursor.take(";"):
                cursor.fail(f"unexpected {cursor.describe()}: expected a new line")
            if cursor.at_keyword("import"):
                imports.append(self._import())
            elif cursor.at_keyword("package"):
                cursor.fail("unexpected package: a module has one package, at its beginning")
            else:
                rules.extend(self._rules())
        annotations = _annotations(self.lexer.comments, source=cursor.source, line_after=self._line_after)
        return Module(
            location, package, tuple(imports), tuple(rules), self.version, annotations, cursor.source
        )

    def _line_after(self, line: int) -> int:
        """The line of the first token after a line, or 0."""
        for token in self.cursor.tokens:
            if token.line > line and token.kind != "end":
                return token.line
        return 0

    def _package_path(self) -> tuple[str, ...]:
        term = self._path("package name")
        path = [str(term[0])]
        path.extend(term[1:])
        return tuple(path)

    def _path(self, what: str) -> tuple[str, ...]:
        cursor = self.cursor
        if not cursor.is_kind("name") or cursor.current.text in RESERVED:
            cursor.fail(f"unexpected {cursor.describe()}: expected a {what}")
        parts = [cursor.advance().text]
        while not cursor.current.spaced:
            if cursor.take("."):
                if not cursor.is_kind("name"):
                    cursor.fail(f"unexpected {cursor.describe()}: expected a name after `.`")
                parts.append(cursor.advance().text)
            elif cursor.take("["):
                if not cursor.is_kind("string"):
                    cursor.fail(f"{what} must be of string literals and names")
                parts.append(cursor.advance().text)
                cursor.expect("]", f"in the {what}")
            else:
                break
        return tuple(parts)

    def _import(self) -> Import:
        cursor = self.cursor
        location = cursor.location(cursor.advance())
        path = self._path("path to import")
        if path[0] not in ("data", "input", "future", "rego"):
            cursor.fail(
                f"unexpected import path, must begin with one of: {{data, future, input, rego}}, got: {path[0]}",
                location,
            )
        alias = None
        if cursor.take("as"):
            if not cursor.is_kind("name"):
                cursor.fail(f"unexpected {cursor.describe()}: expected a name after `as`")
            alias = cursor.advance().text
        if path[0] == "future":
            self._future_import(path, alias, location)
        elif path[0] == "rego":
            if path not in (("rego", "v1"), ("rego", "v2")):
                cursor.fail(
                    f"invalid import `{'.'.join(path)}`, must be one of: `rego.v1`, `rego.v2`", location
                )
            if alias:
                cursor.fail("`rego` imports cannot be aliased", location)
            self.keywords.update(FUTURE_KEYWORDS)
            if "v2" in path:
                self.keywords.update(LATER_KEYWORDS)
            self.strict_heads = True
            self.version = "v1"
        return Import(location, path, alias)

    def _future_import(self, path: tuple[str, ...], alias: str | None, location: Location) -> None:
        cursor = self.cursor
        if len(path) < 2 or path[1] != "keywords" or len(path) > 3:
            cursor.fail("invalid import, must be `future.keywords`", location)
        if alias:
            cursor.fail("`future` imports cannot be aliased", location)
        known = FUTURE_KEYWORDS | LATER_KEYWORDS
        if len(path) == 3 and path[2] not in known:
            cursor.fail(f"unexpected keyword, must be one of {sorted(known)}, got: {path[2]}", location)
        self.keywords.update(known if len(path) == 2 else {path[2]})
        if len(path) == 3 and path[2] == "every":
            self.keywords.add("in")

    # Rules

    def _rules(self) -> list[Rule]:
        cursor = self.cursor
        location = cursor.location()
        is_default = False
        if cursor.at_keyword("default") and cursor.peek().kind == "name":
            cursor.advance()
            is_default = True
        path, arguments = self._head_reference()
        if cursor.at_keyword("contains") and "contains" in self.keywords:
            if arguments is not None or is_default:
                cursor.fail("the contains keyword can only be used with multi-value rule definitions")
            cursor.advance()
            member = self.terms.infix()
            head = Head(location, "set", path, None, Scalar(location, True), member)
            self._note_head(location)
            return self._bodies(head, Scalar(location, True), location, "contains")
        value: Term | None = None
        if cursor.at(":=") or cursor.at("="):
            cursor.advance()
            value = self.terms.infix()
        self._note_head(location)
        if is_default:
            self._note_bodyless(location)
            return [self._default(path, arguments, value, location)]
        has_if = cursor.at_keyword("if") and "if" in self.keywords
        if value is None and not has_if and arguments is None and len(path) == 2:
            return self._old_set_rule(path, location)
        head = Head(location, "complete", path, arguments, value or Scalar(location, True))
        return self._bodies(head, value, location, "")

    def _note_head(self, location: Location) -> None:
        spans = self.cursor.spans
        if spans is not None:
            spans.heads[place_of(location)] = self.cursor.range_from(location)

    def _note_bodyless(self, location: Location) -> None:
        spans = self.cursor.spans
        if spans is not None:
            spans.bodyless[place_of(location)] = self.cursor.range_from(location)

    def _note_lone(self) -> None:
        """In OPA such a statement spans its `else` and all that follow."""
        spans = self.cursor.spans
        if spans is not None:
            for location, statement in self._lone:
                spans.statements[place_of(statement)] = self.cursor.range_from(location)
        self._lone.clear()

    def _old_set_rule(self, path: tuple[Term, ...], location: Location) -> list[Rule]:
        """`p[x] { … }` of v0: a set rule."""
        if self.strict_heads:
            self.cursor.fail(
                "`contains` keyword is required for partial set rules",
                location,
                hint="write `name contains member if { … }`",
            )
        member = path[1]
        head = Head(location, "set", path[:1], None, Scalar(location, True), member)
        return self._bodies(head, Scalar(location, True), location, "set")

    def _default(
        self,
        path: tuple[Term, ...],
        arguments: tuple[Term, ...] | None,
        value: Term | None,
        location: Location,
    ) -> Rule:
        cursor = self.cursor
        if value is None:
            cursor.fail("expected default rule value term (e.g., default name := <VALUE>)")
        if cursor.at("{") or (cursor.at_keyword("if") and "if" in self.keywords):
            cursor.fail("default rules must not have a body")
        pending: list[object] = [value]
        while pending:
            node = pending.pop()
            if isinstance(node, Call):
                cursor.fail("illegal default rule (value cannot contain call)", location)
            if isinstance(node, Var | Ref):
                what = "var" if isinstance(node, Var) else "ref"
                cursor.fail(f"illegal default rule (value cannot contain {what})", location)
            if not isinstance(node, Comprehension):
                pending.extend(children(node))
        head = Head(location, "complete", path, arguments, value)
        return Rule(location, head, (Clause(location, value, ()),), "default")

    def _head_reference(self) -> tuple[tuple[Term, ...], tuple[Term, ...] | None]:
        """The name of a rule as path, and the arguments of a function."""
        cursor = self.cursor
        token = cursor.current
        location = cursor.location()
        word = token.text in RESERVED or token.text in (self.keywords - {"contains"})
        if token.kind != "name" or (word and not cursor.heads_reference()):
            cursor.fail(f"unexpected {cursor.describe()}: expected a rule", token)
        if token.text in ("input", "data"):
            place = cursor.location(token)
            message = f"rules must not shadow {token.text} (use a different rule name)"
            raise RegoError([Problem("rego_compile_error", message, place, cursor.source.quoted(place))])
        cursor.advance()
        path: list[Term] = [Scalar(location, token.text)]
        while not cursor.current.spaced:
            if cursor.take("."):
                name = cursor.current
                if name.kind != "name":
                    cursor.fail(f"unexpected {cursor.describe()}: expected a name after `.`")
                cursor.advance()
                path.append(Scalar(cursor.location(name), name.text))
            elif cursor.take("["):
                path.append(self.terms.infix())
                cursor.expect("]", "in the name of the rule")
            elif cursor.at("("):
                cursor.advance()
                return tuple(path), self.terms.sequence(")")
            else:
                break
        return tuple(path), None

    def _bodies(self, head: Head, value: Term | None, location: Location, kind: str) -> list[Rule]:
        """The bodies and else-chain of a rule whose head has been read."""
        cursor = self.cursor
        shown = value or Scalar(location, True)
        if cursor.at_keyword("if") and "if" in self.keywords:
            cursor.advance()
            body = self._if_body()
        elif cursor.at("{"):
            if self.strict_heads:
                cursor.fail("`if` keyword is required before rule body", hint="write `name if { … }`")
            cursor.advance()
            body = self.statements.body(self.terms, "}")
        else:
            if (
                value is None
                and kind == ""
                and (self.strict_heads or (len(head.path) == 1 and head.arguments is None))
            ):
                cursor.fail(
                    "`if` keyword is required before rule body"
                    if len(head.path) > 1
                    else "var cannot be used for rule name",
                    location,
                    hint="a rule needs a value or a body: `name := value`, `name if { … }`",
                )
            self._note_bodyless(location)
            return [Rule(location, head, (Clause(location, shown, ()),))]
        clauses = [Clause(location, shown, body)]
        while cursor.at_keyword("else"):
            if head.kind == "set":
                cursor.fail("else keyword cannot be used on multi-value rules")
            clauses.append(self._else())
        self._note_lone()
        rules = [Rule(location, head, tuple(clauses))]
        while cursor.at("{") and not self.strict_heads:
            if len(clauses) > 1:
                cursor.fail("expected else keyword")
            place = cursor.location(cursor.advance())
            body = self.statements.body(self.terms, "}")
            self._note_head(place)
            rules.append(Rule(place, replace(head, location=place), (Clause(place, shown, body),)))
        return rules

    def _if_body(self) -> Body:
        cursor = self.cursor
        if not cursor.at("{"):
            return (self.statements.statement(self.terms),)
        mark, depth = cursor.mark(), cursor.depth
        try:
            statement = self.statements.statement(self.terms)
            if not (isinstance(statement, TermExpr) and isinstance(statement.term, SetTerm)):
                return (statement,)
        except RegoError:
            pass  # It was no literal; the body's own errors are the ones to show.
        cursor.reset(mark)
        cursor.depth = depth
        cursor.advance()
        return self.statements.body(self.terms, "}")

    def _else(self) -> Clause:
        cursor = self.cursor
        location = cursor.location(cursor.advance())
        value: Term = Scalar(location, True)
        given = False
        if cursor.at(":=") or cursor.at("="):
            cursor.advance()
            value = self.terms.infix()
            given = True
        self._note_head(location)
        if cursor.at_keyword("if") and "if" in self.keywords:
            cursor.advance()
            if not cursor.at("{"):
                self._lone.append((location, cursor.location()))
            return Clause(location, value, self._if_body())
        if cursor.at("{"):
            if self.strict_heads:
                cursor.fail("`if` keyword is required before rule body", hint="write `else if { … }`")
            cursor.advance()
            return Clause(location, value, self.statements.body(self.terms, "}"))
        if not given:
            cursor.fail("expected else value term or rule body")
        self._note_bodyless(location)
        return Clause(location, value, ())


def _annotations(
    comments: list[Comment], *, source: Source, line_after: Callable[[int], int]
) -> tuple[Annotation, ...]:
    """The `# METADATA` blocks: each is the run of comment lines after that mark."""
    found: list[Annotation] = []
    index = 0
    while index < len(comments):
        comment = comments[index]
        index += 1
        if not comment.alone or comment.text.lstrip("# ").strip() != "METADATA":
            continue
        lines: list[str] = []
        last = comment.line
        while index < len(comments) and comments[index].alone and comments[index].line == last + 1:
            lines.append(comments[index].text[1:])
            last = comments[index].line
            index += 1
        place = source.location(comment.line, comment.column)
        found.append(Annotation(place, "\n".join(lines), line_after(last)))
    return tuple(found)
