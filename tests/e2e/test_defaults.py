"""The defaults beside kube-apiserver: objects of the corpus by a server-side dry run, and quantities.

What only the API server can give (an identity, addresses, a token) or only the cluster knows is taken out of its answer,
and so is what its admission plugins add to Pods, but for the account. Everything else must be equal, but for
what DIFFERENCES lists, each with how often it is there.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.engine.defaults.quantities import quantity

from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.defaulted import Compared, Object, compare
from tests.engine.defaults.test_quantities import QUANTITIES

pytestmark = pytest.mark.e2e

_OPTIONS = (
    "--runtime-config=resource.k8s.io/v1beta1=true,resource.k8s.io/v1beta2=true",
    "--allow-privileged=true",
)
_IDENTITY = ("uid", "creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink")
_ALLOTTED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
_OF_JOB = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")
_NODE_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOKEN = "kube-api-access-"

EQUAL = 824
ACCEPTED = 846
# Where the two differ, without the numbers of items: how often, and why.
_AFFINITY = "Deployment.spec.template.spec.affinity.nodeAffinity"
DIFFERENCES = {
    # Fields of a feature that is off in 1.34 (capacity of devices), and fields that it does not know.
    "ResourceClaim.spec.devices.requests[].exactly.capacity: not theirs": 8,
    "ResourceClaimTemplate.spec.spec.devices.requests[].exactly.capacity: not theirs": 8,
    "Pod.spec.schedulingGroup: not theirs": 1,
    "Pod.spec.containers[].devices: not theirs": 1,
    "Pod.spec.deviceClaims: not theirs": 1,
    # Nulls and empty lists deep in an object, which the API server leaves out.
    "ResourceClaimTemplate.spec.spec.devices.constraints[].requests: not theirs": 2,
    f"{_AFFINITY}.preferredDuringSchedulingIgnoredDuringExecution: not theirs": 1,
    f"{_AFFINITY}.requiredDuringSchedulingIgnoredDuringExecution: not theirs": 1,
    # A sum over the containers.
    "Pod.spec.resources.requests.memory: not ours": 1,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster(options=_OPTIONS, without=()) as made:
        yield made


def _take_out(theirs: Object, ours: Object) -> None:
    """Takes out of the answer what is the cluster's own and the object does not say."""
    kind, metadata, said = theirs["kind"], theirs["metadata"], ours.get("metadata") or {}
    for made in (theirs, ours):
        made.pop("status", None)
        for name in _IDENTITY:
            made["metadata"].pop(name, None)
    if "generateName" in said and "name" not in said:
        del metadata["name"]
    spec, own = theirs.get("spec") or {}, ours.get("spec") or {}
    if kind == "Pod":
        _take_out_admission(spec, own)
    elif kind == "Service":
        for name in _ALLOTTED:
            if name not in own:
                spec.pop(name, None)
        for port, written in zip(spec.get("ports", []), own.get("ports", []), strict=True):
            if "nodePort" not in written:
                port.pop("nodePort", None)
    elif kind == "Job":
        spec.pop("selector", None)
        _take_out_labels(spec["template"]["metadata"], own["template"]["metadata"])
        _take_out_labels(metadata, said)
    elif kind == "PersistentVolumeClaim":
        _take_out_item(metadata, said, "finalizers")
    elif kind == "DaemonSet":
        metadata.get("annotations", {}).pop("deprecated.daemonset.template.generation", None)
        _drop_if_empty(metadata, said, "annotations")


def _take_out_item(theirs: Object, ours: Object, name: str) -> None:
    if name not in ours:
        theirs.pop(name, None)


def _drop_if_empty(theirs: Object, ours: Object, name: str) -> None:
    if not theirs.get(name) and name not in ours:
        theirs.pop(name, None)


def _take_out_labels(theirs: Object, ours: Object) -> None:
    labels = theirs.get("labels", {})
    for name in _OF_JOB:
        if name not in ours.get("labels", {}):
            labels.pop(name, None)
    _drop_if_empty(theirs, ours, "labels")


def _take_out_admission(spec: Object, own: Object) -> None:
    """The plugins Priority, DefaultTolerationSeconds and ServiceAccount (its token)."""
    for name in ("priority", "preemptionPolicy"):
        _take_out_item(spec, own, name)
    spec["tolerations"] = [
        one
        for one in spec.get("tolerations", [])
        if one in own.get("tolerations", []) or one.get("key") not in _NODE_TAINTS
    ]
    _take_out_token(spec)
    _take_out_token(own)
    _drop_if_empty(spec, own, "tolerations")


def _take_out_token(spec: Object) -> None:
    """Objects that were read from a cluster have one already."""
    spec["volumes"] = [one for one in spec.get("volumes", []) if not one["name"].startswith(_TOKEN)]
    for field in ("containers", "initContainers"):
        for container in spec.get(field, []):
            mounts = container.get("volumeMounts", [])
            container["volumeMounts"] = [one for one in mounts if not one["name"].startswith(_TOKEN)]


def _differences(theirs: Any, ours: Any, path: str) -> Iterator[str]:
    """Where two values differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted(theirs.keys() | ours.keys()):
            if name in theirs and name in ours:
                yield from _differences(theirs[name], ours[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: {'not theirs' if name in ours else 'not ours'}"
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for one, other in zip(theirs, ours, strict=True):
            yield from _differences(one, other, f"{path}[]")
    elif type(theirs) is not type(ours) or theirs != ours:
        yield f"{path}: {theirs!r:.60} {ours!r:.60}"


def test_objects_of_the_corpus(cluster: Cluster) -> None:
    compared: list[Compared] = list(compare(cluster))
    accepted = [(one.theirs, one.ours) for one in compared if one.theirs is not None]
    equal, found = 0, Counter[str]()
    for theirs, ours in accepted:
        _take_out(theirs, ours)
        differences = set(_differences(theirs, ours, str(ours["kind"])))
        equal += not differences
        found.update(differences)
    assert dict(found) == DIFFERENCES
    assert (len(accepted), equal) == (ACCEPTED, EQUAL)


def test_quantities(cluster: Cluster) -> None:
    written = [one for one, _ in QUANTITIES]
    containers = [
        {"name": f"c{number}", "image": "a", "resources": {"limits": {"cpu": _plain(one)}}}
        for number, one in enumerate(written)
    ]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}
    status, answer = cluster.ask("POST", "/apis/apps/v1/namespaces/default/deployments?dryRun=All", body)
    assert status == 201, answer
    theirs = [one["resources"]["limits"]["cpu"] for one in answer["spec"]["template"]["spec"]["containers"]]
    assert dict(zip(map(str, written), theirs, strict=True)) == {
        str(one): quantity(one, -3) for one in written
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int) else float(value.text)
