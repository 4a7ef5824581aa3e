"""The rules on claims in front of a real API server: what a user of kubectl sees, and the later points that decide what an earlier
one cannot (the numbers are those of `tests/bypasses/test_claims.py`).

There is no controller here: an account of its name does what it would do.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bypasses.test_claims import (
    CLAIM_CONTROLLER,
    CLASS,
    OTHER,
    SCHEDULER,
    USING,
    claim,
    exactly,
    flat,
    pod,
    policies,
    resources,
    template,
)
from tests.e2e.cluster import MASTERS, Cluster, kubectl, running_cluster
from tests.e2e.scenarios.beside import webhook_for
from tests.e2e.serving_cluster import apply_values, until
from tests.webhook.serving.server_processes import Json, running_server, write_policies

pytestmark = pytest.mark.e2e

NAMESPACE = "team-a"
ARGO = "system:serviceaccount:argo:controller"
DRIVER = "nvidia"
VERSIONS = ("--runtime-config=resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=true",)
RULES = (
    "claims/approved_device_classes",
    "claims/admin_access",
    "claims/controller_fields",
    "claims/resource_slices",
    "claims/undeclared_device_access",
)
SENT = [
    "pods",
    "pods/ephemeralcontainers",
    "resourceclaims",
    "resourceclaims/status",
    "resourceclaimtemplates",
    "resourceslices",
    "workflows",
]
# As much of Argo's definition as an API server needs to keep a Workflow.
WORKFLOWS: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "workflows.argoproj.io"},
    "spec": {
        "group": "argoproj.io",
        "scope": "Namespaced",
        "names": {"kind": "Workflow", "plural": "workflows"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with these rules in force."""
    folder: Path = tmp_path_factory.mktemp("claims")
    users = {
        CLAIM_CONTROLLER: MASTERS,
        ARGO: MASTERS,
        SCHEDULER: MASTERS,
        DRIVER: MASTERS,
        "mallory": MASTERS,
        "monitor": MASTERS,
    }
    with (
        running_cluster(users, VERSIONS) as made,
        running_server(folder, write_policies(folder, *policies(*RULES))) as server,
    ):
        labels = {"resource.kubernetes.io/admin-access": "true"}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
        assert apply_values(made, space, WORKFLOWS) == (0, "")
        old = named(claim(exactly(OTHER, adminAccess=True)), "old")
        assert apply_values(made, old) == (0, "")
        hook = webhook_for(server, NAMESPACE, "/v1/admit")
        hook["webhooks"][0]["rules"][0].update({"apiGroups": ["*"], "resources": SENT})
        assert apply_values(made, hook) == (0, "")
        denied = named(claim(exactly(OTHER)), "first")
        until(lambda: "[approved-device-classes]" in create(made, denied), lambda: create(made, denied))
        yield made


def named(value: Json, name: str) -> Json:
    return {**value, "metadata": {**value["metadata"], "name": name}}


def create(cluster: Cluster, value: Json, user: str = "mallory", *options: str) -> str:
    """What kubectl says."""
    done = kubectl(cluster, "create", *options, "-f", "-", given=json.dumps(value), user=user)
    return done.stdout + done.stderr


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])
def test_a_user_sees_the_same_in_every_version(cluster: Cluster, version: str) -> None:
    shape = flat if version == "v1beta1" else exactly
    said = create(cluster, named(claim(shape(OTHER), version=version), f"other-{version}"))
    assert "[approved-device-classes] DeviceClass is not approved at spec.devices.requests[0]." in said
    assert f"({OTHER}); approved are: {CLASS}; fix: set deviceClassName to {CLASS}" in said
    said = create(cluster, named(template(shape(OTHER), version=version), f"other-{version}"))
    assert "[approved-device-classes]" in said
    said = create(cluster, named(claim(shape(), version=version), f"honest-{version}"))
    assert said == f"resourceclaim.resource.k8s.io/honest-{version} created\n"


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])
def test_b3_administrators_are_named(cluster: Cluster, version: str) -> None:
    shape = flat if version == "v1beta1" else exactly
    value = named(claim(shape(adminAccess=True), version=version), f"admin-{version}")
    assert "[admin-access]" in create(cluster, value)
    assert create(cluster, value, "monitor") == f"resourceclaim.resource.k8s.io/admin-{version} created\n"


def patch(cluster: Cluster, user: str, patched: Json, *options: str) -> str:
    """What kubectl says to a change of the claim that was there before the rules."""
    given = ("-n", NAMESPACE, "patch", "resourceclaim", "old", "--type=merge", "-p", json.dumps(patched))
    done = kubectl(cluster, *given, *options, user=user)
    return done.stdout + done.stderr


