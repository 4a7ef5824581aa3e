"""DeviceClasses and ResourceSlices for tests, in every version of the API."""

from typing import Any

Json = dict[str, Any]
NVIDIA = "gpu.nvidia.com"


def attribute(value: Any) -> Json:
    """An attribute with a value: a bool, an int or a text."""
    kind = {bool: "bool", int: "int", str: "string"}[type(value)]
    return {kind: value}


def device(name: str, version: str = "v1", **attributes: Any) -> Json:
    """A device with attributes of its driver; in v1beta1 and v1alpha3 they stand in `basic`."""
    given = {"attributes": {key: attribute(value) for key, value in attributes.items()}}
    return {"name": name, "basic": given} if version in ("v1beta1", "v1alpha3") else {"name": name, **given}


def resource_slice(
    name: str,
    *devices: Json,
    driver: str = NVIDIA,
    pool: str = "node-1",
    generation: int = 1,
    count: int = 1,
    version: str = "v1",
) -> Json:
    """A slice of a pool."""
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": driver,
            "nodeName": "node-1",
            "pool": {"name": pool, "generation": generation, "resourceSliceCount": count},
            "devices": [*devices],
        },
    }


def device_class(name: str, *expressions: str, version: str = "v1", created: str = "", **spec: Any) -> Json:
    """A class with selectors."""
    metadata: Json = {"name": name, **({"creationTimestamp": created} if created else {})}
    selectors = [{"cel": {"expression": one}} for one in expressions]
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "DeviceClass",
        "metadata": metadata,
        "spec": {**({"selectors": selectors} if selectors else {}), **spec},
    }
