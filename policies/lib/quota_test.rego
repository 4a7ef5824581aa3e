package lib.lockgate.quota_test

import data.lib.lockgate.quota

said(object, parameters) := found if {
	found := quota.quota with input as {"review": {"object": object}, "parameters": parameters}
}

claim(requests) := {
	"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
	"metadata": {"name": "c"}, "spec": {"devices": {"requests": requests}},
}

# Devices by class that a claim is charged; nothing may be refused.
devices(requests, mode) := {trim_prefix(name, "devices/"): amount |
	found := said(claim(requests), {"quota": mode})
	found.refused == []
	some name, amount in found.own
	startswith(name, "devices/")
}

exactly(asked) := {"name": "r", "exactly": object.remove(asked, ["name"])}

either(alternatives) := {"name": "r", "firstAvailable": alternatives}

a(number) := {"name": "s", "deviceClassName": "A", "count": number}

b(number) := {"name": "s", "deviceClassName": "B", "count": number}

all_of(class) := {"name": "s", "deviceClassName": class, "allocationMode": "All"}

admin(number) := object.union(a(number), {"adminAccess": true})

# As ResourceQuota counts.
kubernetes := [
	[[exactly({"deviceClassName": "A"})], {"A": 1}],
	[[exactly(a(5))], {"A": 5}],
	[[exactly(all_of("A"))], {"A": 32}],
	[[exactly(admin(2))], {"A": 2}],
	[[exactly(a(2)), exactly(a(3)), exactly(b(1))], {"A": 5, "B": 1}],
	[[either([a(8), b(1)])], {"A": 8, "B": 1}],
	[[either([a(8), a(2)])], {"A": 8}],
	[[either([a(2), b(3), a(8)])], {"A": 8, "B": 3}],
	[[either([a(8), b(1)]), either([a(1)]), exactly(b(2))], {"A": 9, "B": 3}],
	[[either([a(40), all_of("A")])], {"A": 40}],
	[[{"name": "r", "deviceClassName": "A", "count": 2}], {}], # v1 has no flat requests: refused
	[[], {}],
]

test_kubernetes if {
	every case in kubernetes { devices(case[0], {}) == case[1] }
}

strict := [
	[[exactly(admin(2)), exactly(a(1))], {"admin": "zero"}, {"A": 1}],
	[[exactly(admin(2))], {"admin": "deny"}, {}],
	[[exactly(all_of("A"))], {"all": "deny"}, {}],
	[[exactly(all_of("A"))], {"all": "resolve"}, {"A": 32}],
	[[either([a(8), b(1)])], {"first": "max-cost"}, {"A": 8}],
	[[either([a(2), b(2)])], {"first": "max-cost"}, {"A": 2}],
	[[either([a(1), b(3)]), either([a(4), b(2)])], {"first": "max-cost"}, {"A": 4, "B": 3}],
]

test_strict if {
	every case in strict { devices(case[0], case[1]) == case[2] }
}

test_claims_are_objects if {
	said(claim([]), {}).own == {"objects/claims": 1}
}

# What cannot be counted is refused, though ResourceQuota counts it as nothing.
test_unknown_is_refused if {
	every request in [
		exactly({"deviceClassName": "A", "allocationMode": "Some"}),
		exactly(a(-1)),
		exactly(a(1.5)),
		exactly(a("2")),
		exactly({"deviceClassName": 1}),
		exactly({"deviceClassName": ""}),
		{"name": "r"},
		{"name": "r", "someday": {"deviceClassName": "A"}},
	] {
		count(said(claim([request]), {}).refused) > 0
	}
}

reach(path, devices, drivers) := {"path": path, "devices": devices, "drivers": drivers, "products": ["P"]}

place(i) := ["spec", "devices", "requests", i, "exactly"]

test_drivers_and_products if {
	found := said(claim([exactly(a(2)), exactly(all_of("B")), exactly(a(1))]), {
		"quota": {"all": "resolve"},
		"known": {"reach": [reach(place(0), 9, ["x", "y"]), reach(place(1), 3, ["x"])]},
	})
	found.own["drivers/x"] == 5
	found.own["drivers/y"] == 2
	found.own["drivers/"] == 1
	found.own["products/P"] == 5
	found.own["devices/B"] == 3
}

template := {
	"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate",
	"metadata": {"name": "t"}, "spec": {"spec": {"devices": {"requests": [exactly(a(2))]}}},
}

each := said(template, {}).each

