"""Parses Rego modules: package, imports and rules, of both language versions."""

from dataclasses import replace

from lockgate.engine.errors import Location
from lockgate.engine.rego.ast import (
    Annotation,
    Body,
    Import,
    Module,
    Rule,
)
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.lexer import Comment, Lexer
from lockgate.engine.rego.rule_parser import RuleParser
from lockgate.engine.rego.rule_statements import NotARuleError, rule_from
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Spans, place_of
from lockgate.engine.rego.statement_parser import StatementParser
from lockgate.engine.rego.term_parser import TermParser
from lockgate.engine.rego.tokens import Cursor
from lockgate.engine.rego.version import RegoVersion
from lockgate.engine.rego.version_checks import version_problems

FUTURE_KEYWORDS = frozenset({"if", "contains", "every", "in"})
# What comes after v1, by an import.
LATER_KEYWORDS = frozenset({"and", "not", "or"})


def parse_module(source: Source, spans: Spans | None = None) -> Module:
    """Parses one module, noting in `spans` what ends where.

    Raises RegoError (`rego_parse_error`) with the place of what is wrong.
    """
    try:
        return _ModuleParser(source, spans).module()
    except RegoError as error:
        raise _advised(error, source) from error
    except RecursionError as error:
        raise _too_deep(source) from error


def _advised(error: RegoError, source: Source) -> RegoError:
    # Not needed, and not imported, for policies without mistakes.
    from lockgate.engine.rego.advice.parsing import advised

    return advised(error, source)


def parse_query(source: Source) -> Body:
    """Parses statements without a package, as `opa eval` takes them. Raises RegoError."""
    try:
        return _query(source)
    except RegoError as error:
        raise _advised(error, source) from error


def _query(source: Source) -> Body:
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
        self.statements = StatementParser()
        self.terms = TermParser(self.cursor, self.keywords, self.statements, [0])
        self.rules = RuleParser(self.terms, self.statements)

    def module(self) -> Module:
        cursor = self.cursor
        if cursor.is_kind("end"):
            cursor.fail("empty module", hint="a module begins with `package name`")
        location = cursor.location()
        cursor.expect("package", "at the beginning of the module")
        package = self._package_path()
        imports: list[Import] = []
        rules: list[Rule] = []
        problems: list[Problem] = []
        while not cursor.is_kind("end"):
            self.rules.refuse_keyword_name("")
            if cursor.at_keyword("import"):
                imports.append(self._import())
            elif cursor.at_keyword("package"):
                problems.append(self._problem("unexpected package", cursor.location()))
                cursor.advance()
                self._package_path()
            else:
                rules.extend(self._rules(problems))
        annotations = _annotations(self.lexer.comments, cursor.source)
        module = Module(
            location, package, tuple(imports), tuple(rules), self.version, annotations, cursor.source
        )
        if self.version == "v1":
            problems.extend(version_problems(module))
        if problems:
            quoted = [replace(p, quoted=cursor.source.quoted(p.location)) for p in problems]
            raise RegoError(quoted)
        return module

    def _problem(self, message: str, location: Location) -> Problem:
        return Problem("rego_parse_error", message, location)

    def _rules(self, problems: list[Problem]) -> list[Rule]:
        """The rules that begin here: with bodies, or written as a statement."""
        cursor = self.cursor
        mark = cursor.mark()
        found = self.rules.rules()
        if found is not None:
            return found
        cursor.reset(mark)
        location = cursor.location()
        body = [self.statements.statement(self.terms)]
        while cursor.take(";"):
            body.append(self.statements.statement(self.terms))
        try:
            rule = rule_from(tuple(body))
        except NotARuleError as error:
            problems.append(self._problem(str(error), location))
            return []
        if cursor.spans is not None:
            cursor.spans.heads[place_of(location)] = cursor.range_from(location)
        return [rule]

    def _package_path(self) -> tuple[str, ...]:
        term = self._path("package name")
        path = [str(term[0])]
        path.extend(term[1:])
        return tuple(path)

    def _path(self, what: str) -> tuple[str, ...]:
        cursor = self.cursor
        if not cursor.is_kind("name"):
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
            cursor.fail(
                f"unexpected keyword, must be one of [{' '.join(sorted(known))}], got: {path[2]}", location
            )
        self.keywords.update(known if len(path) == 2 else {path[2]})
        if len(path) == 3 and path[2] == "every":
            self.keywords.add("in")


def _annotations(comments: list[Comment], source: Source) -> tuple[Annotation, ...]:
    """The `# METADATA` blocks: each is the run of comment lines after that mark, at the beginning of their lines."""
    found: list[Annotation] = []
    index = 0
    while index < len(comments):
        comment = comments[index]
        index += 1
        if not _is_metadata(comment):
            continue
        lines: list[str] = []
        last = comment.line
        while index < len(comments):
            following = comments[index]
            if following.column != 1 or following.line != last + 1 or _is_metadata(following):
                break
            lines.append(following.text[1:].removeprefix(" "))
            last = following.line
            index += 1
        found.append(Annotation(source.location(comment.line, comment.column), "\n".join(lines)))
    return tuple(found)


def _is_metadata(comment: Comment) -> bool:
    return comment.column == 1 and comment.text[1:].strip().startswith("METADATA")
