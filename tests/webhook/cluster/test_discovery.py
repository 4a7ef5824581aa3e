"""Which of the served kinds are watched, and which are known to have no objects."""

import pytest
from lockgate.engine.gvk import GroupVersionKind, parse_gvk
from lockgate.gatekeeper.inventory_needs import InventoryNeeds, Requirement, inventory_read
from lockgate.webhook.cluster.discovery import PoliciesFrom, choose, serves_templates, unserved
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.serving.live_state import Needs

from tests.webhook.serving.builders import kinds

SERVED = [
    "v1/Namespace",
    "v1/Service",
    "v1/Pod",
    "apps/v1/Deployment",
    "templates.gatekeeper.sh/v1beta1/ConstraintTemplate",
    "templates.gatekeeper.sh/v1/ConstraintTemplate",
    "constraints.gatekeeper.sh/v1alpha1/Probe",
    "constraints.gatekeeper.sh/v1beta1/Probe",
    "config.gatekeeper.sh/v1alpha1/Config",
    "exemptions.lockgate.dev/v1alpha1/Exemption",
    "promotion.lockgate.dev/v1alpha1/PromotionPolicy",
    "promotion.lockgate.dev/v1alpha1/EnvironmentMap",
    "breakglass.lockgate.dev/v1alpha1/BreakGlass",
    "networking.k8s.io/v1/Ingress",
]
DECIDING = {
    "templates.gatekeeper.sh/v1/ConstraintTemplate",
    "constraints.gatekeeper.sh/v1beta1/Probe",
    "config.gatekeeper.sh/v1alpha1/Config",
    "exemptions.lockgate.dev/v1alpha1/Exemption",
    "promotion.lockgate.dev/v1alpha1/PromotionPolicy",
    "promotion.lockgate.dev/v1alpha1/EnvironmentMap",
}
SERVICES = InventoryNeeds((inventory_read(("namespace", None, "v1", "Service")),))
INGRESSES = InventoryNeeds((inventory_read(("namespace", None, None, "Ingress")),))
EVERYTHING = InventoryNeeds((inventory_read(()),))


def resources() -> list[Resource]:
    made = [parse_gvk(name) for name in SERVED]
    return [
        Resource(kind, f"/{kind}", kind.kind in ("Service", "Pod", "Deployment", "Ingress"))
        for kind in made
        if kind
    ]


@pytest.mark.parametrize(
    ("needs", "policies_from", "others", "inventory"),
    [
        (Needs(), "cluster", DECIDING, ()),
        (Needs(), "files", (), ()),
        (Needs(SERVICES), "cluster", {*DECIDING, "v1/Service"}, {"v1/Service"}),
        (Needs(SERVICES), "files", {"v1/Service"}, {"v1/Service"}),
        (Needs(INGRESSES), "files", {"networking.k8s.io/v1/Ingress"}, {"networking.k8s.io/v1/Ingress"}),
        (Needs(SERVICES, frozenset()), "files", (), ()),
        (Needs(EVERYTHING), "files", (), ()),
        (Needs(EVERYTHING, kinds("v1/Pod", "v2/None")), "files", {"v1/Pod"}, {"v1/Pod"}),
    ],
)
def test_the_best_version_of_what_decides_and_what_policies_read(
    needs: Needs, policies_from: PoliciesFrom, others: set[str], inventory: set[str]
) -> None:
    wanted, found = choose(resources(), needs, policies_from)
    always = {"v1/Namespace", "breakglass.lockgate.dev/v1alpha1/BreakGlass"}
    assert {*map(str, wanted)} == {*always, *others}
    assert {*map(str, found)} == {*inventory}
    assert all(resource.kind == kind for kind, resource in wanted.items())


def test_what_nobody_serves_has_no_objects() -> None:
    secrets = GroupVersionKind("secrets.io", "v1", "SecretClass")
    needs = Needs(
        InventoryNeeds(
            (
                inventory_read(("cluster", "old/v1", "Gone")),
                inventory_read(("cluster", None, "Any")),
                inventory_read(("namespace", None, "v1", "Service")),
            ),
            (Requirement(frozenset({secrets})),),
        )
    )
    assert unserved(resources(), needs, ()) == {secrets, GroupVersionKind("old", "v1", "Gone")}
    # Whether there are any cannot be told of a group that does not answer.
    assert unserved(resources(), needs, ["old"]) == {secrets}


def test_templates_are_served_or_not() -> None:
    assert serves_templates(resources())
    assert not serves_templates([one for one in resources() if one.kind.kind != "ConstraintTemplate"])


def device_resources(*versions: str) -> list[Resource]:
    names = [
        f"resource.k8s.io/{version}/{kind}"
        for version in versions
        for kind in ("DeviceClass", "ResourceSlice")
    ]
    return [Resource(kind, f"/{kind}", False) for name in names if (kind := parse_gvk(name))]


@pytest.mark.parametrize(
    ("served", "best"),
    [
        (("v1beta1", "v1", "v1beta2"), "v1"),
        (("v1beta1", "v1beta2"), "v1beta2"),
        (("v1alpha3", "v1beta1"), "v1beta1"),
    ],
)
@pytest.mark.parametrize("synced", [None, frozenset()])
def test_devices_are_watched_in_one_version(
    served: tuple[str, ...], best: str, synced: frozenset[GroupVersionKind] | None
) -> None:
    needs = Needs(synced=synced, devices=True)
    wanted, inventory = choose(device_resources(*served), needs, "files")
    assert (
        wanted.keys()
        == inventory
        == set(kinds(f"resource.k8s.io/{best}/DeviceClass", f"resource.k8s.io/{best}/ResourceSlice"))
    )
    assert not unserved(device_resources(*served), needs, ()) & inventory
    assert choose(device_resources(*served), Needs(), "files")[0] == {}


def test_where_no_version_is_served_there_are_no_devices() -> None:
    needs = Needs(devices=True)
    assert {kind.kind for kind in unserved((), needs, ())} == {"DeviceClass", "ResourceSlice"}
    assert unserved(device_resources("v1beta1"), needs, ()) == frozenset()
    assert unserved((), needs, ("resource.k8s.io",)) == frozenset()
