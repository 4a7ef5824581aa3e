"""Scope of kinds: the table, and CustomResourceDefinitions."""

import pytest
from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import BUILT_IN, Kinds, find_kinds, split_api_version


@pytest.mark.parametrize(
    ("group", "kind", "scope"),
    [
        ("", "Pod", "Namespaced"),
        ("", "Namespace", "Cluster"),
        ("", "Node", "Cluster"),
        ("apps", "Deployment", "Namespaced"),
        ("apps", "Pod", "Unknown"),
        ("resource.k8s.io", "ResourceClaim", "Namespaced"),
        ("resource.k8s.io", "DeviceClass", "Cluster"),
        ("serving.kserve.io", "InferenceService", "Namespaced"),
        ("serving.kserve.io", "ClusterServingRuntime", "Cluster"),
        ("kueue.x-k8s.io", "ClusterQueue", "Cluster"),
        ("kueue.x-k8s.io", "LocalQueue", "Namespaced"),
        ("trainer.kubeflow.org", "TrainJob", "Namespaced"),
        ("constraints.gatekeeper.sh", "Whatever", "Cluster"),
        ("sql.cnrm.cloud.google.com", "SQLInstance", "Namespaced"),
        ("core.cnrm.cloud.google.com", "ConfigConnector", "Cluster"),
        ("x.io", "Gizmo", "Unknown"),
    ],
)
def test_scope(group: str, kind: str, scope: str) -> None:
    assert Kinds().scope(group, kind) == scope


def crd(**spec: Value) -> dict[str, Value]:
    whole: dict[str, Value] = {"group": "x.io", "names": {"kind": "Gizmo"}, "scope": "Cluster"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "spec": {**whole, **spec},
    }


def test_a_crd_tells_the_scope_and_wins_over_the_table() -> None:
    jobs: dict[str, Value] = {"kind": "RayJob"}
    kinds = find_kinds([crd(), crd(group="ray.io", names=jobs)])
    assert kinds.scope("x.io", "Gizmo") == "Cluster" and kinds.scope("ray.io", "RayJob") == "Cluster"


@pytest.mark.parametrize(("group", "kind"), [("", "Pod"), ("apps", "Deployment"), ("batch", "Job")])
def test_no_crd_defines_a_kind_of_a_group_without_a_dot(group: str, kind: str) -> None:
    names: dict[str, Value] = {"kind": kind}
    assert find_kinds([crd(group=group, names=names)]).scope(group, kind) == "Namespaced"


def test_kinds_beside_others_that_are_known() -> None:
    both: dict[str, Value] = {"kind": "Both"}
    known = find_kinds([crd(scope="Namespaced"), crd(group="y.io", names=both, scope="Namespaced")])
    jobs: dict[str, Value] = {"kind": "RayJob"}
    new: dict[str, Value] = {"kind": "New"}
    made = find_kinds([crd(), crd(group="ray.io", names=jobs), crd(names=new)]).beside(known)
    names = [("x.io", "Gizmo"), ("y.io", "Both"), ("ray.io", "RayJob"), ("x.io", "New")]
    assert [made.scope(*name) for name in names] == ["Namespaced", "Namespaced", "Namespaced", "Cluster"]


@pytest.mark.parametrize(
    "value",
    [
        {**crd(), "apiVersion": "x.io/v1"},
        {**crd(), "spec": None},
        crd(group=3),
        crd(names=[]),
        crd(names={"kind": None}),
        crd(scope="namespaced"),
    ],
)
def test_a_malformed_crd_tells_nothing(value: dict[str, Value]) -> None:
    assert find_kinds([value]).found == {}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("v1", ("", "v1")),
        ("apps/v1", ("apps", "v1")),
        ("a/b/c", ("", "")),
        ("", ("", "")),
        (None, ("", "")),
        (1, ("", "")),
    ],
)
def test_api_versions(text: object, parts: tuple[str, str]) -> None:
    assert split_api_version(text) == parts


def test_no_kind_has_two_scopes() -> None:
    from lockgate.engine import kinds

    cluster = kinds._table(kinds._CLUSTER, "Cluster")
    namespaced = kinds._table(kinds._NAMESPACED, "Namespaced")
    assert not cluster.keys() & namespaced.keys()
    assert len(BUILT_IN) == len(cluster) + len(namespaced)
