"""The inventory from a real API server: `lockgate check --inventory cluster`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.helpers import Ran, run_lockgate

pytestmark = pytest.mark.e2e

COUNT = 1_100  # Three pages.
UNIQUE = """package probe

violation[{"msg": msg}] {
  other := data.inventory.namespace[ns].v1.ConfigMap[input.review.object.metadata.name]
  ns != input.review.object.metadata.namespace
  msg := sprintf("%v of %v, revision %v", [other.metadata.name, ns, other.data.revision])
}
"""
ALL = """package probe

violation[{"msg": msg}] {
  inventory := data.inventory
  msg := sprintf("%v", [sort([name | inventory.cluster.v1.Namespace[name]])])
}
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({"nobody": ""}) as made:
        items: list[Any] = [
            {**manifest("ConfigMap", f"c{number}", namespace="default"), "data": {"revision": str(number)}}
            for number in range(COUNT)
        ]
        given = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        done = kubectl(made, "create", "-f", "-", given=given)
        assert done.returncode == 0, done.stderr
        yield made


def check(
    folder: Path, cluster: Cluster, rego: str, *arguments: str, user: str = "admin", **policy: Any
) -> Ran:
    made = [template(rego), constraint({}), *policy.get("more", [])]
    (folder / "policies.yaml").write_text("\n---\n".join(map(json.dumps, made)))
    (folder / "deploy.yaml").write_text(json.dumps(manifest("ConfigMap", f"c{COUNT - 1}", namespace="shop")))
    return run_lockgate(
        *("check", "-p", "policies.yaml", "--format", "json", *arguments, "deploy.yaml"),
        cwd=folder,
        env={"KUBECONFIG": str(cluster.kubeconfig(user))},
    )


def test_all_pages(tmp_path: Path, cluster: Cluster) -> None:
    ran = check(tmp_path, cluster, UNIQUE, "--inventory", "cluster")
    (found,) = json.loads(ran.out)["violations"]
    assert found["message"] == f"c{COUNT - 1} of default, revision {COUNT - 1}"
    assert "v1/ConfigMap from the cluster, resourceVersion " in ran.err


def test_a_context_and_a_sync_set(tmp_path: Path, cluster: Cluster) -> None:
    synced = {
        "apiVersion": "syncset.gatekeeper.sh/v1alpha1",
        "kind": "SyncSet",
        "metadata": {"name": "a"},
        "spec": {"gvks": [{"version": "v1", "kind": "Namespace"}]},
    }
    ran = check(tmp_path, cluster, ALL, "--inventory", "cluster:admin", more=[synced])
    (found,) = json.loads(ran.out)["violations"]
    assert found["message"] == '["default", "kube-node-lease", "kube-public", "kube-system"]'
    ran = check(tmp_path, cluster, UNIQUE, "--inventory", "cluster:admin", more=[synced])
    assert "v1/ConfigMap" in json.loads(ran.out)["notEvaluated"][0]["needs"]


@pytest.mark.parametrize(
    ("rego", "source", "user", "message"),
    [
        (ALL, "cluster", "admin", "nothing says which kinds"),
        (UNIQUE, "cluster", "nobody", "answered 403 for /api/v1/configmaps"),
        (UNIQUE, "cluster:other", "admin", "there is no access to a cluster"),
    ],
)
def test_what_cannot_be_listed(
    tmp_path: Path, cluster: Cluster, rego: str, source: str, user: str, message: str
) -> None:
    ran = check(tmp_path, cluster, rego, "--inventory", source, user=user)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err and "Traceback" not in ran.err
