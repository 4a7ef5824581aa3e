"""The ConfigMap anchor on a real API server, with the manifest and the rights that the documentation gives."""

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.audit.anchors.note_anchor import NoteAnchor
from lockgate.audit.anchors.synchronise import BehindAnchorError, synchronise
from lockgate.audit.draft import Draft
from lockgate.audit.witness.errors import RefusedError, StaleError
from lockgate.webhook.cli import run
from lockgate.webhook.cluster.configmap_anchor import configmap_anchor, open_api
from lockgate.webhook.trail import open_trail

from tests.audit.growing_log import GrowingLog
from tests.e2e.cluster import Cluster, running_cluster

pytestmark = pytest.mark.e2e

USER = "system:serviceaccount:lockgate:lockgate"
CONFIGMAP = "/api/v1/namespaces/lockgate/configmaps/trail-anchor"
PLACES = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/lockgate/serviceaccounts",
    "ConfigMap": "/api/v1/namespaces/lockgate/configmaps",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/lockgate/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/lockgate/rolebindings",
}


def manifests() -> list[dict[str, Any]]:
    page = (Path(__file__).parents[2] / "docs" / "trail-anchors.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    return list(yaml.safe_load_all(block))


@pytest.fixture(scope="module")
def running() -> Iterator[Cluster]:
    with running_cluster({USER: ""}) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster with the manifests applied and an empty ConfigMap, and the kubeconfig of the service account."""
    running.ask("DELETE", CONFIGMAP)
    for one in manifests():
        assert running.ask("POST", PLACES[one["kind"]], one)[0] in (201, 409)
    # A colon ends a path of KUBECONFIG.
    kubeconfig = running.folder / "service-account.kubeconfig"
    shutil.copy(running.kubeconfig(USER), kubeconfig)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    return running


def anchor(log: GrowingLog) -> NoteAnchor:
    return configmap_anchor(open_api(), "lockgate", "trail-anchor", "platform", log.origin, log.keys)


def test_it_goes_forward_and_not_back(cluster: Cluster) -> None:
    log = GrowingLog().grow(40)
    with closing(anchor(log)) as made:
        assert made.last() is None
        for size in (10, 40):
            synchronise(log.fork(size), made, log.keys)
            assert made.last() == log.note(size)
        with pytest.raises(BehindAnchorError, match="holds size 40, root"):
            synchronise(log.fork(30), made, log.keys)
        with pytest.raises(BehindAnchorError, match="contradicts"):
            synchronise(log.fork(30).grow(30, "other "), made, log.keys)
        status, found = cluster.ask("GET", CONFIGMAP)
        assert (status, found["data"]) == (200, {"checkpoint": log.note().decode()})


def test_several_replicas_at_once(cluster: Cluster) -> None:
    log = GrowingLog().grow(60)

    def climb(step: int) -> int:
        with closing(anchor(log)) as made:
            held = 0
            while held < 60:
                size = min(60, held + step)
                try:
                    made.advance(held, log.proof(held, size), log.note(size))
                    held = size
                except StaleError as stale:
                    assert stale.size >= held
                    held = stale.size
            return held

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(climb, (7, 9, 11, 20))) == [60] * 4
    assert cluster.ask("GET", CONFIGMAP)[1]["data"]["checkpoint"] == log.note().decode()


def test_the_service_account_can_do_no_more_than_it_has_to(cluster: Cluster) -> None:
    folder = PLACES["ConfigMap"]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "lockgate"}}
    assert cluster.ask("POST", folder, other)[0] == 201
    for method, path in [("GET", folder), ("GET", f"{folder}/other"), ("DELETE", CONFIGMAP)]:
        assert cluster.ask(method, path, user=USER)[0] == 403
    assert cluster.ask("POST", folder, other, user=USER)[0] == 403
    assert cluster.ask("DELETE", f"{folder}/other")[0] == 200


def test_one_that_was_removed_is_not_made_again(cluster: Cluster) -> None:
    log = GrowingLog().grow(5)
    assert cluster.ask("DELETE", CONFIGMAP)[0] == 200
    with closing(anchor(log)) as made:
        for attempt in (made.last, lambda: made.advance(0, (), log.note())):
            with pytest.raises(RefusedError, match="is not there"):
                attempt()
    assert cluster.ask("GET", CONFIGMAP)[0] == 404


def test_an_immutable_one_is_refused(cluster: Cluster) -> None:
    log = GrowingLog().grow(5)
    assert cluster.ask("DELETE", CONFIGMAP)[0] == 200
    made = next(one for one in manifests() if one["kind"] == "ConfigMap")
    assert cluster.ask("POST", PLACES["ConfigMap"], {**made, "immutable": True})[0] == 201
    with closing(anchor(log)) as refused, pytest.raises(RefusedError, match="422"):
        refused.advance(0, (), log.note())


def test_an_old_copy_of_a_trail_is_refused_behind_it(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "trail"
    assert run(["audit", "init", str(home), "--origin", "example.com/one", "--administrator", "Us"]) == 0
    config = home / "trail.toml"
    table = '[[anchors.configmap]]\nnamespace = "lockgate"\nname = "trail-anchor"\nadministrator = "Us"\n'
    config.write_text(f"{config.read_text()}\n{table}")

    def append(count: int) -> None:
        with open_trail(str(home)) as trail, trail.appending() as appending:
            for _ in range(count):
                appending.appender.append(Draft("access", {"action": "export", "entries": 1}, ("access",)))

    append(3)
    shutil.copy(home / "trail.db", tmp_path / "backup.db")
    append(4)
    shutil.copy(home / "log.vkey", tmp_path / "kept.vkey")
    capsys.readouterr()
    command = ["audit", "verify", str(home), "--log-key", str(tmp_path / "kept.vkey"), "--format", "json"]
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "anchored by the same administrator"

    for one in home.glob("trail.db*"):
        one.unlink()
    shutil.copy(tmp_path / "backup.db", home / "trail.db")
    with pytest.raises(BehindAnchorError, match=r"ConfigMap lockgate/trail-anchor.*holds size 8"):
        append(1)
    assert run(command) == 3
