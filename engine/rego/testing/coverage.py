"""Which lines of policies were evaluated, counted as `opa test --coverage` counts them.

After OPA's v1/cover: the heads of rules whose body held and the statements that were tried are covered, each with all
lines that it spans. What is not covered are other heads and statements of the text as parsed, `some` declarations
apart; a rule without a body has the statement `true`, which spans the rule. A line that parts of both kinds touch counts
for both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lockgate.engine.record import record
from lockgate.engine.rego.ast import (
    BlockExpr,
    Call,
    Expr,
    Module,
    NotExpr,
    SomeExpr,
    SomeInExpr,
    Term,
    WithExpr,
    children,
)
from lockgate.engine.rego.explanation import Text
from lockgate.engine.rego.probes import Ahead, Probe
from lockgate.engine.rego.spans import Place, Range, Spans, place_of
from lockgate.engine.rego.term_parser import operator_name


def _lines(ranges: Iterable[Range]) -> int:
    return len({line for one in ranges for line in range(one.line, one.end_line + 1)})


def _percentage(covered: int, not_covered: int) -> float:
    total = covered + not_covered
    return 100.0 * covered / total if total else 0.0


@record
class FileCoverage:
    """The ranges of one file, sorted."""

    covered: tuple[Range, ...]
    not_covered: tuple[Range, ...]

    @property
    def covered_lines(self) -> int:
        """How many lines the covered ranges span."""
        return _lines(self.covered)

    @property
    def not_covered_lines(self) -> int:
        """How many lines the other ranges span."""
        return _lines(self.not_covered)

    @property
    def percentage(self) -> float:
        """Of the lines, those that are covered."""
        return _percentage(self.covered_lines, self.not_covered_lines)


@record
class Coverage:
    """The coverage of all policies, by file."""

    files: Mapping[str, FileCoverage]

    @property
    def covered_lines(self) -> int:
        """How many lines are covered."""
        return sum([one.covered_lines for one in self.files.values()])

    @property
    def not_covered_lines(self) -> int:
        """How many lines are not."""
        return sum([one.not_covered_lines for one in self.files.values()])

    @property
    def percentage(self) -> float:
        """Of all lines, those that are covered."""
        return _percentage(self.covered_lines, self.not_covered_lines)


@dataclass(slots=True)
class _File:
    spans: Spans
    module: Module
    bodyless: Mapping[Place, Range]
    covered: set[Range] = field(default_factory=set)

    def has_covered(self, wanted: Range) -> bool:
        return any(one.contains(wanted) for one in self.covered)


def measure(texts: Sequence[Text], probes: Sequence[Probe], reached: Iterable[int]) -> Coverage:
    """The coverage of policies, given the probes that were reached (`Prepared.evaluate`, mode `covered`)."""
    files = {text.source.file: _File(text.spans, text.module, _bodyless(text)) for text in texts}
    for number in reached:
        probe = probes[number]
        file = files.get(probe.location.file)
        if file is not None:
            found = _range(file, probe)
            if found is not None:
                file.covered.add(found)
    return Coverage({name: _report(file) for name, file in sorted(files.items())})


def _bodyless(text: Text) -> dict[Place, Range]:
    """What the statement `true` of rules without a body spans: of `p := value` the value."""
    found = dict(text.spans.bodyless)
    for rule in text.module.rules:
        for clause in rule.clauses:
            if not clause.body and place_of(clause.location) not in found:
                span = _term(text.spans, clause.value)
                if span is not None:
                    found[place_of(clause.location)] = span
    return found


def _term(spans: Spans, term: Term) -> Range | None:
    place = place_of(term.location)
    operator = operator_name(term.function) if isinstance(term, Call) else None
    return spans.operations.get((place, operator)) if operator else spans.terms.get(place)


def _range(file: _File, probe: Probe) -> Range | None:
    spans, place = file.spans, place_of(probe.location)
    if probe.kind == "held":
        return spans.heads.get(place)
    if probe.kind == "rule":
        return file.bodyless.get(place)
    if probe.kind == "ahead":
        (ahead,) = probe.names
        assert isinstance(ahead, Ahead)
        ahead_of = spans.operations.get((place, ahead.operator)) if ahead.operator else spans.terms.get(place)
        return ahead_of or Range(*place, *place)
    found = spans.statements.get(place) or spans.terms.get(place)
    return found or Range(*place, *place)


def _report(file: _File) -> FileCoverage:
    spans = file.spans
    wanted: set[Range] = set()
    for rule in file.module.rules:
        for clause in rule.clauses:
            place = place_of(clause.location)
            wanted.update([found for found in (spans.heads.get(place), file.bodyless.get(place)) if found])
    for statement in _statements(tuple([rule.clauses for rule in file.module.rules])):
        found = spans.statements.get(place_of(statement.location))
        if found is not None and not _is_declaration(statement):
            wanted.add(found)
    missed = [one for one in wanted if not file.has_covered(one)]
    return FileCoverage(tuple(sorted(file.covered)), tuple(sorted(missed)))


def _is_declaration(statement: Expr) -> bool:
    while isinstance(statement, WithExpr):
        statement = statement.inner
    return isinstance(statement, SomeExpr | SomeInExpr)


def _statements(node: object) -> Iterator[Expr]:
    """All statements in a node; `not x` and `x with …` are one each, and what is nested in their terms more."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Expr) and not isinstance(current, BlockExpr):
            yield current
            inner: object = current
            while isinstance(inner, NotExpr | WithExpr):
                if isinstance(inner, WithExpr):
                    stack.extend(inner.modifiers)
                inner = inner.inner
            stack.extend(children(inner))
            continue
        stack.extend(children(current))
