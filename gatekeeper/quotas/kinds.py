"""The kind of quotas: told apart before anything that reads it is imported."""

from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version

GROUP: Final = "quota.lockgate.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
DEVICE_QUOTA: Final = "DeviceQuota"


def is_device_quota(value: Mapping[str, Value]) -> bool:
    """Is the object a DeviceQuota, of any version?"""
    return split_api_version(value.get("apiVersion"))[0] == GROUP and value.get("kind") == DEVICE_QUOTA
