package lockgate.claims.driver_config_test

import data.lockgate.claims.driver_config as rule

claim(opaque) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c"},
	"spec": {"devices": {
		"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com"}}],
		"config": [{"opaque": opaque}],
	}},
}

gpu(parameters) := {
	"driver": "gpu.nvidia.com",
	"parameters": object.union({"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}, parameters),
}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

allowed := {"allowed": [{"driver": "gpu.nvidia.com", "kinds": ["GpuConfig"]}, {"driver": "dra.net", "untyped": "allow"}]}

kind := "parameters are of a kind that is not approved"

driver := "parameters are for a driver that is not approved"

strategy := "sharing strategy is not approved"

rows := [
	[gpu({}), {}, set()],
	[gpu({"kind": "VfioDeviceConfig"}), {}, {kind}],
	[{"driver": "gpu.nvidia.com", "parameters": {"a": 1}}, {}, {kind}],
	[{"driver": "dra.net", "parameters": {"a": 1}}, {}, set()],
	[{"driver": "dra.net", "parameters": {"kind": "X"}}, {}, {kind}],
	[{"driver": "evil.example", "parameters": {"kind": "GpuConfig"}}, {}, {driver}],
	[gpu({"sharing": {"strategy": "TimeSlicing"}}), {}, {strategy}],
	[gpu({"sharing": {"strategy": "TimeSlicing"}}), {"sharing": ["TimeSlicing"]}, set()],
	[gpu({"sharing": {}}), {"sharing": ["TimeSlicing"]}, {strategy}],
	[gpu({"sharing": {"strategy": ["MPS"]}}), {"sharing": ["MPS"]}, {strategy}],
	[
		gpu({"sharing": {"strategy": "MPS", "mpsConfig": {"multiUser": true}}}), {"sharing": ["MPS"]},
		{"MPS serves several users"},
	],
	[gpu({"sharing": {"strategy": "MPS", "mpsConfig": {"multiUser": true}}}), {"sharing": ["MPS"], "multiUser": "allow"}, set()],
]

test_configs if {
	every row in rows {
		said(claim(row[0]), object.union(allowed, row[1])) == row[2]
	}
}

test_nothing_is_allowed_without_parameters if said(claim(gpu({})), {}) == {driver}

test_classes_too if {
	class := {
		"apiVersion": "resource.k8s.io/v1",
		"kind": "DeviceClass",
		"metadata": {"name": "gpu"},
		"spec": {"config": [{"opaque": {"driver": "evil.example", "parameters": {}}}]},
	}
	said(class, allowed) == {driver}
}
