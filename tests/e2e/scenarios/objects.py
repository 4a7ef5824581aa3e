"""The objects of the scenarios."""

from typing import Any

from tests.e2e.scenarios.scenario import Json
from tests.gatekeeper.workbench import manifest

IMAGE = "registry.example/app:1"
OWNED = {"owner": "ada"}


def config_map(name: str = "settings", data: dict[str, str] | None = None, **metadata: Any) -> Json:
    """A ConfigMap."""
    return {**manifest("ConfigMap", name, **metadata), "data": data or {}}


def pod(name: str = "app", image: str = IMAGE, **metadata: Any) -> Json:
    """A Pod with a container."""
    resources = {"requests": {"cpu": "1"}}
    spec = {"containers": [{"name": "app", "image": image, "resources": resources}]}
    return {**manifest("Pod", name, **metadata), "spec": spec}


def deployment(name: str = "app", replicas: int = 1, image: str = IMAGE) -> Json:
    """A Deployment of such Pods."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {**manifest("Deployment", name, group="apps/v1"), "spec": spec}


def claim_spec(version: str, device_class: str) -> Json:
    """The spec of a claim of one device, as the version of resource.k8s.io has it."""
    if version == "v1beta1":
        return {"devices": {"requests": [{"name": "gpu", "deviceClassName": device_class}]}}
    return {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": device_class}}]}}


def claim(version: str, device_class: str = "secret-gpu", name: str = "gpu", **metadata: Any) -> Json:
    """A ResourceClaim."""
    made = manifest("ResourceClaim", name, group=f"resource.k8s.io/{version}", **metadata)
    return {**made, "spec": claim_spec(version, device_class)}


def claim_template(version: str, device_class: str = "secret-gpu", name: str = "gpu") -> Json:
    """A ResourceClaimTemplate."""
    made = manifest("ResourceClaimTemplate", name, group=f"resource.k8s.io/{version}")
    return {**made, "spec": {"spec": claim_spec(version, device_class)}}


def ingress(name: str, host: str) -> Json:
    """An Ingress of a host."""
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": "app", "port": {"number": 80}}},
    }
    made = manifest("Ingress", name, group="networking.k8s.io/v1")
    return {**made, "spec": {"rules": [{"host": host, "http": {"paths": [path]}}]}}
