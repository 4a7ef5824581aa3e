"""The auditor's API and `audit reconcile` before a real API server: its tokens, its rules, its objects; and questions on PostgreSQL."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.audit.query.engine import MAX_ROWS, Asking
from lockgate.audit.recorder import Subject
from lockgate.audit.web.api import Api
from lockgate.audit.web.app import make_app
from lockgate.webhook.audit_backend import TrailBackend
from lockgate.webhook.cluster.access_reviews import ClusterRights, ClusterTokens
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.trail import open_trail
from lockgate.webhook.trail_reading import open_reading

from tests.audit.query.asked import engine_of, fill_asked
from tests.audit.query.test_engine import QUESTIONS, expected
from tests.audit.trails import decision, make_trail, pod, review
from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.postgres import running_postgres
from tests.webhook.auditing.asking import Answered, ask
from tests.webhook.helpers import run_here

pytestmark = pytest.mark.e2e

SERVER = "system:serviceaccount:lockgate:audit"
RULES = """\
apiVersion: v1
kind: Namespace
metadata: {name: ml}
---
apiVersion: v1
kind: Namespace
metadata: {name: audit}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: audit}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nobody, namespace: audit}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: auditor, namespace: ml}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: auditor}
subjects: [{kind: ServiceAccount, name: reader, namespace: audit}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: audit-server}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:auth-delegator"}
subjects: [{kind: User, name: "system:serviceaccount:lockgate:audit", apiGroup: rbac.authorization.k8s.io}]
"""


def role_of_the_page() -> str:
    page = (Path(__file__).parents[2] / "docs" / "auditor.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert yaml.safe_load(block)["kind"] == "Role"
    return str(block)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({SERVER: ""}) as made:
        for given in (RULES, role_of_the_page()):
            done = kubectl(made, "apply", "-f", "-", given=given)
            assert done.returncode == 0, done.stderr
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    assert run_here("audit", "init", "trail", "--origin", "example.com/served", cwd=tmp_path).code == 0
    return tmp_path


def record(home: Path, *objects: tuple[str, str, str]) -> None:
    """Decisions that let in these, each a name, a namespace and a uid."""
    with open_trail(str(home / "trail")) as trail, trail.appending() as appending:
        for name, namespace, uid in objects:
            obj = pod(name, namespace)
            obj["metadata"] = {"name": name, "namespace": namespace, "uid": uid}
            appending.appender.append(trail.recorder().decision(review(obj), decision(), Subject()))


def account_token(cluster: Cluster, name: str) -> str:
    path = f"/api/v1/namespaces/audit/serviceaccounts/{name}/token"
    status, value = cluster.ask("POST", path, {"spec": {"expirationSeconds": 600}})
    assert status == 201, value
    return str(value["status"]["token"])


def kubeconfig(cluster: Cluster, user: str, folder: Path) -> str:
    # A colon ends a path of KUBECONFIG.
    place = folder / "kubeconfig"
    shutil.copy(cluster.kubeconfig(user), place)
    return str(place)


def test_a_cluster_says_who_may_see_what(cluster: Cluster, home: Path) -> None:
    record(home, ("a", "ml", "u-a"), ("b", "other", "u-b"))
    api = open_client(kubeconfig=kubeconfig(cluster, SERVER, home))
    with open_reading(str(home / "trail")) as reading:
        assert reading.trail is not None
        app = make_app(Api(TrailBackend(reading, reading.trail), ClusterRights(api)), [ClusterTokens(api)])

        def get(target: str, token: str) -> Answered:
            return ask(app, target, token)

        reader, nobody = account_token(cluster, "reader"), account_token(cluster, "nobody")
        found: Any = get("/v1/records?namespace=ml", reader)
        assert found.status == 200 and [row["index"] for row in found.json["rows"]] == [1]
        assert [get(one, reader).status for one in ("/v1/records", "/v1/records?namespace=other")] == [
            403,
            403,
        ]
        assert get("/v1/records.csv?namespace=ml", reader).status == 403
        assert get("/v1/records?namespace=ml", nobody).status == 403
        assert get("/v1/records?namespace=ml", reader[:-3] + "AAA").status == 401
        assert get("/v1/records", cluster.token()).status == 200


def test_reconcile(cluster: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig()))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    uids: dict[str, str] = {}
    for name in ("came-in", "went-around"):
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "ml"},
            "spec": {"containers": [{"name": "main", "image": "registry.example/app:1"}]},
        }
        status, value = cluster.ask("POST", "/api/v1/namespaces/ml/pods", body)
        assert status == 201, value
        uids[name] = value["metadata"]["uid"]
    record(home, ("came-in", "ml", uids["came-in"]), ("gone", "ml", "u-gone"))
    ran = run_here("audit", "reconcile", "--trail", "trail", "--format", "csv", cwd=home)
    assert ran.code == 1, ran.err
    assert f"/v1/Pod/ml/went-around/{uids['went-around']}" in ran.out and "/v1/Pod/ml/gone/u-gone" in ran.out
    assert uids["came-in"] not in ran.out
    assert cluster.ask("DELETE", "/api/v1/namespaces/ml/pods/went-around?gracePeriodSeconds=0")[0] == 200
    ran = run_here("audit", "reconcile", "--trail", "trail", cwd=home)
    assert ran.code == 0, ran.out


def test_questions_on_postgresql() -> None:
    with running_postgres() as postgres:
        trail = fill_asked(make_trail(postgres.url))
        engine = engine_of(trail)
        for question in QUESTIONS.values():
            for size in (engine.size, 131):
                rows, _ = engine.all(replace(question, order="oldest"), MAX_ROWS, Asking(as_of_size=size))
                assert [row.index for row in rows] == expected(trail, replace(question, order="oldest"), size)
                assert engine.ask(question, Asking(limit=7, as_of_size=size)).as_of.size == size
        trail.store.close()
