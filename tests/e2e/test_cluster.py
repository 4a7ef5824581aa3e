"""The API server of tests: users and their rights, and a ConfigMap that anchors a log."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from kubernetes import client, config
from lockgate.audit.witness.errors import ForkError, RefusedError
from lockgate.webhook.cluster.configmap_anchor import configmap_anchor

from tests.audit.growing_log import GrowingLog
from tests.e2e.cluster import SERVER, Cluster, kubectl, running_cluster
from tests.e2e.programs import version_of

pytestmark = pytest.mark.e2e

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
RIGHTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: anchor, namespace: default}
rules:
- {apiGroups: [""], resources: [configmaps], resourceNames: [trail], verbs: [get, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: anchor, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: anchor}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: gate}]
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster({"gate": "", "nobody": ""}) as made:
        yield made


def test_users(cluster: Cluster) -> None:
    status, version = cluster.ask("GET", "/version")
    assert (status, version["gitVersion"]) == (200, f"v{version_of(SERVER)}")
    assert cluster.ask("GET", CONFIGMAPS, user="nobody")[0] == 403
    assert kubectl(cluster, "get", "namespace", "default").returncode == 0


def test_configmap_anchor(cluster: Cluster) -> None:
    """With no more rights than to read and patch that one ConfigMap."""
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trail"}}
    assert cluster.ask("POST", CONFIGMAPS, made)[0] == 201
    assert kubectl(cluster, "apply", "-f", "-", given=RIGHTS).returncode == 0
    log = GrowingLog().grow(40)
    fork = log.fork(10).grow(50, "other ")

    def anchor_of(user: str, name: str = "trail") -> closing:  # type: ignore[type-arg]
        api = client.CoreV1Api(config.new_client_from_config(str(cluster.kubeconfig(user))))  # type: ignore[no-untyped-call]
        return closing(configmap_anchor(api, "default", name, "us", log.origin, log.keys))

    with anchor_of("gate") as anchor, anchor_of("gate") as second:
        assert anchor.last() is None
        anchor.advance(0, (), log.note(20))
        second.advance(20, log.proof(20, 30), log.note(30))
        anchor.advance(30, log.proof(30, 40), log.note(40))
        assert second.last() == anchor.last() == log.note(40)
        with pytest.raises(ForkError):
            second.advance(40, fork.proof(40, 60), fork.note(60))
    kept = cluster.ask("GET", f"{CONFIGMAPS}/trail")[1]
    assert kept["data"]["checkpoint"].encode() == log.note(40)
    for user, name in (("nobody", "trail"), ("gate", "absent")):
        with anchor_of(user, name) as refused, pytest.raises(RefusedError):
            refused.last()
