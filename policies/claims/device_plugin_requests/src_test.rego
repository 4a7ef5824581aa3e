package lockgate.claims.device_plugin_requests_test

import data.lockgate.claims.device_plugin_requests as rule

parameters := {"classes": [{"resource": "nvidia.com/gpu", "class": "gpu.nvidia.com"}]}

pod(resources) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p"},
	"spec": {"containers": [{"name": "c", "resources": resources}]},
}

found(resources) := [violation |
	some violation in rule.violation with input as {"review": {"object": pod(resources)}, "parameters": parameters}
]

test_plugin if {
	some violation in found({"limits": {"nvidia.com/gpu": 2}})
	contains(violation.details.fix, "deviceClassName: gpu.nvidia.com, count: 2")
	violation.details.path == ["spec", "containers", 0, "resources", "limits", "nvidia.com/gpu"]
}

test_told_once if {
	count(found({"limits": {"nvidia.com/gpu": 2}, "requests": {"nvidia.com/gpu": 2}})) == 1
	count(found({"requests": {"nvidia.com/gpu": 2}})) == 1
}

test_others if {
	every name in ["amd.com/gpu", "cpu", "memory", "deviceclass.resource.kubernetes.io/gpu.nvidia.com"] {
		found({"limits": {name: 1}}) == []
	}
}
