"""What a server decides with at a moment: one value, replaced as a whole."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.inventory_needs import CLUSTER, NAMESPACE, InventoryNeeds
from lockgate.gatekeeper.template import EngineChoice, Template
from lockgate.webhook.gate import Gate
from lockgate.webhook.serving.live_problems import LiveProblem
from lockgate.webhook.serving.objects import ObjectKey

if TYPE_CHECKING:
    # Imported where there are any.
    from lockgate.engine.external_data import Providers
    from lockgate.gatekeeper.external_data.provider import Provider


@record
class Needs:
    """Which kinds the policies want to know in full. synced: None unless a Config or SyncSet names them."""

    inventory: InventoryNeeds = InventoryNeeds()
    synced: frozenset[GroupVersionKind] | None = None

    def wants(self, kind: GroupVersionKind) -> bool:
        """Are the objects of the kind to be told?

        Where nothing names the kinds, those count that a policy names, and not all that one could reach.
        """
        if not (self.inventory.reaches(CLUSTER, kind) or self.inventory.reaches(NAMESPACE, kind)):
            return False
        if self.synced is not None:
            return kind in self.synced
        return any(
            read.kind == kind.kind and read.api_version in (None, kind.api_version)
            for read in self.inventory.reads
        ) or any(kind in one.kinds for one in self.inventory.requires)


@record
class LiveState:
    """A Gate with the Namespaces by name, and what is wrong with objects. Its Gate's clock is at nought.

    digest: SHA-256 (hex) over all that decides. created: the objects that decide and are in force. templates: those that
    compile, by kind.
    """

    gate: Gate
    namespaces: Mapping[str, dict[str, Value]]
    problems: Mapping[ObjectKey, tuple[LiveProblem, ...]]
    created: frozenset[ObjectKey]
    templates: tuple[Template, ...]
    needs: Needs
    digest: str


@record
class LiveSettings:
    """How a server compiles and evaluates. provide: who answers for external data, given the cluster's Providers.

    point: the enforcement point that constraints' actions are taken for; at Gatekeeper's audit live objects are judged.
    """

    engine: EngineChoice = "default"
    cache: CodeCache | None = None
    limits: Limits = Limits()
    provide: "Callable[[Sequence[Provider]], Providers | None] | None" = None
    point: EnforcementPoint = "validation.gatekeeper.sh"
