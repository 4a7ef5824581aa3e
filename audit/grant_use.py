"""A use of a break-glass grant, as it is recorded."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class GrantUse:
    """What a break-glass grant let through, though policies or a failure would have stopped it.

    resource: `group/version/kind`. subject: the object as decisions commit to it. stopped: the policies that deny it.
    reason: why it could not be judged or recorded. claimed: when it happened, of what was recorded elsewhere before.
    """

    outcome: Literal["deny", "error"]
    operation: str
    resource: str
    subject: str
    namespace: str = ""
    actor: str = ""
    policies: str = ""
    stopped: tuple[str, ...] = ()
    reason: str = ""
    claimed: str = ""
