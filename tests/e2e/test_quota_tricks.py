"""What somebody might try who wants more devices than a quota has, on a real API server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.quota_place import Place, create, delete, quota_in_force, quota_servers
from tests.e2e.serving_cluster import ACCOUNT, apply_values, until
from tests.gatekeeper.quotas.making import quota
from tests.webhook.quota.making import CLASS, claim
from tests.webhook.quota.test_prediction import DEVICE_CLASS, STRICT, gpu_pod

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
HARD = 4
BY_QUOTA = "[tricks] quota tricks "
AS_SCHEDULER = ("--as=system:kube-scheduler", "--as-group=system:masters")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    options = ["--feature-gates=DRAExtendedResource=true", "--runtime-config=resource.k8s.io/v1beta1=true"]
    with running_cluster({ACCOUNT: ""}, options) as made:
        yield made


@pytest.fixture(scope="module")
def place(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    assert apply_values(cluster, DEVICE_CLASS)[0] == 0
    folder = tmp_path_factory.mktemp("servers")
    with quota_servers(cluster, folder, str(folder / "ledger.db"), count=1) as made:
        yield made


def patch_status(place: Place, namespace: str, pod: str, status: Json) -> None:
    patch = json.dumps({"status": status})
    done = kubectl(
        place.cluster,
        "patch",
        "pod",
        pod,
        "-n",
        namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        patch,
    )
    assert done.returncode == 0, done.stderr


def bind(place: Place, namespace: str, pod: str) -> None:
    value = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": pod},
        "target": {"apiVersion": "v1", "kind": "Node", "name": "n"},
    }
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/binding"
    done = kubectl(place.cluster, "create", "--raw", path, "-f", "-", given=json.dumps(value))
    assert done.returncode == 0, done.stderr


def made_for(place: Place, namespace: str, pod: str, count: int, name: str) -> Json:
    """A claim as the scheduler makes it for the extended resources of a pod."""
    told = kubectl(place.cluster, "get", "pod", pod, "-n", namespace, "-o", "jsonpath={.metadata.uid}")
    owner = {"apiVersion": "v1", "kind": "Pod", "name": pod, "uid": told.stdout, "controller": True}
    value = claim(count, name, namespace)
    value["metadata"] |= {
        "annotations": {"resource.kubernetes.io/extended-resource-claim": "true"},
        "ownerReferences": [owner],
    }
    return value


def test_the_name_of_a_claim_that_a_pod_paid_for_buys_nothing_twice(place: Place) -> None:
    name = "recycled"
    with quota_in_force(place, name, **STRICT, limits=[{"class": CLASS, "hard": HARD}]):
        pod = gpu_pod(2)
        pod["metadata"] |= {"namespace": name}
        assert "created" in create(place, pod)
        until(lambda: place.held(name) == (2, 0, 0), lambda: place.held(name))
        assert "created" in create(place, made_for(place, name, "p", 2, "p-x"), *AS_SCHEDULER)
        mapping = {"containerName": "c", "resourceName": "example.com/gpu", "requestName": "r"}
        paid = {"resourceClaimName": "p-x", "requestMappings": [mapping]}
        patch_status(place, name, "p", {"extendedResourceClaimStatus": paid})
        bind(place, name, "p")
        until(lambda: place.held(name) == (2, 0, 0), lambda: place.held(name))
        # Beside the pod: the scheduler's claim is replaced by one that asks for more, a second later.
        delete(place, "resourceclaim", name, "p-x")
        until(lambda: "p-x" not in kubectl(place.cluster, "get", "resourceclaims", "-n", name).stdout)
        assert "does not allow it" in create(place, made_for(place, name, "p", HARD, "p-x"))
        # Moments are told to the second.
        time.sleep(1)
        assert "created" in create(place, made_for(place, name, "p", 2, "p-x"))
        until(lambda: place.held(name) == (HARD, 0, 0), lambda: place.held(name))
        assert "does not allow it" in create(place, claim(1, "more", name))
        # And once the pod has ended, which then pays for nothing.
        patch_status(place, name, "p", {"phase": "Succeeded"})
        delete(place, "resourceclaim", name, "p-x")
        until(lambda: place.held(name) == (0, 0, 0), lambda: place.held(name))
        assert "created" in create(place, made_for(place, name, "p", HARD, "p-x"))
        until(lambda: place.held(name) == (HARD, 0, 0), lambda: place.held(name))
        assert "does not allow it" in create(place, claim(1, "more", name))


def beta(value: Json) -> Json:
    """The claim in the version that has no `exactly`."""
    request = value["spec"]["devices"]["requests"][0]
    flat = {"name": request["name"], **request["exactly"]}
    return {**value, "apiVersion": "resource.k8s.io/v1beta1", "spec": {"devices": {"requests": [flat]}}}


def requests(*some: Json) -> Json:
    value = claim(1, "trick")
    value["spec"]["devices"]["requests"] = [{"name": f"r{n}", **one} for n, one in enumerate(some)]
    return value


def exactly(count: int = 1, class_name: str = CLASS, **more: Any) -> Json:
    return {"exactly": {"deviceClassName": class_name, "count": count, **more}}


def first(*some: tuple[str, int]) -> Json:
    return {
        "firstAvailable": [
            {"name": f"s{n}", "deviceClassName": name, "count": count} for n, (name, count) in enumerate(some)
        ]
    }


def pod(*amounts: int, resource: str = "example.com/gpu", sidecar: int = 0) -> Json:
    """A pod of a container for each amount."""
    value = gpu_pod(1, resource)
    (container,) = value["spec"]["containers"]

    def with_amount(name: str, amount: int) -> Json:
        return {**container, "name": name, "resources": {"limits": {resource: str(amount)}}}

    value["spec"]["containers"] = [with_amount(f"c{n}", amount) for n, amount in enumerate(amounts)]
    if sidecar:
        value["spec"]["initContainers"] = [{**with_amount("side", sidecar), "restartPolicy": "Always"}]
    return value


TRICKS = {
    "more than is left": claim(2, "trick"),
    "two requests": requests(exactly(), exactly()),
    "all devices": requests({"exactly": {"deviceClassName": CLASS, "allocationMode": "All"}}),
    "behind a class that is unknown": requests(first(("unknown.example.com", 1), (CLASS, 2))),
    "behind fewer": requests(first((CLASS, 1), (CLASS, 2))),
    "as an administrator": requests(exactly(2, adminAccess=True)),
    "the largest number": claim(2**63 - 1, "trick"),
    "one more than that": claim(2**63, "trick"),
    "another version": beta(claim(2, "trick")),
    "a pod": pod(2),
    "two containers": pod(1, 1),
    "beside a sidecar": pod(1, sidecar=1),
    "a class by its name": pod(2, resource=f"deviceclass.resource.kubernetes.io/{CLASS}"),
}


def test_one_device_is_left_and_two_are_wanted(place: Place) -> None:
    name = "tricks"
    wide: Json = {"scope": {"namespaces": [name]}, "limits": [{"class": CLASS, "hard": 100}]}
    with quota_in_force(place, name, **STRICT, limits=[{"class": CLASS, "hard": HARD}]):
        assert apply_values(place.cluster, quota("wide", **STRICT, **wide))[0] == 0
        label = "resource.kubernetes.io/admin-access=true"
        assert kubectl(place.cluster, "label", "namespace", name, label).returncode == 0
        until(lambda: "created" in create(place, claim(3, "most", name)), lambda: place.held(name))
        until(lambda: place.held(name) == place.held("wide") == (3, 0, 0), lambda: place.held("wide"))
        for trick, value in TRICKS.items():
            value["metadata"]["namespace"] = name
            generated = {**value, "metadata": {"generateName": "trick-", "namespace": name}}
            for asked in (value, generated):
                said = create(place, asked)
                assert BY_QUOTA in said or trick == "one more than that", (trick, said)
            applied = kubectl(place.cluster, "apply", "--server-side", "-f", "-", given=json.dumps(value))
            assert BY_QUOTA in applied.stderr or trick == "one more than that", (trick, applied.stderr)
            assert applied.returncode != 0
        # The wide one has room, and holds nothing of what the other refused.
        until(lambda: place.held(name) == place.held("wide") == (3, 0, 0), lambda: place.held("wide"))
        assert "created" in create(place, claim(1, "last", name))
        until(lambda: place.held(name) == (HARD, 0, 0), lambda: place.held(name))
        kubectl(place.cluster, "delete", "devicequota", "wide")
