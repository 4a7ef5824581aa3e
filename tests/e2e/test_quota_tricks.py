"""What somebody might try who wants more devices than a quota has, on a real API server."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.quota_place import Place, create, delete, quota_in_force, quota_servers
from tests.e2e.serving_cluster import ACCOUNT, apply_values, until
from tests.webhook.quota.making import CLASS, claim
from tests.webhook.quota.test_prediction import DEVICE_CLASS, STRICT, gpu_pod

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
HARD = 4
AS_SCHEDULER = ("--as=system:kube-scheduler", "--as-group=system:masters")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({ACCOUNT: ""}, ["--feature-gates=DRAExtendedResource=true"]) as made:
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
