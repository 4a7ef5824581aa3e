"""Subjects: what an object runs, in which version. Which fields say so, only the Rego in `policies/lib/subjects.rego` knows."""

from typing import Final, Literal, get_args

from lockgate.engine.documents.document import Path
from lockgate.engine.record import record

Pin = Literal["content", "version", "moving", "unknown"]
PINS: Final[frozenset[str]] = frozenset(get_args(Pin))


@record
class Subject:
    """Something whose version decides what runs: a model, an image, a chart, a revision of git.

    kind: as `policies/lib/subjects.rego` has it. key: names it without its version. pin: what the version is worth; `unknown` where
    it is told only when it runs. digest: of the bytes, where somebody resolved them; "" otherwise. path: where the object says so.
    """

    kind: str
    key: str
    version: str
    pin: Pin
    path: Path = ()
    digest: str = ""


@record
class Holder:
    """An object that runs subjects, in an environment ("" where none is known).

    group, kind, namespace, name: of the object; the version of its API does not matter. place: where it was read, for people.
    """

    group: str
    kind: str
    namespace: str
    name: str
    environment: str
    subjects: tuple[Subject, ...]
    place: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """By which two states of an object are joined."""
        return (self.group, self.kind, self.namespace, self.name)
