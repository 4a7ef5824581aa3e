"""What a server decides with at a moment: one value, replaced as a whole."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.kinds import DEVICE_KINDS
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
    from lockgate.engine.devices.shelf import Devices
    from lockgate.engine.external_data import Providers
    from lockgate.engine.policy import PolicySet
    from lockgate.engine.rego.specialise import Later
    from lockgate.gatekeeper.external_data.answering import Offered
    from lockgate.gatekeeper.external_data.provider import Provider
    from lockgate.gatekeeper.loader import Loaded
    from lockgate.webhook.serving.live_promotions import PromotionsNow
    from lockgate.webhook.serving.live_quotas import QuotasNow


Provide = Callable[["Sequence[Provider]"], "Providers | None"]


@record
class Needs:
    """Which kinds the policies want to know in full. synced: None unless a Config or SyncSet names them.

    devices: the provider of devices is asked, or offered: whatever is synced, it wants its kinds, in one version each.
    quotas: objects are held to DeviceQuotas. living: what runs in Namespaces is judged when their environment rises.
    """

    inventory: InventoryNeeds = InventoryNeeds()
    synced: frozenset[GroupVersionKind] | None = None
    devices: bool = False
    quotas: bool = False
    living: bool = False

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

    def wants_for_devices(self, kind: GroupVersionKind) -> bool:
        """Does the provider of devices answer from objects of the kind?"""
        return self.devices and kind in DEVICE_KINDS


@record
class LiveState:
    """A Gate with the Namespaces by name, and what is wrong with objects. Its Gate's clock is at nought.

    digest: SHA-256 (hex) over all that decides. created: the objects that decide and are in force. templates: those that
    compile, by kind. is_remote: other servers evaluate policies. in_process: the providers of external
    data that answer here. answering: who answers for all but devices, for comparison by identity, which knows of no change of a Namespace; devices: what is known
    of devices, None where nobody asks. quotas: those that objects are held to, None where there is none.
    promotions: what is in force about promotions, None where nothing is about them. living: what runs, by namespace, as it is now and not
    as it was; empty where nobody wants to know.
    """

    gate: Gate
    namespaces: Mapping[str, dict[str, Value]]
    problems: Mapping[ObjectKey, tuple[LiveProblem, ...]]
    created: frozenset[ObjectKey]
    templates: tuple[Template, ...]
    needs: Needs
    digest: str
    in_process: "Offered"
    answering: object = None
    devices: "Devices | None" = None
    is_remote: bool = False
    quotas: "QuotasNow | None" = None
    promotions: "PromotionsNow | None" = None
    living: Mapping[str, Mapping[ObjectKey, dict[str, Value]]] = field(default_factory=dict)


@record
class LiveSettings:
    """How a server compiles and evaluates. provide: who answers for external data, given the cluster's Providers.

    point: the enforcement point that constraints' actions are taken for; at Gatekeeper's audit live objects are judged.
    place: makes the policies that are in force of what was loaded, where other servers evaluate some of them.
    offers: providers that answer in this process are offered to others, whether or not a policy here asks them.
    later: has constraints' own code made while reviews go on; None for who lets the review that asks for it wait.
    ledger_cluster: the cluster's name in the ledger of quotas; "" where objects are held to none. cluster_name: as an
    EnvironmentMap calls it, "" where nobody said. living: what runs is wanted, for Namespaces whose environment rises.
    """

    engine: EngineChoice = "default"
    cache: CodeCache | None = None
    limits: Limits = Limits()
    provide: "Provide | None" = None
    point: EnforcementPoint = "validation.gatekeeper.sh"
    place: "Callable[[Loaded], PolicySet] | None" = None
    offers: bool = False
    later: "Later | None" = None
    ledger_cluster: str = ""
    cluster_name: str = ""
    living: bool = False
