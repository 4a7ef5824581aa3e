# METADATA
# title: DeviceClasses
# description: |
#   What DeviceClasses select and configure. A class without selectors matches every device of every driver, and of two classes with
#   one extended resource the one created later serves it.
package lib.lockgate.device_classes

import data.lib.lockgate.requests
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The classes, as `{"path", "name", "version", "selectors", "configs", "extended_resource"}`; `path` is that of the spec,
#   `selectors` and `configs` are as written, `extended_resource` is `""` unless given.
device_classes := [class |
	some at in workloads.objects
	at.name == "resource.k8s.io/DeviceClass"
	spec := requests.given(at.value, "spec", {})
	class := {
		"path": array.concat(at.path, ["spec"]),
		"name": requests.given(requests.given(at.value, "metadata", {}), "name", ""),
		"version": trim_prefix(at.value.apiVersion, "resource.k8s.io/"),
		"selectors": requests.given(spec, "selectors", []),
		"configs": requests.given(spec, "config", []),
		"extended_resource": requests.given(spec, "extendedResourceName", ""),
	}
]
