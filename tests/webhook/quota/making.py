"""Snapshots and charged objects for the tests."""

import json
from typing import Any

from lockgate.gatekeeper.quotas.kinds import API_VERSION
from lockgate.webhook.quota.snapshot import Snapshot, parse_snapshot

from tests.gatekeeper.exemptions.making import read
from tests.gatekeeper.quotas.making import quota

Json = dict[str, Any]
CLASS = "gpu.example.com"
DEVICES = f"devices/{CLASS}"


def use(scope: str, used: int, dimension: str = DEVICES, **more: Any) -> Json:
    return {"scope": scope, "dimension": dimension, "used": used, **more}


def snapshot(*quotas: Json, usage: tuple[Json, ...] = (), **more: Any) -> Json:
    return {
        "apiVersion": API_VERSION,
        "kind": "QuotaSnapshot",
        "cluster": "prod",
        "taken": "2026-06-01T00:00:00Z",
        "quotas": list(quotas or [quota()]),
        "usage": list(usage),
        **more,
    }


def parsed(*quotas: Json, **more: Any) -> Snapshot:
    return parse_snapshot(read(snapshot(*quotas, **more), "quotas.json"))


def claim(count: int = 1, name: str = "c", namespace: str = "ml", **asked: Any) -> Json:
    request = {"name": "r", "exactly": {"deviceClassName": CLASS, "count": count, **asked}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"devices": {"requests": [request]}},
    }


def template(count: int = 1, name: str = "t", namespace: str = "ml") -> Json:
    made = claim(count, name, namespace)
    return {**made, "kind": "ResourceClaimTemplate", "spec": {"spec": made["spec"]}}


def deployment(replicas: int = 3, template_name: str = "t", name: str = "d", namespace: str = "ml") -> Json:
    pod = {
        "containers": [{"name": "c", "image": "x", "resources": {"claims": [{"name": "gpu"}]}}],
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": template_name}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": {"app": "d"}},
            "template": {"metadata": {"labels": {"app": "d"}}, "spec": pod},
        },
    }


def text(*objects: Json) -> str:
    """Manifests as a file has them."""
    return "\n---\n".join([json.dumps(one, indent=1) for one in objects])
