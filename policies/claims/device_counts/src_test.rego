package lockgate.claims.device_counts_test

import data.lockgate.claims.device_counts as rule

claim(request) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c"},
	"spec": {"devices": {"requests": [{"name": "gpu", "exactly": object.union({"deviceClassName": "gpu.nvidia.com"}, request)}]}},
}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

above := "device count is above the limit"

none := "the number of devices cannot be read"

counts := [
	[1, set()], [8, set()], [9, {above}], [9223372036854775807, {above}], [0, {none}], [-1, {none}], [1.5, {none}], ["8", {none}],
]

test_counts if {
	every row in counts {
		said(claim({"count": row[0]}), {"maxPerRequest": 8}) == row[1]
	}
}

test_all if {
	all := claim({"allocationMode": "All"})
	said(all, {"maxPerRequest": 32}) == set()
	said(all, {"maxPerRequest": 31}) == {"all devices are asked for"}
	said(all, {"maxPerRequest": 32, "all": "refuse"}) == {"all devices are asked for"}
}

alternatives := {
	"apiVersion": "resource.k8s.io/v1beta1",
	"kind": "ResourceClaimTemplate",
	"metadata": {"name": "c"},
	"spec": {"spec": {"devices": {"requests": [{"name": "gpu", "firstAvailable": [
		{"name": "a", "deviceClassName": "small", "count": 1},
		{"name": "b", "deviceClassName": "large", "count": 9},
	]}]}}},
}

test_each_alternative_counts if said(alternatives, {"maxPerRequest": 8}) == {above}

deployment(replicas, number) := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "d"},
	"spec": {"replicas": replicas, "strategy": {"type": "Recreate"}, "template": {"spec": {"containers": [{
		"name": "c",
		"resources": {"limits": {"nvidia.com/gpu": number}},
	}]}}},
}

test_pods_count if {
	said(deployment(4, 2), {"maxPerRequest": 8, "maxPerObject": 8}) == set()
	said(deployment(5, 2), {"maxPerRequest": 8, "maxPerObject": 8}) == {"devices of all pods are above the limit"}
	said(deployment(5, 2), {"maxPerRequest": 8}) == set()
	said(deployment(1, 9), {"maxPerRequest": 8}) == {above}
}

test_unknown_shapes if {
	said(claim({"allocationMode": "Some"}), {"maxPerRequest": 8}) != set()
}

# A thousand MB are no thousand devices.
test_shares_of_devices_are_no_count if {
	sharing := {"nvidia.com/gpu": 1, "nvidia.com/gpumem": 1024, "nvidia.com/gpucores": 50}
	judged := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": {"limits": sharing}}]}}
	said(judged, {"maxPerRequest": 8, "maxPerObject": 8}) == set()
}
