"""What the Rego of a template compiles to."""

from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.program import Program
from lockgate.gatekeeper.problems import Lint

ENTRY_POINT: Final = "data.template.violation"
INVENTORY: Final = "inventory"


@record
class RegoTemplate:
    """A compiled template. `reads` are the fields of `input.review` among OUTSIDE_FIELDS that it refers to."""

    program: Program
    reads: frozenset[str]
    lints: tuple[Lint, ...]
