"""What is wrong with a template or a constraint, with its place in the file."""

from collections.abc import Sequence
from typing import Literal, NoReturn

from lockgate.engine.documents.document import Document, Path
from lockgate.engine.errors import Location, PolicyError
from lockgate.engine.record import record
from lockgate.engine.rego.errors import RegoError

LintLevel = Literal["error", "warning"]


@record
class Problem:
    """One thing that is wrong at `path` (from the object's root), with what to do about it."""

    path: Path
    message: str
    hint: str = ""


@record
class Lint:
    """Something that loads but hardly does what its author wants."""

    level: LintLevel
    message: str
    location: Location
    hint: str = ""
    quoted: str = ""


class PolicyErrors(PolicyError):
    """Several errors of one template or constraint; the message is the first's."""

    def __init__(self, errors: Sequence[PolicyError]) -> None:
        first = errors[0]
        super().__init__(first.message, location=first.location, hint=first.hint, quoted=first.quoted)
        self.errors = tuple(errors)


class ConstraintSchemaError(PolicyErrors):
    """A constraint that does not follow its template's schema (what a suite's `invalid: true` expects)."""


def locate(document: Document, path: Path) -> tuple[Location, str]:
    """The place of a path in the document's file, and that line."""
    span = document.locate(path).span
    quoted = document.lines[span.line - 1] if 0 < span.line <= len(document.lines) else ""
    return Location(document.file, span.line, span.column), quoted


def policy_error(document: Document, problem: Problem) -> PolicyError:
    """The problem as an error that points into the document's file."""
    location, quoted = locate(document, problem.path)
    return PolicyError(problem.message, location=location, hint=problem.hint, quoted=quoted)


def refuse(document: Document, path: Path, message: str, hint: str = "") -> NoReturn:
    """Raises a PolicyError for the value at `path`."""
    raise policy_error(document, Problem(path, message, hint))


def flatten(error: PolicyError) -> list[PolicyError]:
    """Every error that this one stands for."""
    if isinstance(error, PolicyErrors):
        return [single for inner in error.errors for single in flatten(inner)]
    if isinstance(error, RegoError):
        return [
            PolicyError(
                f"{problem.code}: {problem.message}",
                location=problem.location,
                hint=problem.advice,
                quoted=problem.quoted,
            )
            for problem in error.errors
        ]
    return [error]
