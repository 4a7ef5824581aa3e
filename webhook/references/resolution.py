"""What comes of resolving a reference: a digest, another reference, or why not and what to do."""

from typing import Final, Literal, Protocol, TypeAlias

from lockgate.engine.record import record
from lockgate.webhook.references.reference import Reference

SHA256: Final = "sha256"
# As in-toto names it (spec/v1/digest_set.md): of Hugging Face's commits.
GIT_COMMIT: Final = "gitCommit"


@record
class Digest:
    """What names bytes: `sha256` or `gitCommit`, and lower-case hex."""

    algorithm: str
    hex: str

    @property
    def shown(self) -> str:
        """As people write it."""
        return f"{self.algorithm}:{self.hex}"


@record
class Resolved:
    """uri: the reference in its one spelling that names these bytes, for which facts may be signed; "" where only the digest does.

    how: `content`, the digest is in the reference, and who fetches compares it; `name`, it is part of a path or a tag in a
    registry, and nobody does; `signed`, a producer who is trusted says so; `asked`, a server said so. note: what else is to be done.
    """

    digest: Digest
    uri: str
    how: Literal["content", "name", "signed", "asked"]
    note: str = ""


@record
class Leads:
    """The reference is a name for another one. text: that one, as it was found; claimed: a digest that is said of it."""

    text: str
    claimed: Digest | None = None


@record
class Unresolved:
    """Why there is no digest, and what to do."""

    reason: str
    fix: str


Outcome: TypeAlias = Resolved | Leads | Unresolved


class Resolver(Protocol):
    """Resolves references of some schemes."""

    @property
    def name(self) -> str:
        """What it is called where a resolution is told."""
        ...

    def resolve(self, reference: Reference) -> Outcome | None:
        """What a reference is; None where this resolver does not know of it, and others may."""
        ...


@record
class Step:
    """One reference on the way, in its one spelling, and the resolver that spoke of it."""

    uri: str
    resolver: str


@record
class Resolution:
    """A reference, the way that was gone from it, itself first, and the end."""

    reference: Reference
    steps: tuple[Step, ...]
    end: Resolved | Unresolved
