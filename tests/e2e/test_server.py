"""`lockgate serve` behind a kube-apiserver: what a user of kubectl is told."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import SECONDS, Cluster, kubectl, running_cluster
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    TEMPLATE,
    Server,
    config_map,
    running_server,
    write_policies,
)

pytestmark = pytest.mark.e2e

NAME = "validation.lockgate.test"
WARNING = CONSTRAINT.replace("name: owners", "name: owners-soon").replace("deny", "warn")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("serve")
    with running_server(folder, write_policies(folder, TEMPLATE, CONSTRAINT, WARNING)) as made:
        _register(cluster, made)
        yield made


def _register(cluster: Cluster, server: Server, name: str = NAME) -> None:
    authority = base64.b64encode(server.identity.certificate.read_bytes()).decode()
    webhook: dict[str, Any] = {
        "name": name,
        "clientConfig": {"url": f"https://127.0.0.1:{server.port}/v1/admit", "caBundle": authority},
        "rules": [
            {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}
        ],
        "failurePolicy": "Fail",
        "sideEffects": "NoneOnDryRun",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 10,
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [webhook],
    }
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(configuration))
    assert done.returncode == 0, done.stderr


def _apply(cluster: Cluster, value: dict[str, Any], *options: str) -> tuple[int, str]:
    done = kubectl(cluster, "apply", *options, "-f", "-", given=json.dumps(value))
    return done.returncode, done.stderr


def test_kubectl_shows_a_denial_as_gatekeeper_words_it(cluster: Cluster, server: Server) -> None:
    code, said = _apply(cluster, config_map("nobodys"))
    assert code == 1
    assert f'admission webhook "{NAME}" denied the request: [owners] nobodys has no owner' in said
    assert "Warning: [owners-soon] nobodys has no owner" in said


def test_what_breaks_nothing_is_created(cluster: Cluster, server: Server) -> None:
    assert _apply(cluster, config_map("mine", labels={"owner": "me"})) == (0, "")


def test_a_server_side_dry_run_is_judged(cluster: Cluster, server: Server) -> None:
    code, said = _apply(cluster, config_map("tried"), "--dry-run=server")
    assert (code, "[owners] tried has no owner" in said) == (1, True)
    end = time.monotonic() + SECONDS
    # Lines of the log are written a moment after the answer.
    while not (told := [one for one in server.events("request") if one["name"] == "tried"]):
        assert time.monotonic() < end
    assert told[-1]["dryRun"] is True


def test_without_the_server_nothing_is_admitted(cluster: Cluster, tmp_path: Path) -> None:
    name = "gone.lockgate.test"
    with running_server(tmp_path, write_policies(tmp_path)) as made:
        _register(cluster, made, name)
        code, _ = _apply(cluster, config_map("theirs", labels={"owner": "me"}))
        assert code == 0
    code, said = _apply(cluster, config_map("later", labels={"owner": "me"}))
    # The other tests are of a server that is there.
    assert kubectl(cluster, "delete", "validatingwebhookconfiguration", name).returncode == 0
    end = time.monotonic() + SECONDS
    while name in _apply(cluster, config_map("later", labels={"owner": "me"}), "--dry-run=server")[1]:
        assert time.monotonic() < end
    assert code == 1
    assert f'failed calling webhook "{name}"' in said
