"""Explanations: a Trace in the words of the policy, with the text of statements and the values of what they name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lockgate.engine.codegen.lookups import index
from lockgate.engine.codegen.values import Undefined, Value
from lockgate.engine.errors import Location
from lockgate.engine.record import record
from lockgate.engine.rego.ast import Expr, Import, Module, NotExpr, Ref, Scalar, Var, WithExpr, walk
from lockgate.engine.rego.entrypoints import reference_text
from lockgate.engine.rego.probes import Ahead
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Place, Range, Spans, place_of
from lockgate.engine.rego.term_parser import ROOTS
from lockgate.engine.rego.trace import Attempt, Reached

# A statement's text is cut after this; the place says where to read on.
MAX_TEXT = 200
# How deep and how broad reasons are followed.
MAX_DEPTH = 6
MAX_REASONS = 8


@record
class Named:
    """A value and what it is the value of: a variable or the text of a term. UNDEFINED: it has none."""

    name: str
    value: Value | Undefined


@record
class Statement:
    """A statement as it is written, where it begins, and the values of what it names."""

    location: Location
    text: str
    values: tuple[Named, ...]


@record
class Reason:
    """What became of one clause of a rule.

    rule: its name from `data` on. case: the name of the test case that was tried. arguments: of a function. gave: its values where it held (`given` counts them; of
    many, the first are kept). held_before: the statements that held before the one that failed. failed: the statement that did not hold, and `inner` the one inside of its `every`.
    because: what became of the rules that this statement asked.
    """

    rule: str
    location: Location
    arguments: tuple[Value, ...]
    gave: tuple[Value, ...]
    given: int
    failed: Statement | None
    inner: Statement | None
    because: "tuple[Reason, ...]"
    held_before: tuple[Statement, ...] = ()
    case: Value = None

    @property
    def held(self) -> bool:
        """Did the clause's body hold?"""
        return self.given > 0


@dataclass(frozen=True, slots=True)
class Text:
    """A parsed policy with where its parts end."""

    source: Source
    module: Module
    spans: Spans