test_templates_cost_nothing if {
	found := said(template, {})
	[found.own, found.predicted] == [{}, {}]
	each == {
		"devices/A": 2, "gpu-seconds/A": "unbounded", "objects/claims": 1,
		"drivers/": 2, "products/": 2, "resources/deviceclass.resource.kubernetes.io/A": 2,
	}
}

pod := {"containers": [], "resourceClaims": [{"name": "c", "resourceClaimTemplateName": "t"}]}

deployment(spec) := {
	"apiVersion": "apps/v1", "kind": "Deployment",
	"spec": {"replicas": 3, "strategy": {"type": "Recreate"}, "template": {"spec": spec}},
}

test_workloads_are_predicted if {
	found := said(deployment(pod), {"known": {"templates": {"t": each}}})
	found.own == {}
	found.predicted["devices/A"] == 6
	found.predicted["objects/claims"] == 3
	found.predicted["gpu-seconds/A"] == "unbounded"
	found.missing == []
}

test_missing_templates_are_told if {
	said(deployment(pod), {}).missing == [{"path": ["spec", "template", "spec", "resourceClaims", 0], "name": "t"}]
}

gpus(name, number) := {"containers": [{"resources": {"limits": {name: number}}}]}

implicit := "deviceclass.resource.kubernetes.io/A"

pod_of(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

test_pods_pay_for_their_resources if {
	said(pod_of(gpus(implicit, 2)), {}).own == {"resources/deviceclass.resource.kubernetes.io/A": 2}
	said(pod_of(gpus("nvidia.com/gpu", 2)), {}).own == {"resources/nvidia.com/gpu": 2}
	said(deployment(gpus("nvidia.com/gpu", 2)), {}).predicted == {"resources/nvidia.com/gpu": 6}
}

by_class := {"quota": {"pods": "classes"}, "known": {"classes": {"nvidia.com/gpu": "A"}}}

test_resources_of_classes if {
	said(pod_of(gpus(implicit, 2)), by_class).own["devices/A"] == 2
	said(pod_of(gpus("nvidia.com/gpu", 2)), by_class).own["devices/A"] == 2
	not said(pod_of(gpus("amd.com/gpu", 2)), by_class).own["devices/A"]
}

test_claims_count_for_the_resources_of_their_class if {
	found := said(claim([exactly(a(2)), exactly(b(1))]), by_class).own
	found["resources/nvidia.com/gpu"] == 2
	found["resources/deviceclass.resource.kubernetes.io/A"] == 2
	found["resources/deviceclass.resource.kubernetes.io/B"] == 1
}

job(fields, spec) := {"apiVersion": "batch/v1", "kind": "Job", "spec": object.union(fields, {"template": {"spec": spec}})}

test_seconds if {
	spec := gpus(implicit, 2)
	classes := {"pods": "classes"}
	said(pod_of(object.union(spec, {"activeDeadlineSeconds": 60})), {"quota": classes}).own["gpu-seconds/A"] == 120
	said(pod_of(object.union(spec, {"activeDeadlineSeconds": 60})), {}).seconds == 60
	said(claim([]), {"quota": {"seconds": 9}}).seconds == 9
	said(job({"activeDeadlineSeconds": 60}, spec), {"quota": classes}).predicted["gpu-seconds/A"] == 120
	said(job({}, spec), {"quota": classes}).predicted["gpu-seconds/A"] == "unbounded"
	said(job({}, spec), {"quota": object.union(classes, {"seconds": 10})}).predicted["gpu-seconds/A"] == 20
	said(job({"activeDeadlineSeconds": 60}, pod), {"known": {"templates": {"t": each}}}).predicted["gpu-seconds/A"] == 120
}

from_scheduler(user) := object.union({"devices/A": 0}, found) if {
	value := object.union(claim([exactly(a(2))]), {"metadata": {"annotations": {"resource.kubernetes.io/extended-resource-claim": "true"}}})
	request := {"object": value, "userInfo": {"username": user}}
	found := quota.quota.own with input as {"review": request, "parameters": by_class}
}

test_claims_of_the_scheduler_are_paid_for if {
	from_scheduler("system:kube-scheduler")["devices/A"] == 0
	from_scheduler("anybody")["devices/A"] == 2
}

# Pods are not charged by drivers and products, so that these claims are.
test_claims_of_the_scheduler_are_charged_by_what_they_reach if {
	from_scheduler("system:kube-scheduler")["drivers/"] == 2
	from_scheduler("system:kube-scheduler")["products/"] == 2
}
