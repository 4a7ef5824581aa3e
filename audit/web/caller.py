"""Who asks, and what they may: known by a token, allowed by a file or by a cluster's rules; never by what they say of themselves."""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

from lockgate.audit.errors import TrailError

# records: entries in clear; actors: names, and what is sealed; exports: taking answers and entries away; log: proofs and hashes, and
# having the log verified; replays: having Decisions judged again, which opens them.
Resource = Literal["records", "actors", "exports", "log", "replays"]
# Of every namespace, and of what has none.
EVERYWHERE: Final = ""
MAX_TOKEN: Final = 16 * 1024


class NotKnownError(TrailError):
    """Nobody that is known: no token, or one that does not count."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is known. name: as who vouches for them says it, with who that is."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""


class Authenticator(Protocol):
    """Knows callers by their tokens."""

    def caller(self, token: bytes) -> Caller | None:
        """Whose token it is; None where it is of a kind that is not known here. Raises NotKnownError where it does not count."""
        ...


class Rights(Protocol):
    """Says what callers may do."""

    def allows(self, caller: Caller, resource: Resource, namespace: str) -> bool:
        """May they? namespace: EVERYWHERE, or a name. Raises TrailError where nobody can say: then they may not."""
        ...
