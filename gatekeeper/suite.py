"""gator Suites: tests of a template with a constraint, each with cases that assert violations.

After github.com/open-policy-agent/gatekeeper pkg/gator/verify (suite.go, assertion.go); the group and the kind of an
object make it a Suite, whatever its version.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.block_positions import BlockPositions
from lockgate.engine.documents.document import Document
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import changed, record
from lockgate.engine.regex import Pattern, RegexError, compile_pattern
from lockgate.gatekeeper.fields import Field, root

if TYPE_CHECKING:
    from lockgate.gatekeeper.external_data.fixtures import Fixture

GROUP: Final = "test.gatekeeper.sh"
KIND: Final = "Suite"

_WORDS: Final = ("yes", "no")
_VIOLATIONS: Final = 'assertion.violations, if set, must be a nonnegative integer, "yes", or "no"'


@record
class Assertion:
    """How many violations have a message that the pattern finds; without a pattern all count.

    violations: "yes" for at least one, "no" for none, or their number. wrong: why the assertion itself is wrong.
    """

    violations: int | Literal["yes", "no"]
    message: str | None = None
    pattern: Pattern | None = None
    wrong: str = ""

    def failure(self, messages: tuple[str, ...]) -> str | None:
        """Why the assertion does not hold for the messages of a case's violations, or None when it does."""
        if self.wrong:
            return self.wrong
        pattern = self.pattern
        count = sum([1 for text in messages if pattern is None or pattern.search(text)])
        if self.violations == "yes":
            holds, wanted = count > 0, "at least 1"
        elif self.violations == "no":
            holds, wanted = count == 0, "none"
        else:
            holds, wanted = count == self.violations, f"exactly {self.violations}"
        if holds:
            return None
        containing = "" if self.message is None else f" containing {_go_quote(self.message)}"
        return (
            f"unexpected number of violations: got {count} violations{containing} but want {wanted}: "
            f"got messages [{' '.join(messages)}]"
        )


@record
class Case:
    """One object put to the test's constraint. Paths are relative to the suite's file."""

    name: str
    object: str
    inventory: tuple[str, ...]
    assertions: tuple[Assertion, ...]
    skip: bool
    fixtures: "tuple[Fixture, ...]" = ()


@record
class Test:
    """A template with a constraint. `invalid`: the constraint must not follow the template's schema."""

    # Not a test of pytest's, which collects classes of this name.
    __test__ = False

    name: str
    template: str
    constraint: str
    expansion: str
    cases: tuple[Case, ...]
    invalid: bool
    skip: bool
    fixtures: "tuple[Fixture, ...]" = ()


@record
class Suite:
    """A suite; `path` is the path to show, `file` the one to open.

    fixtures: what providers of external data say in all of its tests; a test's own, and a case's, come before them. skip: in
    one that is `external` neither its own counts nor its tests': its templates ask external data, so gator has to pass over.
    """

    path: str
    file: str
    tests: tuple[Test, ...]
    skip: bool
    fixtures: "tuple[Fixture, ...]" = ()


def is_suite(value: Mapping[str, Value]) -> bool:
    """Is the object a Suite?"""
    return value.get("kind") == KIND and split_api_version(value.get("apiVersion"))[0] == GROUP


def parse_suite(document: Document, *, path: str, file: str) -> Suite:
    """Reads a suite. Raises PolicyError for what has the wrong type."""
    top = root(document)
    tests = tuple([_test(test) for test in top.get("tests").items()])
    skip = _flag(top, "skip")
    if _flag(top, "external"):
        tests, skip = tuple([changed(test, skip=False) for test in tests]), False
    return Suite(path, file, tests, skip, _fixtures(top))


def _test(field: Field) -> Test:
    return Test(
        name=_text(field.get("name")),
        template=_text(field.get("template")),
        constraint=_text(field.get("constraint")),
        expansion=_text(field.get("expansion")),
        cases=tuple([_case(case) for case in field.get("cases").items()]),
        invalid=_flag(field, "invalid"),
        skip=_flag(field, "skip"),
        fixtures=_fixtures(field),
    )


def _case(field: Field) -> Case:
    return Case(
        name=_text(field.get("name")),
        object=_text(field.get("object")),
        inventory=tuple([_text(item) for item in field.get("inventory").items()]),
        assertions=tuple([_assertion(item) for item in field.get("assertions").items()]),
        skip=_flag(field, "skip"),
        fixtures=_fixtures(field),
    )


def _fixtures(field: Field) -> "tuple[Fixture, ...]":
    """What stands under `externalData`: Lockgate's own, which gator does not look at."""
    given = field.get("externalData")
    if given.absent:
        return ()
    # Few suites have any.
    from lockgate.gatekeeper.external_data.fixtures import parse_fixtures

    return parse_fixtures(given)


def _flag(field: Field, name: str) -> bool:
    return field.get(name).boolean() or False


def _assertion(field: Field) -> Assertion:
    message = None if field.get("message").absent else _text(field.get("message"))
    pattern = None
    wrong = ""
    if message is not None:
        try:
            pattern = compile_pattern(message)
        except RegexError as error:
            wrong = f"message contains invalid regular expression: {error.message}"
    violations = field.get("violations")
    value = violations.value
    if type(value) is int:
        if value < 0:
            wrong = wrong or f"invalid yaml: {_VIOLATIONS}"
        return Assertion(value, message, pattern, wrong)
    word = "yes" if violations.absent else _text(violations)
    if isinstance(value, bool) and word not in _WORDS:
        violations.refuse(f"{_VIOLATIONS}, not {word}", "write yes or no")
    if word not in _WORDS:
        wrong = wrong or f"invalid yaml: {_VIOLATIONS}"
    return Assertion("no" if word == "no" else "yes", message, pattern, wrong)


def _text(field: Field) -> str:
    """The string. gator reads suites as YAML 1.2, where a bare `yes` or `no` is the word itself."""
    if not isinstance(field.value, bool):
        return field.string()
    positions = field.document.positions
    word = positions.word(field.path) if isinstance(positions, BlockPositions) else None
    if word is not None:
        return word
    located = field.document.locate(field.path)
    if not located.exact:
        field.refuse(f"{field.name} must be a string")
    span = located.span
    return field.document.lines[span.line - 1][span.column - 1 : span.end_column - 1].strip()


def _go_quote(text: str) -> str:
    from json import dumps

    return dumps(text, ensure_ascii=False)
