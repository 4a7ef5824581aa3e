"""What was made before the rules keeps nobody from running the cluster, and is no way around them.

Controllers add and take away finalizers, write status, and take old ReplicaSets down; on a real API server in
`tests/e2e/test_claims_cluster.py`.
"""

from typing import Any

import pytest

from tests.bypasses.gate import Gate, gate
from tests.bypasses.test_claims import (
    CLASS,
    OTHER,
    SCHEDULER,
    Json,
    claim,
    container,
    exactly,
    pod,
    policies,
    resources,
    said,
    template,
)

OTHER_RESOURCE = f"deviceclass.resource.kubernetes.io/{OTHER}"


@pytest.fixture(scope="module")
def rules() -> Gate:
    return gate(*policies())


def replicas(number: int, name: str = OTHER_RESOURCE) -> Json:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "r", "namespace": "team-a"},
        "spec": {
            "replicas": number,
            "selector": {},
            "template": {"metadata": {}, "spec": resources(name)},
        },
    }


# Every rule that would refuse it if it came now.
BEFORE: dict[str, tuple[Json, set[str]]] = {
    "class": (claim(exactly(OTHER)), {"approved-device-classes"}),
    "template": (template(exactly(OTHER)), {"approved-device-classes"}),
    "count": (claim(exactly(count=31)), {"device-counts"}),
    "all": (claim(exactly(allocationMode="All")), {"device-counts"}),
    "administrator": (claim(exactly(adminAccess=True)), {"admin-access"}),
    "toleration": (claim(exactly(tolerations=[{"operator": "Exists"}])), {"device-tolerations"}),
    "selector": (claim(exactly(selectors=[{"cel": {"expression": "true"}}])), {"approved-selectors"}),
    "configuration": (
        claim(exactly(), devices={"config": [{"opaque": {"driver": "x.example.com", "parameters": {}}}]}),
        {"driver-config"},
    ),
    "privileged": (
        pod({"containers": [container(securityContext={"privileged": True})]}),
        {"undeclared-device-access"},
    ),
    "unknown claim": (
        pod({"resourceClaims": [{"name": "gpu", "source": {"resourceClaimName": "x"}}], "containers": []}),
        {"claim-references"},
    ),
    "class of its own": (
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": "mine"},
            "spec": {"selectors": [{"cel": {"expression": "true"}}]},
        },
        {"pinned-device-classes"},
    ),
    "slice": (
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": "s"},
            "spec": {"driver": "gone.example.com", "nodeName": "n", "devices": []},
        },
        {"resource-slices"},
    ),
    "no queue": (replicas(1, f"deviceclass.resource.kubernetes.io/{CLASS}"), {"queue-name"}),
}


def marked(value: Json, **metadata: Any) -> Json:
    return {**value, "metadata": {**value["metadata"], **metadata}}


@pytest.mark.parametrize("name", BEFORE)
def test_metadata_of_what_was_there_before(name: str, rules: Gate) -> None:
    value, refused_by = BEFORE[name]
    held = marked(value, finalizers=["resource.kubernetes.io/delete-protection"])
    assert said(rules, value) >= refused_by
    assert said(rules, held, SCHEDULER, value) == set()
    assert said(rules, value, SCHEDULER, held) == set()


def test_status_of_a_claim_that_was_there_before(rules: Gate) -> None:
    value = claim(exactly(OTHER, adminAccess=True))
    given = {**value, "status": {"allocation": {"devices": {"results": []}}}}
    assert said(rules, given, SCHEDULER, value, subResource="status") == set()
    # Nobody else writes it.
    assert said(rules, given, old=value, subResource="status") == {"controller-fields"}


def test_the_old_pods_of_a_rollout_go(rules: Gate) -> None:
    assert said(rules, replicas(0), old=replicas(3)) == set()
    assert "approved-device-classes" in said(rules, replicas(4), old=replicas(3))


def asking(name: str, annotations: dict[str, str]) -> tuple[Json, Json, str]:
    """An object before and after somebody writes annotations, and what says no."""
    before = pod({"containers": [container()]})
    return before, marked(before, annotations=annotations), name


@pytest.mark.parametrize(
    ("before", "after", "refused_by"),
    [
        asking("undeclared-device-access", {"cdi.k8s.io/gpu": "nvidia.com/gpu=all"}),
        asking("undeclared-device-access", {"nvidia.cdi.k8s.io/gpu": "all"}),
        (
            pod(resources(OTHER_RESOURCE)),
            marked(pod(resources(OTHER_RESOURCE)), labels={}),
            "queue-name",
        ),
        (
            claim(exactly(OTHER)),
            claim(exactly(OTHER), exactly(CLASS)),
            "approved-device-classes",
        ),
        (
            claim(exactly(OTHER)),
            claim(exactly(OTHER), metadata={"annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"}}),
            "controller-fields",
        ),
    ],
)
def test_an_update_that_asks_for_more_is_judged(
    before: Json, after: Json, refused_by: str, rules: Gate
) -> None:
    assert refused_by in said(rules, after, old=before)


def test_nothing_but_an_update_is_one(rules: Gate) -> None:
    value = claim(exactly(OTHER))
    assert said(rules, value) == {"approved-device-classes"}
