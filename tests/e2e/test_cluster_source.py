"""Policies and inventory from a real API server: what it tells is in force, through lost watches and forgotten states."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.webhook.install.definitions import gatekeeper_definitions, own_definitions
from lockgate.webhook.serving.policy_kinds import is_deciding

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.live_cluster import Live, live_beside
from tests.gatekeeper.workbench import constraint, manifest, template
from tests.webhook.serving.builders import kinds

pytestmark = pytest.mark.e2e

POD = manifest(namespace="default")
SERVICES = """package probe

violation[{"msg": msg}] {
  name := data.inventory.namespace.shop.v1.ConfigMap[_].metadata.name
  msg := sprintf("there is %v", [name])
}
"""
OWN_KINDS = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [*gatekeeper_definitions(), *own_definitions()],
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with running_cluster() as made:
        yield made


def apply(cluster: Cluster, *values: Any) -> None:
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(values)})
    done = kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", given=given)
    assert done.returncode == 0, done.stderr


def apply_in_one_go(cluster: Cluster, live: Live, *values: Any) -> None:
    """As `kubectl apply` of a file with a template and its constraints, until their kind is served."""
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(values)})
    live.until(lambda: kubectl(cluster, "apply", "--server-side", "-f", "-", given=given).returncode == 0)


def delete(cluster: Cluster, *arguments: str) -> None:
    done = kubectl(cluster, "delete", "--wait=false", *arguments)
    assert done.returncode == 0, done.stderr


def define(cluster: Cluster) -> None:
    """The kinds of a cluster without Gatekeeper."""
    done = kubectl(cluster, "apply", "--server-side", "-f", "-", given=json.dumps(OWN_KINDS))
    assert done.returncode == 0, done.stderr
    done = kubectl(cluster, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    assert done.returncode == 0, done.stderr


def test_what_the_cluster_has_is_in_force(cluster: Cluster) -> None:
    with live_beside(cluster) as live:
        missing = "the cluster does not serve ConstraintTemplates: their CustomResourceDefinition is missing"
        live.until(lambda: live.source.lacking() == (missing,))
        define(cluster)
        selecting = constraint({"match": {"namespaceSelector": {"matchLabels": {"a": "b"}}}})
        apply_in_one_go(cluster, live, template(), selecting)
        # The kinds were not served when the source began.
        live.until(lambda: bool(live.gate.state and len(live.gate.state.created) == 2))
        assert live.source.lacking() == ()
        assert live.says(POD) == []
        apply(cluster, manifest("Namespace", "default", labels={"a": "b"}))
        live.until_says(POD, "hit")
        delete(cluster, "probe", "probe")
        live.until_says(POD)
        apply(cluster, template(SERVICES), constraint())
        live.until(
            lambda: live.gate.gate is not None and live.gate.gate.facts.covered == kinds("v1/ConfigMap")
        )
        assert live.says(POD) == []
        apply(cluster, manifest("Namespace", "shop"), manifest("ConfigMap", "c", namespace="shop"))
        live.until_says(POD, "there is c")
        delete(cluster, "constrainttemplate", "probe")
        live.until_says(POD)
        live.until(lambda: not {"Probe", "ConfigMap"} & {kind.kind for kind in live.source.kinds()})


def test_a_lost_api_server_is_found_again_with_what_has_changed(cluster: Cluster) -> None:
    define(cluster)
    apply(cluster, manifest("Namespace", "shop"))
    apply(cluster, *[manifest("ConfigMap", name, namespace="shop") for name in ("kept", "gone")])
    with live_beside(cluster) as live:
        apply_in_one_go(cluster, live, template(SERVICES), constraint())
        live.until_says(POD, "there is gone", "there is kept")
        before = live.gate.digest
        cluster.server.stop()
        live.until(lambda: len(live.source.failures()) > 2)
        # What was known stays in force.
        assert live.gate.digest == before
        cluster.server.start()
        delete(cluster, "configmap", "gone", "-n", "shop")
        apply(cluster, manifest("ConfigMap", "new", namespace="shop"))
        # Where the watches ended is forgotten: each kind is listed anew.
        cluster.compact()
        live.until_says(POD, "there is kept", "there is new")
        live.until(lambda: not live.source.failures() and not live.source.lacking())


def test_policies_from_files_leave_those_of_the_cluster(cluster: Cluster) -> None:
    define(cluster)
    apply(cluster, template())
    with live_beside(cluster, "files") as live:
        live.until(lambda: live.gate.state is not None and "default" in live.gate.state.namespaces)
        assert not any(is_deciding(kind) for kind in live.source.kinds())
        assert live.says(POD) == []
