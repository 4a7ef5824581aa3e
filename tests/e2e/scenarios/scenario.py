"""What a scenario is: a row of the table, and how kubectl words what happens in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e.cluster import ADMIN

if TYPE_CHECKING:
    from tests.e2e.scenarios.installation import Installation

Json = dict[str, Any]

WEBHOOK = "validation.lockgate.dev"


@dataclass(frozen=True, slots=True)
class Step:
    """A command of kubectl's in the scenario's namespace, and all of what its user sees then.

    given: objects for its standard input, or what makes them or their text. says: both outputs, the error output first; TIME stands for a time, PORT
    for a port of this machine, and GLASS for the name of a grant. user: who asks. first: what happens to the installation before.
    """

    command: str
    says: str
    code: int = 0
    given: "Json | Sequence[Json] | str | Callable[[Installation], str]" = ""
    user: str = ADMIN
    first: "Callable[[Installation], None] | None" = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A row. Its name is its namespace too.

    in_force: policies, beside those of the other scenarios. there: objects that were there before the webhook.
    labels: of the namespace. trail: what is recorded by the steps: each decision's outcome, operation and resource,
    and each use of an exemption or a grant.
    """

    name: str
    steps: Sequence[Step]
    in_force: Sequence[Json] = ()
    there: Sequence[Json] = ()
    labels: tuple[tuple[str, str], ...] = ()
    trail: Sequence[str] = ()


def denied(*lines: str, doing: str = 'error when creating "STDIN": ', webhook: str = WEBHOOK) -> str:
    """How kubectl shows a denial. doing: what it says before it."""
    said = "\n".join(lines)
    return f'Error from server (Forbidden): {doing}admission webhook "{webhook}" denied the request: {said}\n'


def warned(*lines: str) -> str:
    """How kubectl shows warnings."""
    return "".join([f"Warning: {line}\n" for line in lines])