def test_controllers_go_on_with_what_was_there_before(cluster: Cluster) -> None:
    held: Json = {"metadata": {"finalizers": ["resource.kubernetes.io/delete-protection"]}}
    result = {"request": "gpu", "driver": CLASS, "pool": "p", "device": "d", "adminAccess": True}
    given: Json = {"status": {"allocation": {"devices": {"results": [result]}}}}
    patched = "resourceclaim.resource.k8s.io/old patched\n"
    assert patch(cluster, SCHEDULER, held) == patched
    assert "[controller-fields]" in patch(cluster, "mallory", given, "--subresource=status")
    assert patch(cluster, SCHEDULER, given, "--subresource=status") == patched
    assert patch(cluster, CLAIM_CONTROLLER, {"status": None}, "--subresource=status") == patched
    assert patch(cluster, CLAIM_CONTROLLER, {"metadata": {"finalizers": None}}) == patched
    done = kubectl(cluster, "-n", NAMESPACE, "delete", "resourceclaim", "old", user="mallory")
    assert done.returncode == 0, done.stderr


def made_for(pod_name: str, uid: str, class_name: str) -> Json:
    """A claim as the controller makes it of a pod's template."""
    value = claim(exactly(class_name))
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod_name, "uid": uid, "controller": True}
    metadata = {
        "generateName": f"{pod_name}-gpu-",
        "namespace": NAMESPACE,
        "annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"},
        "ownerReferences": [owner],
    }
    return {**value, "metadata": metadata}


# B5: the pod is let through while its template is honest, or not there; the claim is judged when it is created.
def test_b5_the_claim_of_a_template_that_was_replaced(cluster: Cluster) -> None:
    assert create(cluster, named(pod(USING), "waiting")) == "pod/waiting created\n"
    status, found = cluster.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/waiting")
    assert status == 200
    uid = str(found["metadata"]["uid"])
    assert "[approved-device-classes]" in create(cluster, named(template(exactly(OTHER)), "t"))
    said = create(cluster, made_for("waiting", uid, OTHER), CLAIM_CONTROLLER)
    assert "[approved-device-classes] DeviceClass is not approved" in said
    assert " created\n" in create(cluster, made_for("waiting", uid, CLASS), CLAIM_CONTROLLER)
    # The same claim is the controller's alone.
    assert "[controller-fields]" in create(cluster, made_for("waiting", uid, CLASS))


def slice_of(name: str, *devices: Json) -> Json:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": "gpu.nvidia.com",
            "nodeName": "node-1",
            "pool": {"name": "node-1", "generation": 1, "resourceSliceCount": 1},
            "devices": list(devices),
        },
    }


# B21: selectors match what slices say, so who writes them decides; a claim cannot tell.
def test_b21_a_slice_that_somebody_else_writes(cluster: Cluster) -> None:
    value = slice_of("forged", {"name": "gpu-0"})
    assert "[resource-slices] ResourceSlice is not written by its driver" in create(cluster, value)
    assert create(cluster, value, DRIVER) == "resourceslice.resource.k8s.io/forged created\n"
    other = {**value, "spec": {**value["spec"], "driver": "gpu.example.com"}}
    assert "[resource-slices]" in create(cluster, named(other, "other"), DRIVER)


# B28: what a claim adds to a pod is decided where the slice is written. A server without the feature drops the field before
# anybody is asked; one with it has the slice refused.
def test_b28_devices_that_add_memory(cluster: Cluster) -> None:
    adding: Json = {"memory": {"mapping": {}}}
    value = slice_of("adding", {"name": "gpu-0", "nodeAllocatableResources": adding})
    said = create(cluster, value, DRIVER, "--validate=ignore")
    if " created\n" in said:
        status, kept = cluster.ask("GET", "/apis/resource.k8s.io/v1/resourceslices/adding")
        assert status == 200 and "nodeAllocatableResources" not in json.dumps(kept["spec"])
    else:
        assert "[resource-slices] device adds CPU or memory to pods" in said


# B29: what stands in a text of a workflow is judged when the controller makes the pod.
def test_b29_the_pod_of_a_text(cluster: Cluster) -> None:
    patch = {"containers": [{"name": "main", **_limits(OTHER)}]}
    workflow: Json = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w", "namespace": NAMESPACE},
        "spec": {
            "templates": [{"name": "t", "container": {"image": "a"}, "podSpecPatch": json.dumps(patch)}]
        },
    }
    assert create(cluster, workflow) == "workflow.argoproj.io/w created\n"
    made = named(pod(resources(f"deviceclass.resource.kubernetes.io/{OTHER}")), "of-workflow")
    assert "[approved-device-classes]" in create(cluster, made, ARGO)
    honest = named(pod(resources(f"deviceclass.resource.kubernetes.io/{CLASS}")), "of-workflow")
    assert create(cluster, honest, ARGO) == "pod/of-workflow created\n"


def _limits(class_name: str) -> dict[str, Any]:
    return {"resources": {"limits": {f"deviceclass.resource.kubernetes.io/{class_name}": "1"}}}
