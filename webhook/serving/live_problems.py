"""What is wrong with an object that decides, in words for who wrote it and as `status` has it."""

from collections.abc import Iterable
from typing import Final

from lockgate.engine.documents.document import Document, Path
from lockgate.engine.errors import PolicyError
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import render_path
from lockgate.gatekeeper.problems import flatten
from lockgate.webhook.serving.object_text import ObjectText

# A status that grows with what is wrong helps nobody.
MAX_PROBLEMS: Final = 20
_LONGEST: Final = 1_000


@record
class LiveProblem:
    """One thing that is wrong. line, column: in the text of the field at `path`, from 1; 0 for the field itself."""

    message: str
    hint: str = ""
    path: Path | None = None
    line: int = 0
    column: int = 0
    quoted: str = ""

    @property
    def location(self) -> str:
        """The place as authors read it: `spec.targets[0].rego:4:10`; empty when there is none."""
        if not self.path:
            return ""
        field = render_path(self.path)
        return f"{field}:{self.line}:{self.column}" if self.line else field

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint}"


def problems_of(error: PolicyError, document: Document) -> tuple[LiveProblem, ...]:
    """What an error about the object says."""
    return live_problems(flatten(error), document)


def live_problems(errors: Iterable[PolicyError], document: Document) -> tuple[LiveProblem, ...]:
    """The errors, each with its place in the object; no more than can be read."""
    made: dict[LiveProblem, None] = {}
    for error in errors:
        made.setdefault(_problem(error, document))
        if len(made) == MAX_PROBLEMS:
            break
    return tuple(made)


def _problem(error: PolicyError, document: Document) -> LiveProblem:
    message, hint, quoted = error.message[:_LONGEST], error.hint[:_LONGEST], error.quoted.strip()[:_LONGEST]
    text, place = document.positions, error.location
    if place is None or not isinstance(text, ObjectText):
        return LiveProblem(message, hint, quoted=quoted)
    found = text.field_at(place.line, place.column)
    return LiveProblem(message, hint, found.path, found.line, found.column, quoted)
