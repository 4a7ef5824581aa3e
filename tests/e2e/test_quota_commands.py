"""DeviceQuotas in a real API server: their definition, the ledger beside live claims, and the snapshot that CI judges by."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lockgate.webhook.install.definitions import own_definitions

from tests.e2e.cluster import ADMIN, Cluster, kubectl, running_cluster
from tests.engine.quota.ledgers import CLUSTER, make_ledger
from tests.gatekeeper.quotas.making import quota
from tests.webhook.helpers import Ran, run_lockgate
from tests.webhook.quota.making import CLASS, claim, deployment, template, text
from tests.webhook.quota.test_check import POLICY

pytestmark = pytest.mark.e2e

Json = dict[str, Any]
NAME = "devicequotas.quota.lockgate.dev"
EVERYTHING: Json = {
    "scope": {"team": {"label": "example.com/team", "names": ["fraud"]}},
    "mode": "Strict",
    "strict": {"all": 32, "firstAvailable": "max-cost", "admin": "zero"},
    "limits": [{"class": CLASS, "hard": 8, "soft": 6}, {"objects": "claims", "hard": 3}],
    "windows": [{"class": CLASS, "every": "week", "gpuHours": {"hard": 100}}],
    "maxRunTime": "24h",
    "productAttribute": "model",
}
NAMESPACE: Json = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "ml", "labels": {"example.com/team": "fraud"}},
}


def apply(cluster: Cluster, *objects: Json) -> None:
    several = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(several))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        apply(made, *[one for one in own_definitions() if one["metadata"]["name"] == NAME])
        done = kubectl(made, "wait", "--for=condition=Established", "--timeout=60s", f"crd/{NAME}")
        assert done.returncode == 0, done.stderr
        apply(made, NAMESPACE, quota(**EVERYTHING))
        yield made


def lockgate(cluster: Cluster, place: Path, *arguments: str) -> Ran:
    return run_lockgate(*arguments, cwd=place, env={"KUBECONFIG": str(cluster.kubeconfig(ADMIN))})


def test_what_is_applied_comes_back_as_it_is(cluster: Cluster) -> None:
    shown = kubectl(cluster, "get", "devicequota", "gpus", "-o", "json")
    assert json.loads(shown.stdout)["spec"] == EVERYTHING


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"limits": [{"class": CLASS, "hard": -1}]}, "spec.limits[0].hard"),
        ({"limits": [{"class": CLASS, "hard": "8"}]}, "spec.limits[0].hard"),
        ({"mode": "kubernetes"}, "spec.mode"),
        ({"scope": None}, "spec.scope"),
        ({"windows": [{"class": CLASS, "every": "7d", "gpuHours": {"hard": 1}}]}, "spec.windows[0].every"),
    ],
)
def test_the_definition_refuses(cluster: Cluster, spec: Json, said: str) -> None:
    """Without Lockgate's server, too; what a schema cannot say that server refuses."""
    done = kubectl(cluster, "create", "-f", "-", given=json.dumps(quota("wrong", **spec)))
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_from_live_claims_to_a_check(cluster: Cluster, tmp_path: Path) -> None:
    make_ledger(tmp_path).engine.dispose()
    apply(cluster, claim(3, "first"), claim(4, "second"), template(1))
    ledger = ("--ledger", "ledger.db", "--cluster", CLUSTER)
    told = lockgate(cluster, tmp_path, "quota", "reconcile", *ledger, "--dry-run")
    assert (told.code, told.err) == (1, "")
    lines = told.out.splitlines()
    # Which window it is, and how long that lasts, the day says.
    hours = [one for one in lines if "GPU-hours" in one]
    assert hours
    assert all(
        re.search(r"GPU-hours of class \S+ from .*: the ledger says 0 h, live objects are charged \d", one)
        for one in hours
    )
    assert [one for one in lines if one not in hours] == [
        f"gpus/fraud: devices of class {CLASS}: the ledger says 0, live objects are charged 7",
        "gpus/fraud: ResourceClaims: the ledger says 0, live objects are charged 2",
        "0 pods, 2 resourceclaims.resource.k8s.io: nothing was changed",
    ]
    assert lockgate(cluster, tmp_path, "quota", "reconcile", *ledger).code == 0
    listed = kubectl(cluster, "get", "devicequotas,namespaces", "-o", "yaml").stdout
    (tmp_path / "quotas.yaml").write_text(listed)
    made = lockgate(
        cluster,
        tmp_path,
        "quota",
        "show",
        *ledger,
        "--quotas",
        "quotas.yaml",
        "--format",
        "json",
        "--output",
        "now.json",
    )
    assert (made.code, made.err) == (0, "")
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "app.json").write_text(text(template(1), deployment(2)))
    judged = lockgate(
        cluster,
        tmp_path,
        "check",
        "-p",
        "policy.yaml",
        "--quota-snapshot",
        "now.json",
        "--format",
        "json",
        "app.json",
    )
    assert judged.code == 1, judged.err
    messages = [one["message"] for one in json.loads(judged.out)["violations"]]
    assert messages[-1].startswith(
        f"quota gpus/fraud does not allow it: devices of class {CLASS}: limit 8, used 7, reserved 0, asked 2; 1 left; "
        "held by resourceclaims.resource.k8s.io ml/second (4), resourceclaims.resource.k8s.io ml/first (3)"
    )
    assert kubectl(cluster, "delete", "resourceclaims", "--all", "-n", "ml").returncode == 0
    assert lockgate(cluster, tmp_path, "quota", "reconcile", *ledger, "--dry-run").code == 1
    assert lockgate(cluster, tmp_path, "quota", "reconcile", *ledger).code == 0
    assert lockgate(cluster, tmp_path, "quota", "reconcile", *ledger, "--dry-run").code == 0