class Explainer:
    """Explains attempts. `texts` are the policies; `home` is a package whose rules are called by their name alone."""

    def __init__(self, texts: Sequence[Text], home: tuple[str, ...] = ()) -> None:
        self._texts = list(texts)
        self._home = home
        self._statements: dict[int, Mapping[Place, Expr]] = {}

    def reason(self, attempt: Attempt, depth: int = 0) -> Reason:
        """What became of an attempt at a clause."""
        rule = attempt.rule
        failed = inner = None
        below: list[Attempt] = []
        if not attempt.given and attempt.reached is not None:
            failed = self._statement(attempt.reached)
            if attempt.inner is not None:
                inner = self._statement(attempt.inner)
            if depth < MAX_DEPTH:
                below = self._telling(attempt)
        return Reason(
            self._rule_name(rule.path),
            rule.location,
            tuple(attempt.arguments),
            tuple(attempt.gave),
            attempt.given,
            failed,
            inner,
            tuple([self.reason(one, depth + 1) for one in below[:MAX_REASONS]]),
            self._held_before(attempt, failed),
            attempt.case,
        )

    def _held_before(self, attempt: Attempt, failed: Statement | None) -> tuple[Statement, ...]:
        """The statements that held before the one that failed, without values."""
        found: dict[Location, Statement] = {}
        for probe in attempt.steps if failed is not None else ():
            text = self._text(probe.location)
            span = None if text is None else text.spans.statement_at(probe.location)
            if text is None or span is None:
                continue
            begin = Location(probe.location.file, span.line, span.column)
            if failed is not None and begin != failed.location:
                found.setdefault(begin, Statement(begin, _cut(_between(text.source, span)), ()))
        return tuple(found.values())

    def _rule_name(self, path: tuple[str, ...]) -> str:
        if self._home and path[: len(self._home)] == self._home:
            return reference_text(path[len(self._home) :]).removeprefix(".")
        return "data" + reference_text(path)

    def _telling(self, attempt: Attempt) -> list[Attempt]:
        """The attempts below that tell why the statement failed: what held, if something did, where that is asked."""
        held = [one for one in attempt.below if one.given]
        missed = [one for one in attempt.below if not one.given and one.reached is not None]
        assert attempt.reached is not None
        node = self._node(attempt.reached.probe.location)
        while isinstance(node, WithExpr):
            node = node.inner
        if isinstance(node, NotExpr):
            return held
        return _distinct(missed) or held

    def _text(self, location: Location) -> Text | None:
        for text in self._texts:
            source = text.source
            last = source.line + source.text.count("\n")
            if source.file == location.file and source.line <= location.line <= last:
                return text
        return None

    def _statement(self, reached: Reached) -> Statement:
        location = reached.probe.location
        text = self._text(location)
        if text is None:
            return Statement(location, "", ())
        span = text.spans.statement_at(location)
        if span is None:
            return Statement(location, text.source.quoted(location).strip(), ())
        begin = Location(location.file, span.line, span.column)
        names: dict[str, Value | Undefined] = {}
        variables: dict[str, Value] = {}
        node = self._node(begin)
        mentioned = {part.name for part in walk(node) if isinstance(part, Var)}
        for name, value in zip(reached.probe.names, reached.values, strict=True):
            if isinstance(name, str):
                variables[name] = value
                if name in mentioned:
                    names[name] = value
            else:
                names[_cut(self._term_text(text, name))] = value
        if node is not None:
            names.update(self._references(node, text, reached, variables))
        shown = [Named(name, value) for name, value in names.items() if name]
        return Statement(begin, _cut(_between(text.source, span)), tuple(shown))

    def _term_text(self, text: Text, ahead: Ahead) -> str:
        place = place_of(ahead.location)
        spans = text.spans
        span = spans.operations.get((place, ahead.operator)) if ahead.operator else spans.terms.get(place)
        return "" if span is None else _between(text.source, span)

    def _node(self, location: Location) -> Expr | None:
        """The statement that begins at a place, as parsed."""
        text = self._text(location)
        if text is None:
            return None
        number = self._texts.index(text)
        known = self._statements.get(number)
        if known is None:
            known = {place_of(one.location): one for one in _statements(text.module)}
            self._statements[number] = known
        return known.get(place_of(location))

    def _references(
        self, node: object, text: Text, reached: Reached, variables: Mapping[str, Value]
    ) -> dict[str, Value | Undefined]:
        """The values of references to `input` and base data in a statement."""
        if isinstance(node, WithExpr):
            node = node.inner
        imports = {_name(one): one for one in text.module.imports if one.path[0] in ROOTS}
        found: dict[str, Value | Undefined] = {}
        for part in walk(node):
            if not isinstance(part, Ref) or not isinstance(part.head, Var):
                continue
            root = part.head.name
            path: tuple[str, ...] = ()
            if root in imports:
                root, path = imports[root].path[0], imports[root].path[1:]
            if root not in ROOTS or (root == "data" and self._is_virtual(_fixed(path, part.operands))):
                continue
            value = reached.input if root == "input" else reached.data
            for name in path:
                value = index(value, name)
            shown = part.head.name
            for operand in part.operands:
                if isinstance(operand, Var) and operand.name in variables:
                    member = variables[operand.name]
                elif isinstance(operand, Scalar):
                    member = operand.value
                else:
                    break
                if isinstance(value, Undefined):
                    break
                value = index(value, member)
                is_word = isinstance(operand, Scalar) and _is_word(member)
                shown += f".{member}" if is_word else f"[{_written(operand)}]"
            if shown not in ROOTS:
                found[shown] = value
        return found

    def _is_virtual(self, path: tuple[str, ...]) -> bool:
        """Do rules have a say in what lies at a place of `data`?"""
        packages = [text.module.package for text in self._texts]
        return any(path[: len(package)] == package[: len(path)] for package in packages)


def _statements(module: Module) -> Iterator[Expr]:
    """All statements, those with `with` or `not` before what is in them having the last word at their place."""
    inner_first = list(walk(tuple(rule.clauses for rule in module.rules)))
    for node in reversed(inner_first):
        if isinstance(node, Expr):
            yield node


def _distinct(attempts: Sequence[Attempt]) -> list[Attempt]:
    """One attempt for each clause: a function may be asked for every element of a list."""
    found: dict[int, Attempt] = {}
    for attempt in attempts:
        found.setdefault(id(attempt.rule), attempt)
    return list(found.values())


def _between(source: Source, span: Range) -> str:
    """The text of a range, on one line."""
    lines = source.text.split("\n")[span.line - source.line : span.end_line - source.line + 1]
    if not lines:
        return ""
    shift = source.column - 1
    lines[-1] = lines[-1][: span.end_column - 1 - shift]
    lines[0] = lines[0][span.column - 1 - shift :]
    return " ".join([line.strip() for line in lines])


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _fixed(path: tuple[str, ...], operands: Sequence[object]) -> tuple[str, ...]:
    """The names that a reference begins with."""
    names = list(path)
    for operand in operands:
        if not isinstance(operand, Scalar) or not isinstance(operand.value, str):
            break
        names.append(operand.value)
    return tuple(names)


def _name(imported: Import) -> str:
    return imported.alias or imported.path[-1]


def _is_word(value: Value) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _written(operand: Scalar | Var) -> str:
    if isinstance(operand, Var):
        return operand.name
    return f'"{operand.value}"' if isinstance(operand.value, str) else str(operand.value)
