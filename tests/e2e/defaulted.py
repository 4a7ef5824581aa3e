"""Objects of the corpus as kube-apiserver has them after a dry run, beside what our defaults make of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.defaults.defaulting import apply_defaults
from lockgate.engine.documents.reading import read_documents

from tests.e2e.cluster import Cluster
from tests.shared_folder import shared_path

Object = dict[str, Any]

NAMESPACE = "default"
RESOURCE_VERSIONS = ("v1", "v1beta1", "v1beta2")
# By apiVersion and kind: the path of the kind's objects.
PLACES = {
    ("v1", "Namespace"): "/api/v1/namespaces",
    **{
        ("v1", kind): f"/api/v1/namespaces/{NAMESPACE}/{kind.lower()}s"
        for kind in ("PersistentVolumeClaim", "Pod", "PodTemplate", "ReplicationController", "Service")
    },
    **{
        ("apps/v1", kind): f"/apis/apps/v1/namespaces/{NAMESPACE}/{kind.lower()}s"
        for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
    },
    **{
        ("batch/v1", kind): f"/apis/batch/v1/namespaces/{NAMESPACE}/{kind.lower()}s"
        for kind in ("CronJob", "Job")
    },
    **{
        (f"resource.k8s.io/{version}", kind): (
            f"/apis/resource.k8s.io/{version}/namespaces/{NAMESPACE}/{kind.lower()}s"
        )
        for version in RESOURCE_VERSIONS
        for kind in ("ResourceClaim", "ResourceClaimTemplate")
    },
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One object of a file: what the API server answered (None: refused, `why`), and what our defaults make of it."""

    file: str
    kind: str
    theirs: Object | None
    ours: Object
    why: str = ""


def corpus_objects() -> Iterator[tuple[str, dict[str, Value]]]:
    """The objects of the corpus whose kinds have defaults here, each text once, with the file's name."""
    seen: set[str] = set()
    root = shared_path("corpus")
    for folder in ("dra", "systems"):
        for file in sorted((root / folder).rglob("*.y*ml")):
            for document in read_documents(file.read_bytes(), str(file), duplicates="last").documents:
                named = (document.value.get("apiVersion"), document.value.get("kind"))
                text = render_json(document.value)
                if named in PLACES and text not in seen:
                    seen.add(text)
                    yield str(file.relative_to(root)), document.value


def placed(value: dict[str, Value]) -> dict[str, Value]:
    """The object in the one namespace of the test."""
    metadata = value.get("metadata")
    if value["kind"] == "Namespace" or not isinstance(metadata, dict):
        return value
    return {**value, "metadata": {**metadata, "namespace": NAMESPACE}}


def make_accounts(cluster: Cluster, values: list[dict[str, Value]]) -> None:
    """Makes the ServiceAccounts that Pods ask for; without them the API server takes no Pod."""
    names = {"default"}
    for value in values:
        spec = value.get("spec")
        if value["kind"] == "Pod" and isinstance(spec, dict):
            names |= {str(spec[name]) for name in ("serviceAccountName", "serviceAccount") if spec.get(name)}
    for name in sorted(names):
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
        cluster.ask("POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", body)


def compare(cluster: Cluster) -> Iterator[Compared]:
    """Each object of the corpus, by a server-side dry run."""
    found = [(file, placed(value)) for file, value in corpus_objects()]
    make_accounts(cluster, [value for _, value in found])
    for file, value in found:
        ours = json.loads(render_json(apply_defaults(value)))
        place = PLACES[str(value["apiVersion"]), str(value["kind"])]
        status, answer = cluster.ask("POST", f"{place}?dryRun=All", json.loads(render_json(value)))
        if status == 201:
            yield Compared(file, str(value["kind"]), answer, ours)
        else:
            yield Compared(file, str(value["kind"]), None, ours, f"{status} {answer.get('message')}")
