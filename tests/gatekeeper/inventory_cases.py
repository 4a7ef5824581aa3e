"""What policies find under `data.inventory`: facts, each of which `make e2e` puts to the real gator too."""

from dataclasses import dataclass

from tests.gatekeeper.workbench import Json, manifest


@dataclass(frozen=True, slots=True)
class InventoryCase:
    """The body of a rule, the inventory, and whether the body holds."""

    name: str
    body: str
    inventory: tuple[Json, ...]
    holds: bool


NODE = manifest("Node", "n", labels={"big": 12345678, "half": 1.5, "whole": 2.0})
POD = manifest("Pod", "p", namespace="shop")
ROLE = manifest("Role", "r", group="rbac.authorization.k8s.io/v1", namespace="shop")
SHOP = manifest("Namespace", "shop")

INVENTORY_CASES: tuple[InventoryCase, ...] = (
    InventoryCase("nothing, the whole", "data.inventory == {}", (), True),
    InventoryCase("nothing, a half of it", "data.inventory.cluster", (), False),
    InventoryCase("nothing, negated", "not data.inventory.namespace", (), True),
    InventoryCase(
        "the whole",
        'data.inventory == {"cluster": {"v1": {"Namespace": {"shop": {"apiVersion": "v1", "kind": "Namespace", '
        '"metadata": {"name": "shop"}}}}}}',
        (SHOP,),
        True,
    ),
    InventoryCase("halves", "count(data.inventory) == 2; data.inventory[_].v1.Node", (NODE, POD), True),
    InventoryCase("one half only", "count(data.inventory) == 1; not data.inventory.namespace", (NODE,), True),
    InventoryCase("by its place", 'data.inventory.cluster.v1.Node.n.metadata.name == "n"', (NODE,), True),
    InventoryCase("in a namespace", "data.inventory.namespace.shop.v1.Pod.p", (POD,), True),
    InventoryCase("not elsewhere", "data.inventory.cluster.v1.Pod.p", (POD,), False),
    InventoryCase(
        "a group has its version in one key",
        'data.inventory.namespace[_]["rbac.authorization.k8s.io/v1"].Role.r',
        (ROLE,),
        True,
    ),
    InventoryCase("a Namespace is of the cluster", "data.inventory.cluster.v1.Namespace.shop", (SHOP,), True),
    InventoryCase(
        "integers", "data.inventory.cluster.v1.Node.n.metadata.labels.big == 12345678", (NODE,), True
    ),
    InventoryCase(
        "fractions stay",
        'sprintf("%v", [data.inventory.cluster.v1.Node.n.metadata.labels.half]) == "1.5"',
        (NODE,),
        True,
    ),
    InventoryCase(
        "whole floats are integers",
        'sprintf("%v", [data.inventory.cluster.v1.Node.n.metadata.labels.whole]) == "2"',
        (NODE,),
        True,
    ),
    InventoryCase("kinds are counted", "count(data.inventory.namespace.shop) == 2", (POD, ROLE), True),
    InventoryCase(
        "the later of two with one place wins",
        'data.inventory.cluster.v1.Node.n.metadata.labels.a == "2"',
        (manifest("Node", "n", labels={"a": "1"}), manifest("Node", "n", labels={"a": "2"})),
        True,
    ),
)
