"""`lockgate serve --certificates secret:…` behind a kube-apiserver, which is told whom to trust by the server itself."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.webhook.serving.server_processes import config_map, running_server, write_policies

pytestmark = pytest.mark.e2e

NAME = "validation.lockgate.test"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}


def register(cluster: Cluster, port: int) -> None:
    """Without a caBundle: the API server trusts nobody yet."""
    webhook: dict[str, Any] = {
        "name": NAME,
        "clientConfig": {"url": f"https://127.0.0.1:{port}/v1/admit"},
        "rules": [RULE],
        "failurePolicy": "Fail",
        "sideEffects": "NoneOnDryRun",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "lockgate"},
        "webhooks": [webhook],
    }
    assert kubectl(cluster, "apply", "-f", "-", given=json.dumps(configuration)).returncode == 0


def apply(cluster: Cluster, value: dict[str, Any]) -> tuple[int, str]:
    done = kubectl(cluster, "apply", "-f", "-", given=json.dumps(value))
    return done.returncode, done.stderr


def test_its_own_certificates_are_published_and_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_cluster() as cluster:
        # A colon ends a path of a kubeconfig.
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(cluster.kubeconfig().read_text())
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        assert kubectl(cluster, "create", "namespace", "keeping").returncode == 0
        made = kubectl(cluster, "-n", "keeping", "create", "secret", "generic", "certificates")
        assert made.returncode == 0
        options = ("--certificate-name", "127.0.0.1")
        place = "secret:keeping/certificates"
        with running_server(tmp_path, write_policies(tmp_path), options, own=place) as server:
            register(cluster, server.port)
            end = time.monotonic() + 180
            while "nobodys has no owner" not in (said := apply(cluster, config_map("nobodys"))[1]):
                assert time.monotonic() < end, said
                time.sleep(1)
            assert apply(cluster, config_map("owned", labels={"owner": "me"})) == (0, "")
