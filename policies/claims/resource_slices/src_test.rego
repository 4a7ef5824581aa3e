package lockgate.claims.resource_slices_test

import data.lockgate.claims.resource_slices as rule

slice(driver, device) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceSlice",
	"metadata": {"name": "s"},
	"spec": {"driver": driver, "nodeName": "node-1", "devices": [device]},
}

parameters := {"drivers": [{"driver": "gpu.nvidia.com", "users": ["nvidia"]}], "administrators": ["admin"]}

said(judged, user, given) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {
		"review": {"object": judged, "userInfo": user},
		"parameters": object.union(parameters, given),
	}
}

forged := "ResourceSlice is not written by its driver"

node(name) := {"username": "nvidia", "extra": {"authentication.kubernetes.io/node-name": [name]}}

test_writers if {
	said(slice("gpu.nvidia.com", {}), {"username": "nvidia"}, {}) == set()
	said(slice("gpu.nvidia.com", {}), {"username": "mallory"}, {}) == {forged}
	said(slice("gpu.intel.com", {}), {"username": "nvidia"}, {}) == {forged}
	said(slice("gpu.intel.com", {}), {"username": "admin"}, {}) == set()
	said(slice(null, {}), {"username": "nvidia"}, {}) == {forged}
}

test_nodes if {
	said(slice("gpu.nvidia.com", {}), node("node-1"), {}) == set()
	said(slice("gpu.nvidia.com", {}), node("node-2"), {}) == {"ResourceSlice is of another node than its driver's"}
}

test_node_allocatable if {
	device := {"nodeAllocatableResources": {"cpu": {}}}
	what := {"device adds CPU or memory to pods"}
	said(slice("gpu.nvidia.com", device), {"username": "nvidia"}, {}) == what
	said(slice("gpu.nvidia.com", {"basic": device}), {"username": "nvidia"}, {}) == what
	said(slice("gpu.nvidia.com", device), {"username": "nvidia"}, {"nodeAllocatable": "allow"}) == set()
}
