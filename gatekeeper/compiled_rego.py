"""What the Rego of a template compiles to."""

from dataclasses import dataclass
from typing import Final

from lockgate.engine.rego.program import Program
from lockgate.gatekeeper.problems import Lint

ENTRY_POINT: Final = "data.template.violation"
INVENTORY: Final = "inventory"


@dataclass(frozen=True, slots=True)
class RegoTemplate:
    """A compiled template. `reads` are the fields of `input.review` among OUTSIDE_FIELDS that it refers to."""

    program: Program
    reads: frozenset[str]
    lints: tuple[Lint, ...]
