"""The inventory that a check judges with: from the checked tree, from snapshots, or from a live cluster.

It is made only where a policy reads it, and keeps only what those policies can reach. Kinds count as *covered* where
the source tells that it has every object of them: a snapshot covers the kinds that it has objects or a typed empty
List of, and those that the user names. A policy that needs another kind is not evaluated.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.devices.kinds import DEVICE_CLASS, DEVICE_KINDS, RESOURCE_SLICE
from lockgate.engine.devices.shelf import Shelf
from lockgate.engine.errors import InputError, UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.masking.masker import masker_of
from lockgate.engine.masking.secret_values import SecretValues, collect_value
from lockgate.engine.record import record
from lockgate.gatekeeper.inventory import InventoryBuilder, inventory_place, scope_of
from lockgate.gatekeeper.inventory_needs import CLUSTER as OF_CLUSTER
from lockgate.gatekeeper.inventory_needs import InventoryNeeds, InventoryRead
from lockgate.gatekeeper.sync import Sync, namespace_of
from lockgate.webhook.config import InventoryRequest
from lockgate.webhook.inventory_files import read_snapshot
from lockgate.webhook.inventory_objects import Inventory, NoneOf, Present, Told
from lockgate.webhook.inventory_request import CLUSTER, TREE

# Kinds that a remark names.
_MOST_NAMED: Final = 10
_SECRET: Final = GroupVersionKind("", "v1", "Secret")
_DEVICES: Final = InventoryNeeds(
    tuple([InventoryRead(OF_CLUSTER, kind.api_version, kind.kind) for kind in sorted(DEVICE_KINDS)])
)


@record
class Listed:
    """What a live cluster was asked for: kinds, each of which it has told in full, at a resourceVersion by kind."""

    kinds: frozenset[GroupVersionKind]
    objects: list[dict[str, Value]]
    versions: tuple[tuple[str, str], ...]


# Lists, of a context ("" for the current one), the kinds that the needs and the named ones ask for.
ListCluster = Callable[[str, InventoryNeeds, frozenset[GroupVersionKind] | None], Listed]


@record
class Sources:
    """How each source is read. tree: the objects of the checked tree. place: where the file of a path is read.

    cwd: what shown paths count from. trusts_tree: the tree may tell which devices there are; a change that is judged must not.
    """

    tree: Callable[[], Iterable[Told]]
    place: Callable[[str], str]
    list_cluster: ListCluster
    cwd: str
    trusts_tree: bool = True


class _Gathering:
    """Takes objects from sources, and keeps what policies can reach and Gatekeeper would sync."""

    def __init__(self, needs: InventoryNeeds, sync: Sync, shelf: Shelf | None) -> None:
        self.needs = needs
        self.sync = sync
        # Takes what tells of devices, whatever is synced; None where no policy asks about them.
        self.shelf = shelf
        self.shelved: set[GroupVersionKind] = set()
        self.takes_devices = True
        self.builder = InventoryBuilder()
        self.told: set[GroupVersionKind] = set()
        self.unplaced: set[GroupVersionKind] = set()
        self.secrets: SecretValues | None = None
        self.notices: list[str] = []

    def take(self, value: dict[str, Value], source: str) -> None:
        """Takes one object. Raises UsageError when it has no version or kind."""
        try:
            kind, namespace, name = inventory_place(value)
        except InputError as error:
            raise UsageError(f"the inventory from {source}: {error.message}") from error
        self.told.add(kind)
        if kind in DEVICE_KINDS and self.shelf is not None and self.takes_devices:
            self.shelf.put(kind, name, value)
            self.shelved.add(kind)
        if not self.needs.reaches(scope_of(namespace), kind):
            return
        synced = self.sync.synced
        if (synced is not None and kind not in synced) or self.sync.is_excluded(
            "sync", namespace_of(value, namespace)
        ):
            return
        if kind == _SECRET:
            self.secrets = SecretValues() if self.secrets is None else self.secrets
            collect_value(value, self.secrets, 0)
        self.builder.add(value)

    def take_all(self, told: Iterable[Told], source: str) -> None:
        """Takes all that a source tells."""
        for found in told:
            if isinstance(found, Present):
                self.take(found.value, source)
            elif isinstance(found, NoneOf):
                self.told.add(found.kind)
                if self.takes_devices:
                    self.shelved.add(found.kind)
            else:
                self.unplaced.add(found.kind)

    def covered(self, named: Iterable[GroupVersionKind]) -> frozenset[GroupVersionKind]:
        """The kinds of which the inventory has every object."""
        kinds = (self.told | set(named)) - self.unplaced
        return frozenset(kinds if self.sync.synced is None else kinds & self.sync.synced)


def load_inventory(
    request: InventoryRequest,
    needs: InventoryNeeds,
    sync: Sync,
    sources: Sources,
    shelf: Shelf | None = None,
) -> Inventory:
    """The inventory that was asked for. shelf: takes what tells of devices, where a policy asks about them.

    Raises LockgateError for a source that cannot be read.
    """
    gathering = _Gathering(needs, sync, shelf)
    for source in request.sources:
        name, _, context = source.partition(":")
        if source == TREE:
            gathering.takes_devices = sources.trusts_tree
            gathering.take_all(sources.tree(), "the tree")
            gathering.takes_devices = True
        elif name == CLUSTER:
            if needs.reads:
                _take_listed(gathering, sources.list_cluster(context, needs, _wanted(sync, request)))
            if shelf is not None:
                _take_listed(gathering, sources.list_cluster(context, _DEVICES, None))
        else:
            gathering.take_all(read_snapshot(sources.place(source), sources.cwd), source)
    builder = gathering.builder
    facts = builder.facts(gathering.covered(request.kinds))
    if shelf is not None:
        shelf.cover(frozenset(gathering.shelved | set(request.kinds)))
    return Inventory(
        facts,
        tuple(_notices(gathering)),
        None if gathering.secrets is None else masker_of(gathering.secrets),
        None if shelf is None else shelf.devices(),
    )


def _take_listed(gathering: _Gathering, listed: Listed) -> None:
    gathering.told |= listed.kinds
    gathering.shelved |= listed.kinds
    gathering.take_all(map(Present, listed.objects), "the cluster")
    gathering.notices += [f"{kind} from the cluster, resourceVersion {at}" for kind, at in listed.versions]


def _wanted(sync: Sync, request: InventoryRequest) -> frozenset[GroupVersionKind] | None:
    """The kinds that a cluster is asked for; None leaves it to the policies' needs."""
    if sync.synced is not None:
        return sync.synced
    return frozenset(request.kinds) or None


def _notices(gathering: _Gathering) -> Iterator[str]:
    builder = gathering.builder
    yield from dict.fromkeys(gathering.notices)
    if gathering.shelf is not None:
        counts = [gathering.shelf.count(kind) for kind in (DEVICE_CLASS, RESOURCE_SLICE)]
        yield f"what devices there are is told by {counts[0]} DeviceClasses and {counts[1]} ResourceSlices"
    if not gathering.needs.reads:
        return
    kinds = [str(kind) for kind in sorted(builder.kinds)]
    more = f" and {len(kinds) - _MOST_NAMED} kinds more" if len(kinds) > _MOST_NAMED else ""
    named = f": {', '.join(kinds[:_MOST_NAMED])}{more}" if kinds else ""
    yield f"the inventory has {builder.count} objects that policies can reach{named}"
    if builder.replaced:
        yield f"{builder.replaced} objects of the inventory have the place of another one: the last counts"
