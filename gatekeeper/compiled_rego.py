"""What the Rego of a template compiles to."""

from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.program import Program
from lockgate.gatekeeper.inventory_needs import InventoryRead
from lockgate.gatekeeper.problems import Lint

ENTRY_POINT: Final = "data.template.violation"
INVENTORY: Final = "inventory"
EXTERNAL_DATA: Final = "external_data"
# Characters of libraries in common from which on templates share a program: what is compiled together is compiled again
# together.
LEAST_SHARED: Final = 4_000
# What Gatekeeper's templates may use.
TEMPLATE_CAPABILITIES: Final = Capabilities(external_data=True)


@record
class RegoTemplate:
    """A compiled template. `reads` are the fields of `input.review` among OUTSIDE_FIELDS that it refers to.

    inventory: what its references to the inventory may reach; none when it has no such reference.
    """

    program: Program
    reads: frozenset[str]
    inventory: tuple[InventoryRead, ...]
    lints: tuple[Lint, ...]
