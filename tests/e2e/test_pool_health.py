"""A promotion waits while devices of a real cluster are unwell: what kubectl prints of nodes, slices and taints of devices is read."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.serving_cluster import apply_values, until
from tests.webhook.promoting.office import BYTES, Office, open_office

pytestmark = pytest.mark.e2e

Json = dict[str, Any]

# DeviceTaintRules are served by name only.
OPTIONS: Final = (
    "--feature-gates=DRADeviceTaints=true",
    "--runtime-config=resource.k8s.io/v1alpha3=true,resource.k8s.io/v1beta2=true",
)
DRIVER: Final = "gpu.example.com"
MISSING: Final = "missing: prod takes nothing while a pool of devices is not known to be healthy: "
RULE: Final[Json] = {
    "kind": "DeviceTaintRule",
    "metadata": {"name": "broken"},
    "spec": {
        "deviceSelector": {"driver": DRIVER, "pool": "node-1", "device": "gpu-0"},
        "taint": {"key": "example.com/broken", "effect": "NoExecute"},
    },
}


def rule_versions(cluster: Cluster) -> list[str]:
    """In which versions the API server serves DeviceTaintRules."""
    found = kubectl(cluster, "api-resources", "--api-group=resource.k8s.io", "--no-headers").stdout
    return [line.split()[-3] for line in found.splitlines() if line.split()[0] == "devicetaintrules"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({}, OPTIONS) as made:
        slices = [
            {
                "apiVersion": "resource.k8s.io/v1",
                "kind": "ResourceSlice",
                "metadata": {"name": f"node-{number}"},
                "spec": {
                    "driver": DRIVER,
                    "nodeName": f"node-{number}",
                    "pool": {"name": f"node-{number}", "generation": 1, "resourceSliceCount": 1},
                    "devices": [{"name": "gpu-0"}],
                },
            }
            for number in (1, 2)
        ]
        nodes = [
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{number}"}} for number in (1, 2)
        ]
        until(
            lambda: apply_values(made, *nodes, *slices)[0] == 0, lambda: apply_values(made, *nodes, *slices)
        )
        for number in (1, 2):
            beat(made, f"node-{number}", "True")
        until(lambda: kubectl(made, "get", "namespace", "kube-system").returncode == 0)
        yield made


def beat(cluster: Cluster, name: str, ready: str) -> None:
    """What a kubelet tells of its node."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    condition = {"type": "Ready", "status": ready, "reason": "x", "message": "x"}
    condition |= {"lastHeartbeatTime": now, "lastTransitionTime": now}
    status = {"conditions": [condition], "capacity": {"cpu": "8"}, "allocatable": {"cpu": "8"}}
    patch = json.dumps({"status": status})
    options = ("--subresource=status", "--type=merge", "-p", patch)
    done = kubectl(cluster, "patch", "node", name, *options)
    assert done.returncode == 0, done.stderr
    # As the controller of nodes does, which is not here.
    kubectl(cluster, "taint", "node", name, "node.kubernetes.io/not-ready-")


def asked(cluster: Cluster, office: Office, rules: str) -> str:
    """What a promotion is told by what the cluster says now."""
    kinds = f"nodes,resourceslices,{rules}namespaces"
    told = kubectl(cluster, "get", kinds, "-o", "json")
    assert told.returncode == 0, told.stderr
    office.write("objects.json", told.stdout)
    written = ("--output", "health.json", "--sign", "risk-3.pem")
    ran = office.run("promotions", "health", "objects.json", "--cluster", "eu-1", *written)
    assert ran.code == 0, ran.err
    ran = office.promote("prod", "--digest", BYTES, "--cluster", "eu-1", "--pool-health", "health.json")
    assert ran.code == 0, ran.err
    return ran.out


def test_a_promotion_waits_for_the_devices_of_its_cluster(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    uid = cluster.ask("GET", "/api/v1/namespaces/kube-system")[1]["metadata"]["uid"]
    office = open_office(tmp_path_factory.mktemp("office"))

    def step(cluster_uid: str, share: float = 0) -> Json:
        health = {"pools": [DRIVER], "clusters": [{"name": "eu-1", "uid": cluster_uid}]}
        return {
            "to": "prod",
            "blockedWhileUnhealthy": True,
            "deviceHealth": {**health, "maximumShare": share, "signers": ["risk-3"]},
        }

    office.write_policy_of(step(uid))
    (version,) = rule_versions(cluster)[:1]
    rules = "devicetaintrules,"
    assert MISSING not in asked(cluster, office, rules)
    # By a rule about one device, as an administrator writes it.
    value = {"apiVersion": version, **RULE}
    assert apply_values(cluster, value) == (0, "")
    broken = f"{MISSING}{DRIVER} in eu-1, 1 of 2 nodes: node-1 (device gpu-0 has the taint example.com/broken by a rule since "
    assert broken in asked(cluster, office, rules)
    # Half of the nodes may be out, where the policy says so.
    office.write_policy_of(step(uid, 0.5))
    assert MISSING not in asked(cluster, office, rules)
    # By a kubelet that tells so, too.
    beat(cluster, "node-2", "False")
    assert f"{DRIVER} in eu-1, 2 of 2 nodes" in asked(cluster, office, rules)
    assert kubectl(cluster, "delete", "devicetaintrule", "broken").returncode == 0
    beat(cluster, "node-2", "True")
    office.write_policy_of(step(uid))
    assert MISSING not in asked(cluster, office, rules)
    # And by another cluster under the same name nothing is known.
    office.write_policy_of(step("0b5e"))
    assert f"the file is of the cluster {uid}, and the PromotionPolicy has 0b5e" in asked(
        cluster, office, rules
    )
