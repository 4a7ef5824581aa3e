"""A model registry: versions of models, what marks one as asked for, and the alias that what serves it follows."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, Protocol

from lockgate.engine.record import record

# Of one model, ten thousand versions are looked through for a mark.
MOST_PAGES: Final = 50
PAGE: Final = 200


@record
class RegisteredVersion:
    """reference: as a workload writes it. source: where the registry says that its artefacts lie; run: what made it, "" where nobody says.

    digest: SHA-256 in hex that is said of it there, which nobody verified. unfit: why it may not be used at all, "" where it may.
    own: by which the registry itself knows it.
    """

    reference: str
    name: str
    version: str
    source: str
    run: str
    digest: str
    unfit: str
    own: str


@record
class Mark:
    """What makes a version asked for. name, value: of a tag; name alone: of a version, an alias or a stage; neither: of every version."""

    kind: Literal["version", "alias", "tag", "stage", "every"]
    name: str = ""
    value: str = ""

    @property
    def shown(self) -> str:
        """For people."""
        if self.kind == "every":
            return "registered"
        return f"{self.kind} {self.name}={self.value}" if self.kind == "tag" else f"{self.kind} {self.name}"


class Registry(Protocol):
    """One server. What it says is believed of its own names alone, and bounded. All raise AskingError or InputError."""

    @property
    def shown(self) -> str:
        """Where it is, for people and for statements."""
        ...

    def marked(self, name: str, mark: Mark) -> Iterator[RegisteredVersion]:
        """The versions of a model that have a mark."""
        ...

    def aliased(self, name: str, alias: str) -> str:
        """The version that an alias is, "" where it is none."""
        ...

    def move(self, version: RegisteredVersion, alias: str, tags: Mapping[str, str]) -> None:
        """Makes the alias that version, and no other one; tags: what the version is tagged with first."""
        ...
