package lib.lockgate.charges_test

import data.lib.lockgate.charges

claim(requests) := {
	"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
	"metadata": {"name": "c"}, "spec": {"devices": {"requests": requests}},
}

by_class(object) := found if {
	found := charges.by_class with input as {"review": {"object": object}}
}

charged(object) := found if {
	found := charges.charges with input as {"review": {"object": object}}
}

exactly(asked) := {"name": "r", "exactly": asked}

either(alternatives) := {"name": "r", "firstAvailable": alternatives}

a(number) := {"name": "s", "deviceClassName": "A", "count": number}

b(number) := {"name": "s", "deviceClassName": "B", "count": number}

# Requests, and what ResourceQuota charges for them. https://github.com/kubernetes/kubernetes/tree/master/pkg/quota/v1
cases := {
	"one": [[exactly({"deviceClassName": "A"})], {"A": 1}],
	"count": [[exactly(a(5))], {"A": 5}],
	"all": [[exactly({"deviceClassName": "A", "allocationMode": "All"})], {"A": 32}],
	"administrators": [[exactly({"deviceClassName": "A", "adminAccess": true, "count": 2})], {"A": 2}],
	"sum": [[exactly(a(2)), exactly(a(3)), exactly(b(1))], {"A": 5, "B": 1}],
	"each class of the alternatives": [[either([a(8), b(1)])], {"A": 8, "B": 1}],
	"the most of one class": [[either([a(8), a(2)])], {"A": 8}],
	"the most of one class, last": [[either([a(2), b(3), a(8)])], {"A": 8, "B": 3}],
	"equal alternatives": [[either([a(2), a(2)])], {"A": 2}],
	"alternatives of two requests": [[either([a(8), b(1)]), either([a(1)])], {"A": 9, "B": 1}],
	"alternatives with all": [[either([a(8), {"name": "s", "deviceClassName": "A", "allocationMode": "All"}])], {"A": 32}],
	"nothing": [[], {}],
	"huge": [[exactly(a(9223372036854775807)), exactly(a(9223372036854775807))], {"A": 18446744073709551614}],
	"mode is not known": [[exactly({"deviceClassName": "A", "allocationMode": "Some"})], {"A": "unknown"}],
}

test_claims if {
	every case in cases {
		by_class(claim(case[0])) == case[1]
	}
}

test_templates_are_not_charged_themselves if {
	template := {
		"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate",
		"spec": {"spec": {"devices": {"requests": [exactly(a(2))]}}},
	}
	by_class(template) == {}
	[charge] := charged(template)
	charge == {
		"path": ["spec", "spec", "devices", "requests", 0, "exactly"], "name": "r", "how": "template", "class": "A", "resource": "",
		"devices": 2, "pods": "unknown", "total": "unknown",
	}
}

gpus(number) := {"resources": {"limits": {"nvidia.com/gpu": number}}}

deployment(replicas, spec) := {
	"apiVersion": "apps/v1", "kind": "Deployment",
	"spec": {"replicas": replicas, "strategy": {"type": "Recreate"}, "template": {"spec": spec}},
}

total(spec) := charge.total if {
	some charge in charged(deployment(3, spec))
	charge.resource == "nvidia.com/gpu"
}

sidecar(number) := object.union(gpus(number), {"restartPolicy": "Always"})

# Containers add up; init containers run one after the other, beside sidecars that started before.
test_resources_of_pods if {
	total({"containers": [gpus(1), gpus("2")]}) == 9
	total({"containers": [gpus(1)], "initContainers": [gpus(4), gpus(2)]}) == 12
	total({"containers": [gpus(1)], "initContainers": [sidecar(1), gpus(4)]}) == 15
	total({"containers": [gpus(1)], "initContainers": [gpus(4), sidecar(1)]}) == 12
	total({"containers": [gpus(4)], "initContainers": [gpus(4), sidecar(1)]}) == 15
	total({"containers": [gpus("many")]}) == "unknown"
}

test_limits_and_requests_are_one if {
	total({"containers": [{"resources": {"limits": {"nvidia.com/gpu": 2}, "requests": {"nvidia.com/gpu": 2}}}]}) == 6
}

test_annotations_of_kserve if {
	[charge] := charged({
		"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService",
		"metadata": {"annotations": {"serving.kserve.io/exp-dra-device-class": "A", "serving.kserve.io/exp-dra-device-count": "2"}},
		"spec": {"replicas": 3, "template": {"containers": []}},
	})
	[charge.how, charge.class, charge.devices, charge.total] == ["annotation", "A", 2, 6]
}
