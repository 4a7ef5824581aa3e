"""Facts of `spec.match`, each of which real gator is asked about too (tests/e2e/test_gator_facts.py)."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.gatekeeper.workbench import Json, manifest

MISSING = "namespace selector for namespace-scoped object but missing Namespace"


@dataclass(frozen=True)
class MatchCase:
    """A match block (None: none at all), an object, the Namespaces that are known, and what comes of it."""

    name: str
    match: Any
    value: Json
    outcome: Literal["match", "no", "error"]
    namespaces: tuple[Json, ...] = ()


def _named(
    prefix: str, match: Any, value: Json, outcome: Literal["match", "no", "error"], *ns: Json
) -> MatchCase:
    return MatchCase(prefix, match, value, outcome, ns)


POD = manifest(namespace="shop", labels={"app": "web", "tier": "front"})
CLUSTER_ROLE = manifest("ClusterRole", group="rbac.authorization.k8s.io/v1")
NAMESPACE = manifest("Namespace", "shop", labels={"env": "prod"})
GENERATED = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-", "namespace": "shop"}}
DEPLOYMENT = manifest("Deployment", group="apps/v1", namespace="shop")
PLAIN_POD = manifest()


def _selector(**expression: Any) -> Json:
    return {"labelSelector": {"matchExpressions": [expression]}}


MATCH_CASES: tuple[MatchCase, ...] = (
    _named("no match block", None, POD, "match"),
    _named("empty match block", {}, POD, "match"),
    # kinds
    _named("kinds: listed", {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}, POD, "match"),
    _named("kinds: other kind", {"kinds": [{"apiGroups": [""], "kinds": ["Service"]}]}, POD, "no"),
    _named("kinds: other group", {"kinds": [{"apiGroups": ["apps"], "kinds": ["Pod"]}]}, POD, "no"),
    _named(
        "kinds: any group", {"kinds": [{"apiGroups": ["*"], "kinds": ["Deployment"]}]}, DEPLOYMENT, "match"
    ),
    _named("kinds: any kind", {"kinds": [{"apiGroups": ["apps"], "kinds": ["*"]}]}, DEPLOYMENT, "match"),
    _named(
        "kinds: any kind of another group",
        {"kinds": [{"apiGroups": ["batch"], "kinds": ["*"]}]},
        DEPLOYMENT,
        "no",
    ),
    _named("kinds: groups left out", {"kinds": [{"kinds": ["Deployment"]}]}, DEPLOYMENT, "match"),
    _named("kinds: kinds left out", {"kinds": [{"apiGroups": ["apps"]}]}, DEPLOYMENT, "match"),
    _named("kinds: empty entry", {"kinds": [{}]}, DEPLOYMENT, "match"),
    _named("kinds: empty list", {"kinds": []}, DEPLOYMENT, "match"),
    _named(
        "kinds: pairs are not mixed",
        {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}, {"apiGroups": ["apps"], "kinds": ["ReplicaSet"]}]},
        DEPLOYMENT,
        "no",
    ),
    _named("kinds: case counts", {"kinds": [{"apiGroups": [""], "kinds": ["pod"]}]}, POD, "no"),
    _named("kinds: no globs", {"kinds": [{"apiGroups": ["ap*"], "kinds": ["Deployment"]}]}, DEPLOYMENT, "no"),
    # scope
    _named("scope: Namespaced of namespaced", {"scope": "Namespaced"}, POD, "match"),
    _named("scope: Cluster of namespaced", {"scope": "Cluster"}, POD, "no"),
    _named("scope: Cluster of cluster", {"scope": "Cluster"}, CLUSTER_ROLE, "match"),
    _named("scope: Namespaced of cluster", {"scope": "Namespaced"}, CLUSTER_ROLE, "no"),
    _named("scope: Cluster of a Namespace", {"scope": "Cluster"}, NAMESPACE, "match"),
    _named("scope: Namespaced of a Namespace", {"scope": "Namespaced"}, NAMESPACE, "no"),
    _named("scope: a typo is everything", {"scope": "namespaced"}, CLUSTER_ROLE, "match"),
    _named("scope: star", {"scope": "*"}, CLUSTER_ROLE, "match"),
    _named("scope: namespaced kind without namespace", {"scope": "Namespaced"}, PLAIN_POD, "no"),
    # namespaces
    _named("namespaces: listed", {"namespaces": ["shop"]}, POD, "match"),
    _named("namespaces: not listed", {"namespaces": ["bank"]}, POD, "no"),
    _named("namespaces: empty list", {"namespaces": []}, POD, "match"),
    _named("namespaces: prefix", {"namespaces": ["sh*"]}, POD, "match"),
    _named("namespaces: suffix", {"namespaces": ["*op"]}, POD, "match"),
    _named("namespaces: contains", {"namespaces": ["*ho*"]}, POD, "match"),
    _named("namespaces: prefix that is not", {"namespaces": ["op*"]}, POD, "no"),
    _named("namespaces: star", {"namespaces": ["*"]}, POD, "match"),
    _named("namespaces: cluster-scoped", {"namespaces": ["bank"]}, CLUSTER_ROLE, "match"),
    _named("namespaces: a Namespace by its name", {"namespaces": ["shop"]}, NAMESPACE, "match"),
    _named("namespaces: another Namespace", {"namespaces": ["bank"]}, NAMESPACE, "no"),
    # excludedNamespaces
    _named("excluded: listed", {"excludedNamespaces": ["shop"]}, POD, "no"),
    _named("excluded: not listed", {"excludedNamespaces": ["bank"]}, POD, "match"),
    _named("excluded: glob", {"excludedNamespaces": ["kube-*", "*op"]}, POD, "no"),
    _named("excluded: cluster-scoped", {"excludedNamespaces": ["*"]}, CLUSTER_ROLE, "match"),
    _named("excluded: a Namespace by its name", {"excludedNamespaces": ["shop"]}, NAMESPACE, "no"),
    _named("excluded: wins over listed", {"namespaces": ["shop"], "excludedNamespaces": ["shop"]}, POD, "no"),
    # labelSelector
    _named("labels: equal", {"labelSelector": {"matchLabels": {"app": "web"}}}, POD, "match"),
    _named("labels: other value", {"labelSelector": {"matchLabels": {"app": "db"}}}, POD, "no"),
    _named("labels: all are needed", {"labelSelector": {"matchLabels": {"app": "web", "x": "y"}}}, POD, "no"),
    _named("labels: empty selector", {"labelSelector": {}}, PLAIN_POD, "match"),
    _named("labels: In", _selector(key="app", operator="In", values=["db", "web"]), POD, "match"),
    _named("labels: In, absent", _selector(key="x", operator="In", values=["y"]), POD, "no"),
    _named("labels: NotIn", _selector(key="app", operator="NotIn", values=["web"]), POD, "no"),
    _named("labels: NotIn, absent", _selector(key="x", operator="NotIn", values=["y"]), POD, "match"),
    _named("labels: Exists", _selector(key="tier", operator="Exists"), POD, "match"),
    _named("labels: Exists, absent", _selector(key="x", operator="Exists"), POD, "no"),
    _named("labels: DoesNotExist", _selector(key="tier", operator="DoesNotExist"), POD, "no"),
    _named("labels: DoesNotExist, absent", _selector(key="x", operator="DoesNotExist"), POD, "match"),
    _named(
        "labels: one that is no string hides all",
        {"labelSelector": {"matchLabels": {"app": "web"}}},
        manifest(labels={"app": "web", "n": 1}),
        "no",
    ),
    # namespaceSelector
    _named(
        "namespace labels: equal",
        {"namespaceSelector": {"matchLabels": {"env": "prod"}}},
        POD,
        "match",
        NAMESPACE,
    ),
    _named(
        "namespace labels: other",
        {"namespaceSelector": {"matchLabels": {"env": "dev"}}},
        POD,
        "no",
        NAMESPACE,
    ),
    _named(
        "namespace labels: unknown", {"namespaceSelector": {"matchLabels": {"env": "prod"}}}, POD, "error"
    ),
    _named("namespace labels: unknown, empty selector", {"namespaceSelector": {}}, POD, "error"),
    _named(
        "namespace labels: cluster-scoped",
        {"namespaceSelector": {"matchLabels": {"a": "b"}}},
        CLUSTER_ROLE,
        "match",
    ),
    _named(
        "namespace labels: a Namespace's own",
        {"namespaceSelector": {"matchLabels": {"env": "prod"}}},
        NAMESPACE,
        "match",
    ),
    _named(
        "namespace labels: a Namespace with others",
        {"namespaceSelector": {"matchLabels": {"env": "x"}}},
        NAMESPACE,
        "no",
    ),
    _named(
        "namespace labels: kinds come first",
        {"kinds": [{"kinds": ["Service"]}], "namespaceSelector": {"matchLabels": {"env": "prod"}}},
        POD,
        "no",
    ),
    # name
    _named("name: equal", {"name": "a"}, POD, "match"),
    _named("name: other", {"name": "b"}, POD, "no"),
    _named("name: empty", {"name": ""}, POD, "match"),
    _named("name: prefix", {"name": "a*"}, POD, "match"),
    _named("name: generateName by prefix", {"name": "we*"}, GENERATED, "match"),
    _named("name: generateName by part", {"name": "*eb*"}, GENERATED, "match"),
    _named("name: generateName by suffix", {"name": "*b-"}, GENERATED, "no"),
    _named("name: generateName exact", {"name": "web-"}, GENERATED, "no"),
    # source
    _named("source: All", {"source": "All"}, POD, "match"),
    _named("source: Original", {"source": "Original"}, POD, "match"),
    _named("source: Generated", {"source": "Generated"}, POD, "no"),
)
