"""The sweep beside Gatekeeper's own audit, on the same cluster: the same totals and violations, constraint by constraint.

Policies and objects are those of Gatekeeper's library and its samples.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.engine.codegen.values import render_json
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.template import is_template

from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.gatekeeper import Gatekeeper, running_gatekeeper
from tests.e2e.test_sweep import lockgate
from tests.gatekeeper.workbench import manifest
from tests.shared_folder import shared_path
from tests.webhook.serving.builders import key_of
from tests.webhook.serving.test_live_gate import read_all

pytestmark = pytest.mark.e2e

SECONDS = 240
STEP_S = 1.0
# What is audited, of the samples' kinds: by apiVersion and kind, where they are.
NAMESPACED = {
    ("v1", "ConfigMap"): "/api/v1/namespaces/{}/configmaps",
    ("v1", "Pod"): "/api/v1/namespaces/{}/pods",
    ("v1", "Service"): "/api/v1/namespaces/{}/services",
    ("apps/v1", "Deployment"): "/apis/apps/v1/namespaces/{}/deployments",
    ("apps/v1", "ReplicaSet"): "/apis/apps/v1/namespaces/{}/replicasets",
    ("networking.k8s.io/v1", "Ingress"): "/apis/networking.k8s.io/v1/namespaces/{}/ingresses",
    ("policy/v1", "PodDisruptionBudget"): "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    (
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
    ): "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
}
CLUSTERED = {
    ("v1", "Namespace"): "/api/v1/namespaces",
    ("storage.k8s.io/v1", "StorageClass"): "/apis/storage.k8s.io/v1/storageclasses",
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
    ): "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}
SYNCED = [
    ("", "v1", "Namespace"),
    ("", "v1", "Pod"),
    ("", "v1", "Service"),
    ("", "v1", "ServiceAccount"),
    ("apps", "v1", "Deployment"),
    ("autoscaling", "v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io", "v1", "Ingress"),
    ("policy", "v1", "PodDisruptionBudget"),
    ("storage.k8s.io", "v1", "StorageClass"),
]
CONFIG: Any = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1",
    "kind": "Config",
    "metadata": {"name": "config", "namespace": "gatekeeper-system"},
    "spec": {
        "sync": {
            "syncOnly": [
                {"group": group, "version": version, "kind": kind} for group, version, kind in SYNCED
            ]
        }
    },
}


@pytest.fixture(scope="module")
def gatekeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatekeeper]:
    cache = tmp_path_factory.mktemp("audit")
    options = ["-operation", "audit", "-audit-interval", "5", "-api-cache-dir", str(cache)]
    with running_cluster() as cluster, running_gatekeeper(cluster, options) as made:
        yield made


def create_samples(cluster: Cluster, values: list[Any]) -> int:
    """Creates the samples under names of their own; some are no objects that a cluster takes. Gives how many it took."""
    taken = 0
    for number, value in enumerate(values):
        named = (value.get("apiVersion"), value.get("kind"))
        metadata = value.get("metadata", {})
        metadata["name"] = f"{metadata.get('name', 'a')[:40]}-{number}".lower()
        if named in CLUSTERED:
            path = CLUSTERED[named]
        elif named in NAMESPACED:
            namespace = metadata.setdefault("namespace", "default")
            cluster.ask("POST", CLUSTERED["v1", "Namespace"], manifest("Namespace", namespace))
            path = NAMESPACED[named].format(namespace)
        else:
            continue
        taken += cluster.ask("POST", path, value)[0] == 201
    return taken


def audited(cluster: Cluster, constraints: list[Any], after: str) -> dict[tuple[str, str], Any]:
    """The status of each constraint once Gatekeeper has audited after a moment."""
    found: dict[tuple[str, str], Any] = {}
    end = time.monotonic() + SECONDS
    for value in constraints:
        kind, name = value["kind"], value["metadata"]["name"]
        path = f"/apis/constraints.gatekeeper.sh/v1beta1/{kind.lower()}/{name}"
        while True:
            status = cluster.ask("GET", path)[1].get("status", {})
            if status.get("auditTimestamp", "") > after:
                break
            assert time.monotonic() < end, (path, status)
            time.sleep(STEP_S)
        found[kind, name] = status
    return found


def shown_by_audit(status: Any) -> list[tuple[str, str, str, str, str]]:
    return sorted(
        [
            (one["kind"], one.get("namespace", ""), one["name"], one["message"], one["enforcementAction"])
            for one in status.get("violations", [])
        ]
    )


def shown_by_sweep(total: Any) -> list[tuple[str, str, str, str, str]]:
    made = []
    for one in total["shown"]:
        about = one["resource"]
        made.append(
            (about["kind"], about["namespace"], about["name"], one["message"], ",".join(one["actions"]))
        )
    return sorted(made)


def test_totals_and_violations_are_those_of_gatekeepers_audit(gatekeeper: Gatekeeper) -> None:
    documents = read_all(shared_path("vectors", "gatekeeper-library"))
    values: list[Any] = [json.loads(render_json(one.value)) for one in documents]
    policies = {key_of(one): one for one in values if is_template(one) or is_constraint(one)}
    templates = [one for one in policies.values() if is_template(one)]
    constraints = [one for one in policies.values() if is_constraint(one)]
    cluster = gatekeeper.cluster
    gatekeeper.apply([CONFIG])
    gatekeeper.load(templates, constraints)
    keys = {id(one) for one in policies.values()}
    taken = create_samples(cluster, [one for one in values if id(one) not in keys])
    assert taken > 80
    # The audit that begins after this one has seen everything, and has everything synced.
    after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 5))
    statuses = audited(cluster, constraints, after)

    done = lockgate(cluster, "sweep", "--format", "json")
    result = json.loads(done.stdout)
    assert result["errors"] == [], done.stderr
    totals = {(one["policy"], one["constraint"]): one for one in result["constraints"]}
    assert totals.keys() == statuses.keys()
    judged = {key for key, one in totals.items() if not one["notEvaluated"]}
    # Who asks is known to neither; Gatekeeper takes that for nobody.
    assert {kind for kind, _ in totals.keys() - judged} <= {
        "K8sRestrictRoleBindings",
        "NoUpdateServiceAccount",
    }
    ours = {key: totals[key]["violations"] for key in judged}
    theirs = {key: statuses[key]["totalViolations"] for key in judged}
    assert ours == theirs
    assert {key: shown_by_sweep(totals[key]) for key in judged} == {
        key: shown_by_audit(statuses[key]) for key in judged
    }
    violated = [key for key in judged if ours[key]]
    print(
        f"{taken} objects, {len(judged)} constraints, {len(violated)} violated, {sum(ours.values())} violations"
    )
    assert len(violated) > len(judged) // 3
