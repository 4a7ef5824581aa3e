"""Which kinds decide: Gatekeeper's and Lockgate's own, told apart by group and kind."""

from typing import Final

from lockgate.engine.gvk import GroupVersionKind
from lockgate.gatekeeper.constraint import GROUP as CONSTRAINTS
from lockgate.gatekeeper.exemptions.kinds import API_VERSION, EXEMPTION, EXEMPTION_POLICY
from lockgate.gatekeeper.exemptions.kinds import GROUP as EXEMPTIONS
from lockgate.gatekeeper.external_data.kinds import FIXTURES_GROUP, FIXTURES_KIND
from lockgate.gatekeeper.promotions.kinds import ENVIRONMENT_MAP, PROMOTION_POLICY
from lockgate.gatekeeper.promotions.kinds import GROUP as PROMOTIONS
from lockgate.gatekeeper.quotas.kinds import DEVICE_QUOTA
from lockgate.gatekeeper.quotas.kinds import GROUP as QUOTAS
from lockgate.gatekeeper.sync import CONFIG_GROUP, SYNCSET_GROUP
from lockgate.gatekeeper.template import EXPANSION, EXPANSION_GROUP, KIND, PROVIDERS_GROUP
from lockgate.gatekeeper.template import GROUP as TEMPLATES

NAMESPACE: Final = GroupVersionKind("", "v1", "Namespace")
# By group and kind: of any version.
_SETTINGS: Final = frozenset(
    {
        (CONFIG_GROUP, "Config"),
        (SYNCSET_GROUP, "SyncSet"),
        (EXPANSION_GROUP, EXPANSION),
        (PROVIDERS_GROUP, "Provider"),
    }
)
_EXEMPTIONS: Final = frozenset({(EXEMPTIONS, EXEMPTION), (EXEMPTIONS, EXEMPTION_POLICY)})
_PROMOTIONS: Final = frozenset({(PROMOTIONS, PROMOTION_POLICY), (PROMOTIONS, ENVIRONMENT_MAP)})


def is_setting(kind: GroupVersionKind) -> bool:
    """Does the kind say what else decides beside templates and constraints?"""
    return (kind.group, kind.kind) in _SETTINGS


def is_exempting(kind: GroupVersionKind) -> bool:
    """Is it about exemptions?"""
    return (kind.group, kind.kind) in _EXEMPTIONS


def is_promoting(kind: GroupVersionKind) -> bool:
    """Is it about promotions?"""
    return (kind.group, kind.kind) in _PROMOTIONS


def is_answering(kind: GroupVersionKind) -> bool:
    """Does it say what providers of external data answer? It decides too, but no cluster is asked for it."""
    return (kind.group, kind.kind) == (FIXTURES_GROUP, FIXTURES_KIND)


def is_exemption_policy_kind(kind: GroupVersionKind) -> bool:
    """Does it restrict exemptions?"""
    return (kind.group, kind.kind) == (EXEMPTIONS, EXEMPTION_POLICY)


def is_template_kind(kind: GroupVersionKind) -> bool:
    """Is it the ConstraintTemplate?"""
    return (kind.group, kind.kind) == (TEMPLATES, KIND)


def is_constraint_kind(kind: GroupVersionKind) -> bool:
    """Is it a kind of constraints?"""
    return kind.group == CONSTRAINTS


def is_quota_kind(kind: GroupVersionKind) -> bool:
    """Is it the DeviceQuota?"""
    return (kind.group, kind.kind) == (QUOTAS, DEVICE_QUOTA)


def is_deciding(kind: GroupVersionKind) -> bool:
    """Do objects of the kind decide?"""
    return (
        is_template_kind(kind)
        or is_constraint_kind(kind)
        or is_setting(kind)
        or is_exempting(kind)
        or is_promoting(kind)
    )


def exemption_kinds() -> tuple[GroupVersionKind, GroupVersionKind]:
    """The kinds about exemptions, in the version that there is."""
    version = API_VERSION.rpartition("/")[2]
    return (
        GroupVersionKind(EXEMPTIONS, version, EXEMPTION),
        GroupVersionKind(EXEMPTIONS, version, EXEMPTION_POLICY),
    )
