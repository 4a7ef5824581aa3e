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
    "breakglass.lockgate.dev/v1alpha1/BreakGlass",
    "networking.k8s.io/v1/Ingress",
]
DECIDING = {
    "templates.gatekeeper.sh/v1/ConstraintTemplate",
    "constraints.gatekeeper.sh/v1beta1/Probe",
    "config.gatekeeper.sh/v1alpha1/Config",
    "exemptions.lockgate.dev/v1alpha1/Exemption",
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
