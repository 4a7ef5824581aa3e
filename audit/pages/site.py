"""What pages are made from: a log's engine, what may be opened for whom, and what is remembered between requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from lockgate.audit.errors import TrailError
from lockgate.audit.query.answers.answer import Opener
from lockgate.audit.query.answers.promoted import Promoted, read_promoted
from lockgate.audit.query.engine import Engine
from lockgate.audit.query.parameters import Names

# Texts of a request that are looked at; nothing that entries hold is longer.
MAX_TEXT: Final = 400


class NoPageError(TrailError):
    """There is no such page, entry, model or promotion."""


class ForbiddenError(TrailError):
    """Whoever asks may not see that."""


class Tallies(Protocol):
    """Counts Decisions without reading them."""

    def by_day(self, size: int) -> Mapping[tuple[int, str], int]:
        """How many of the first `size` entries are Decisions of each outcome, by the day (since 1970) of the log's clock."""
        ...


class Memory:
    """What was read of one log, kept for as long as nothing was appended. Safe in several threads: at worst it is read twice."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: tuple[int, Promoted] | None = None

    def promoted(self, engine: Engine) -> Promoted:
        """All that the log has of promotions. Raises VerificationError."""
        kept, size = self._kept, engine.size
        if kept is None or kept[0] != size:
            kept = self._kept = (size, read_promoted(engine, size))
        return kept[1]


@dataclass(frozen=True, slots=True)
class Scope:
    """The one namespace whose entries are shown. stream: of the log, with all of them."""

    namespace: str
    stream: str


@dataclass(frozen=True, slots=True)
class Site:
    """A log as one viewer sees it.

    opener: opens bodies, None for whom names are masked. names: likewise, how they are found in entries. viewer: by name, "" for nobody in particular. now_ms: Unix
    time in milliseconds. scope: None where all of the log is shown.
    """

    engine: Engine
    now_ms: int
    opener: Opener | None = None
    tallies: Tallies | None = None
    names: Names | None = None
    viewer: str = ""
    memory: Memory = field(default_factory=Memory)
    scope: Scope | None = None

    @property
    def promoted(self) -> Promoted:
        """All that the log has of promotions."""
        return self.memory.promoted(self.engine)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page was asked with: its parameters, each once, and what the browser remembers of the log."""

    parameters: Mapping[str, str]
    remembered: str = ""

    def text(self, name: str) -> str:
        """A parameter without blanks around it, "" where there is none."""
        return self.parameters.get(name, "").strip()[:MAX_TEXT]


@dataclass(frozen=True, slots=True)
class View:
    """A page to be: what it holds, which its JSON is, and the template that shows it. location: where to go instead. viewer: who is
    signed in, where no log is shown to them."""

    template: str
    title: str
    data: Mapping[str, Any]
    status: int = 200
    location: str = ""
    viewer: str = ""
