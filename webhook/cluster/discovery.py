"""Which kinds the API server serves, of those that decide and of those that policies read.

A group that cannot be asked for (an extension server that is down) hides nothing: what was watched of it stays so.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.devices.kinds import VERSIONS as _DEVICES
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.gatekeeper.inventory_needs import CLUSTER, NAMESPACE
from lockgate.webhook.cluster.inventory import Resource, Server
from lockgate.webhook.serving.live_grants import is_about_grants
from lockgate.webhook.serving.live_state import Needs
from lockgate.webhook.serving.policy_kinds import NAMESPACE as NAMESPACE_KIND
from lockgate.webhook.serving.policy_kinds import is_deciding, is_quota_kind, is_template_kind
from lockgate.webhook.serving.raised_namespaces import is_workload

# Where what decides comes from. Namespaces and the inventory are the cluster's either way. Where it was promoted, what the
# cluster has in its place is watched, and compared.
PoliciesFrom = Literal["cluster", "files", "promoted"]

# The best first: the newest that Gatekeeper stores.
_VERSIONS: Final = ("v1", "v1beta1", "v1alpha1")


@record
class Discovered:
    """What is served. failed: groups with a version that could not be asked for, and why."""

    resources: tuple[Resource, ...]
    failed: tuple[tuple[str, str], ...]


def discover(server: Server) -> Discovered:
    """Asks for everything. Raises UsageError where not even the groups are told."""
    resources: list[Resource] = []
    failed: list[tuple[str, str]] = []
    for group in server.groups():
        try:
            resources += server.resources_of(group)
        except UsageError as error:
            failed.append((group.name, error.message))
    return Discovered(tuple(resources), tuple(failed))


def choose(
    resources: Iterable[Resource], needs: Needs, policies_from: PoliciesFrom
) -> tuple[dict[GroupVersionKind, Resource], frozenset[GroupVersionKind]]:
    """The resources to watch, by kind; and those kinds of them that policies find in the inventory, or hear of devices from."""
    wanted: dict[GroupVersionKind, Resource] = {}
    best: dict[tuple[str, str], Resource] = {}
    devices: dict[tuple[str, str], Resource] = {}
    living: dict[tuple[str, str], Resource] = {}
    inventory: set[GroupVersionKind] = set()
    for resource in resources:
        kind = resource.kind
        if kind == NAMESPACE_KIND:
            wanted[kind] = resource
        # Who may break the glass, and does, is asked of the cluster wherever policies come from.
        if (
            is_about_grants(kind)
            or (policies_from != "files" and is_deciding(kind))
            or ((needs.quotas or policies_from == "promoted") and is_quota_kind(kind))
        ):
            named = (kind.group, kind.kind)
            if named not in best or _rank(kind) < _rank(best[named].kind):
                best[named] = resource
        if needs.living and resource.is_namespaced and is_workload(kind):
            named = (kind.group, kind.kind)
            if named not in living or _rank(kind) < _rank(living[named].kind):
                living[named] = resource
        if needs.wants_for_devices(kind):
            named = (kind.group, kind.kind)
            if named not in devices or _DEVICES.index(kind.version) < _DEVICES.index(
                devices[named].kind.version
            ):
                devices[named] = resource
        if needs.wants(kind) and needs.inventory.reaches(
            NAMESPACE if resource.is_namespaced else CLUSTER, kind
        ):
            wanted[kind] = resource
            inventory.add(kind)
    wanted.update({resource.kind: resource for resource in (*best.values(), *living.values())})
    for resource in devices.values():
        wanted[resource.kind] = resource
        inventory.add(resource.kind)
    return wanted, frozenset(inventory)


def _rank(kind: GroupVersionKind) -> int:
    return _VERSIONS.index(kind.version) if kind.version in _VERSIONS else len(_VERSIONS)


def unserved(
    resources: Sequence[Resource], needs: Needs, failed: Iterable[str]
) -> frozenset[GroupVersionKind]:
    """Kinds that policies read and nobody serves: all objects of them are known, since there can be none.

    Kinds of a group that could not be asked for are none of these.
    """
    served = {resource.kind for resource in resources}
    hidden = set(failed)
    named = set().union(*[one.kinds for one in needs.inventory.requires])
    for read in needs.inventory.reads:
        if read.api_version is not None and read.kind is not None:
            group, _, version = read.api_version.rpartition("/")
            named.add(GroupVersionKind(group, version, read.kind))
    if needs.devices:
        # One version tells of all; where none is served there are no devices.
        there = {kind.kind for kind in served & DEVICE_KINDS}
        named |= {kind for kind in DEVICE_KINDS if kind.kind not in there}
    return frozenset([kind for kind in named if kind not in served and kind.group not in hidden])


def serves_templates(resources: Iterable[Resource]) -> bool:
    """Can there be ConstraintTemplates?"""
    return any(is_template_kind(resource.kind) for resource in resources)
