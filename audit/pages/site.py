"""What pages are made from: a log's engine, what may be opened for whom, and what is remembered between requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from lockgate.audit.errors import TrailError
from lockgate.audit.query.answers.answer import Opener
from lockgate.audit.query.answers.promoted import Promoted, read_promoted
from lockgate.audit.query.engine import Engine

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


class People(Protocol):
    """Finds what stands for people and namespaces in entries, for whom may know."""

    def pseudonym(self, person: str) -> str:
        """What stands for a person."""
        ...

    def namespace_stream(self, namespace: str) -> str | None:
        """The stream of a namespace; None where the log has nothing of it, or it was erased."""
        ...


class Memory:
    """What was read of one log, kept for as long as nothing was appended."""

    __slots__ = ("_kept", "_size")

    def __init__(self) -> None:
        self._size = -1
        self._kept: dict[str, Any] = {}

    def promoted(self, engine: Engine) -> Promoted:
        """All that the log has of promotions. Raises VerificationError."""
        size = engine.size
        if size != self._size:
            self._kept, self._size = {}, size
        if "promoted" not in self._kept:
            self._kept["promoted"] = read_promoted(engine, size)
        found = self._kept["promoted"]
        assert isinstance(found, Promoted)
        return found


@dataclass(frozen=True, slots=True)
class Site:
    """A log as one viewer sees it.

    opener: opens bodies, None for whom names are masked. people: likewise. viewer: by name, "" for nobody in particular. now_ms: Unix
    time in milliseconds.
    """

    engine: Engine
    now_ms: int
    opener: Opener | None = None
    tallies: Tallies | None = None
    people: People | None = None
    viewer: str = ""
    memory: Memory = field(default_factory=Memory)

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
    """A page to be: what it holds, which its JSON is, and the template that shows it. location: where to go instead."""

    template: str
    title: str
    data: Mapping[str, Any]
    status: int = 200
    location: str = ""
