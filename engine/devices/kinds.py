"""The kinds that tell of devices, in the versions of resource.k8s.io that have them in one form or another."""

from typing import Final

from lockgate.engine.gvk import GroupVersionKind

GROUP: Final = "resource.k8s.io"
DEVICE_CLASS: Final = "DeviceClass"
RESOURCE_SLICE: Final = "ResourceSlice"
# The best first. An API server shows each object in every version that it serves.
VERSIONS: Final = ("v1", "v1beta2", "v1beta1", "v1alpha3")
DEVICE_KINDS: Final = frozenset(
    [
        GroupVersionKind(GROUP, version, kind)
        for version in VERSIONS
        for kind in (DEVICE_CLASS, RESOURCE_SLICE)
    ]
)
