"""More tricks to be given devices past the rules on claims: what is written where few look, in the shapes of other kinds and versions."""

import json
from typing import Any

import pytest

from tests.bypasses.gate import Gate, gate
from tests.bypasses.test_claims import (
    CLASS,
    OTHER,
    QUEUED,
    USING,
    Json,
    claim,
    container,
    exactly,
    first,
    flat,
    pod,
    policies,
    resources,
    said,
    template,
)

IMPLICIT = f"deviceclass.resource.kubernetes.io/{OTHER}"
CLASSES = "approved-device-classes"
RULES = (
    "claims/approved_device_classes",
    "claims/device_counts",
    "claims/admin_access",
    "claims/device_tolerations",
    "claims/undeclared_device_access",
)


@pytest.fixture(scope="module")
def rules() -> Gate:
    return gate(*policies(*RULES))


def of(api_version: str, kind: str, spec: Json, **fields: Any) -> Json:
    metadata = {"name": "o", "namespace": "team-a", **QUEUED}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec, **fields}


ASKING = resources(IMPLICIT)
EVASIONS: dict[str, tuple[Json, str]] = {
    "an alternative beside an honest exact request": (
        claim({**exactly(), "firstAvailable": [{"name": "a", "deviceClassName": OTHER}]}),
        CLASSES,
    ),
    "flat and exact in one request": (claim({**exactly(), "deviceClassName": OTHER}), CLASSES),
    "flat alternatives of v1beta1": (claim(first(CLASS, OTHER), version="v1beta1"), CLASSES),
    "admin access in an alternative": (claim(first(CLASS, adminAccess=True)), "admin-access"),
    "admin access as text": (claim(exactly(adminAccess="true")), "admin-access"),
    "admin access of a template in v1beta1": (
        template(flat(adminAccess=True), version="v1beta1"),
        "admin-access",
    ),
    "many alternatives that are many devices": (claim(first(CLASS, CLASS, count=9)), "device-counts"),
    "many requests of a claim": (
        claim(*[{**exactly(count=8), "name": f"r{i}"} for i in range(4)]),
        "device-counts",
    ),
    "many groups of pods": (
        of(
            "ray.io/v1",
            "RayCluster",
            {
                "workerGroupSpecs": [
                    {"replicas": 6, "template": {"spec": resources("nvidia.com/gpu")}} for _ in range(3)
                ]
            },
        ),
        "device-counts",
    ),
    "a count as text": (claim(exactly(count="1")), "device-counts"),
    "a count that is no whole number": (claim(exactly(count=1.5)), "device-counts"),
    "a mode of other letters": (claim(exactly(allocationMode="all")), "device-counts"),
    "a field of a later version": (claim(exactly(derivedAttributes=[])), CLASSES),
    "capacity in a field of its own": (claim(exactly(capacity={"limits": {"memory": "1Gi"}})), CLASSES),
    "toleration in an alternative": (
        claim(first(CLASS, tolerations=[{"operator": "Exists", "effect": "NoExecute"}])),
        "device-tolerations",
    ),
    "a class in an object": (claim(exactly({"name": CLASS})), CLASSES),  # type: ignore[arg-type]
    "a class that is empty": (claim(exactly("")), CLASSES),
    "a class with a blank": (claim(exactly(f"{CLASS} ")), CLASSES),
    "requests in an object": (claim(devices={"requests": {"gpu": exactly(OTHER)}}), CLASSES),
    "a name to be made": (
        {**claim(exactly(OTHER)), "metadata": {"generateName": "c-", "namespace": "team-a"}},
        CLASSES,
    ),
    "requests alone, of no limit": (
        pod({"containers": [container(resources={"requests": {IMPLICIT: "1"}})]}),
        CLASSES,
    ),
    "an init container": (pod({**ASKING, "containers": [], "initContainers": ASKING["containers"]}), CLASSES),
    "resources of the whole pod": (
        pod({"containers": [container()], "resources": {"limits": {IMPLICIT: 1}}}),
        CLASSES,
    ),
    "a sidecar": (
        pod(
            {
                "containers": [container()],
                "initContainers": [{**ASKING["containers"][0], "restartPolicy": "Always"}],
            }
        ),
        CLASSES,
    ),
    "a pod in an unknown kind": (of("example.com/v1", "Trainer", {"deep": {"podSpec": ASKING}}), CLASSES),
    "a claim in an AppWrapper": (
        of(
            "workload.codeflare.dev/v1beta2",
            "AppWrapper",
            {"components": [{"template": template(exactly(OTHER))}]},
        ),
        CLASSES,
    ),
    "pods of a horizontally split job": (
        of(
            "trainer.kubeflow.org/v1alpha1",
            "TrainJob",
            {"trainer": {"resourcesPerNode": {"limits": {IMPLICIT: 1}}}},
        ),
        CLASSES,
    ),
    "overrides of a train job": (
        of(
            "trainer.kubeflow.org/v1alpha1",
            "TrainJob",
            {"podTemplateOverrides": [{"targetJobs": [{"name": "node"}], "spec": ASKING}]},
        ),
        CLASSES,
    ),
    "a volume of a device": (
        pod({"containers": [container()], "volumes": [{"name": "d", "hostPath": {"path": "//dev/../dev/"}}]}),
        "undeclared-device-access",
    ),
    "devices through an ephemeral container": (
        pod(
            {
                "containers": [container()],
                "ephemeralContainers": [container(securityContext={"privileged": True})],
            }
        ),
        "undeclared-device-access",
    ),
    "another version of a kind": (of("apps/v9", "Deployment", {"template": {"spec": ASKING}}), CLASSES),
    "a Flux release": (
        of("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"values": {"extra": [claim(exactly(OTHER))]}}),
        CLASSES,
    ),
    "values of an Application": (
        of(
            "argoproj.io/v1alpha1",
            "Application",
            {"source": {"helm": {"valuesObject": {"extraObjects": [claim(exactly(OTHER))]}}}},
        ),
        CLASSES,
    ),
}


@pytest.mark.parametrize("name", EVASIONS)
def test_what_is_refused(name: str, rules: Gate) -> None:
    value, refused_by = EVASIONS[name]
    assert refused_by in said(rules, value)


WORKFLOW = {"templates": [{"name": "t", "container": container()}]}


# What a text asks for is known when pods are made of it, and judged then; who does not want to wait says `undecidable: deny`.
@pytest.mark.parametrize(
    "spec",
    [
        {**WORKFLOW, "podSpecPatch": json.dumps(ASKING)},
        {"templates": [{**WORKFLOW["templates"][0], "podSpecPatch": json.dumps(ASKING)}]},
    ],
    ids=["of a workflow", "of a template"],
)
def test_patches_of_pods(spec: Json) -> None:
    parameters = {"allowedDeviceClasses": [CLASS], "undecidable": "deny"}
    rules = gate(
        *policies("claims/approved_device_classes", **{"claims/approved_device_classes": parameters})
    )
    assert said(rules, of("argoproj.io/v1alpha1", "Workflow", spec)) == {CLASSES}


@pytest.mark.parametrize(
    "value",
    [
        claim(exactly()),
        claim(flat(), version="v1beta1"),
        claim(first(CLASS, CLASS)),
        claim(*[{**exactly(count=8), "name": f"r{i}"} for i in range(2)]),
        claim(first(CLASS, CLASS, count=8), exactly(count=8)),
        claim(exactly(capacity={"requests": {"memory": "1Gi"}})),
        pod(USING),
    ],
)
def test_what_is_honest(value: Json, rules: Gate) -> None:
    assert said(rules, value) == set()
