"""DeviceQuotas for the tests."""

from typing import Any

from lockgate.gatekeeper.quotas.device_quota import DeviceQuota, parse_device_quota
from lockgate.gatekeeper.quotas.kinds import API_VERSION

from tests.gatekeeper.exemptions.making import read

LIMIT = {"class": "gpu.example.com", "hard": 8}


def quota(name: str = "gpus", **spec: Any) -> dict[str, Any]:
    """A DeviceQuota that is well-formed, for the namespace ml; a field of None is left out."""
    fields: dict[str, Any] = {"scope": {"namespaces": ["ml"]}, "limits": [LIMIT], **spec}
    return {
        "apiVersion": API_VERSION,
        "kind": "DeviceQuota",
        "metadata": {"name": name},
        "spec": {key: value for key, value in fields.items() if value is not None},
    }


def parsed(**spec: Any) -> DeviceQuota:
    return parse_device_quota(read(quota(**spec), "quota.yaml"))
