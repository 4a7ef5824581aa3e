package lib.lockgate.unreadable_test

import data.lib.lockgate.unreadable

told(object) := [concat(".", [sprintf("%v", [element]) | some element in problem.path]) |
	some problem in unreadable.unreadable with input as {"review": {"object": object}}
]

claim(version, devices) := {
	"apiVersion": sprintf("resource.k8s.io/%s", [version]), "kind": "ResourceClaim", "spec": {"devices": devices},
}

asking(leaf) := claim("v1", {"requests": [{"name": "r", "exactly": object.union({"deviceClassName": "gpu"}, leaf)}]})

at := "spec.devices.requests.0.exactly"

# Leaves and where they cannot be read.
leaves := [
	[{"count": 2}, []],
	[{"count": 0}, ["count"]],
	[{"count": -1}, ["count"]],
	[{"count": 1.5}, ["count"]],
	[{"count": "2"}, ["count"]],
	[{"allocationMode": "All"}, []],
	[{"allocationMode": "All", "count": 2}, ["count"]],
	[{"allocationMode": "Some"}, ["allocationMode"]],
	[{"allocationMode": "all"}, ["allocationMode"]],
	[{"allocationMode": 1}, ["allocationMode"]],
	[{"adminAccess": "yes"}, ["adminAccess"]],
	[{"adminAccess": false}, []],
	[{"selectors": [{"cel": {"expression": "true"}}]}, []],
	[{"selectors": [{"cel": null, "expression": "true"}]}, ["selectors.0"]],
	[{"selectors": [{"cel": {"expression": "true", "more": 1}}]}, ["selectors.0"]],
	[{"selectors": [{"attribute": "x"}]}, ["selectors.0"]],
	[{"selectors": {"cel": {"expression": "true"}}}, ["selectors"]],
	[{"tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}]}, []],
	[{"tolerations": [{"anything": true}]}, ["tolerations.0.anything"]],
	[{"tolerations": ["all"]}, ["tolerations.0"]],
	[{"tolerations": {"key": "k"}}, ["tolerations"]],
	[{"capacity": {"requests": {"memory": "1Gi"}}}, []],
	[{"capacity": {"limits": {"memory": "1Gi"}}}, ["capacity"]],
	[{"capacity": "1Gi"}, ["capacity"]],
	[{"derivedAttributes": []}, ["derivedAttributes"]],
]

# In parts, since opa gives each test five seconds.
test_counts_and_modes if told_right(array.slice(leaves, 0, 10))

test_selectors if told_right(array.slice(leaves, 10, 17))

test_other_leaves if told_right(array.slice(leaves, 17, count(leaves)))

told_right(cases) if {
	every case in cases {
		told(asking(case[0])) == [concat(".", [at, place]) | some place in case[1]]
	}
}

test_devices if {
	told(claim("v1", {"requests": [], "more": 1})) == ["spec.devices.more"]
	told(claim("v1", {"config": [{"opaque": {"driver": "d", "parameters": {}}}]})) == []
	every wrong in [{}, {"opaque": null}, {"opaque": {"parameters": {}}}, {"opaque": {"driver": ""}}, {"structured": {}}, {"opaque": {"driver": "d", "x": 1}}] {
		told(claim("v1", {"config": [wrong]})) == ["spec.devices.config.0"]
	}
	told(claim("v1", {"constraints": [{"matchAttribute": "a/b"}]})) == []
	every wrong in [{}, {"matchExpression": "x"}, {"matchAttribute": "a/b", "unless": 1}] {
		told(claim("v1", {"constraints": [wrong]})) == ["spec.devices.constraints.0"]
	}
	every field in ["requests", "config", "constraints"] {
		told(claim("v1", {field: "all"})) == [concat(".", ["spec.devices", field])]
	}
}

test_old_versions_are_read if {
	every version in ["v1alpha3", "v1beta1"] {
		told(claim(version, {"requests": [{"name": "r", "deviceClassName": "gpu", "allocationMode": "All"}]})) == []
	}
	told(claim("v1beta2", {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]})) == []
	told({"apiVersion": "resource.k8s.io/v1alpha2", "kind": "ResourceClaim", "spec": {
		"resourceClassName": "gpu", "parametersRef": {"name": "x"}, "allocationMode": "Immediate",
	}}) == []
	told(claim("v2alpha1", {})) == ["apiVersion"]
}

class(spec) := {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu"}, "spec": spec}

test_device_classes if {
	told(class({"selectors": [{"cel": {"expression": "true"}}], "extendedResourceName": "a/b"})) == []
	told(class({"selectors": [{"expression": "true"}]})) == ["spec.selectors.0"]
	told(class({"newField": 1})) == ["spec.newField"]
	told(class({"config": [{"opaque": {}}]})) == ["spec.config.0"]
}

test_annotations if {
	told({
		"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService",
		"metadata": {"annotations": {"serving.kserve.io/exp-dra-more": "x"}},
	}) == ["metadata.annotations.serving.kserve.io/exp-dra-more"]
}

test_claims_of_pods if {
	told({"apiVersion": "v1", "kind": "Pod", "spec": {"resourceClaims": [
		{"name": "a", "resourceClaimName": "x"}, {"name": "b"}, {"name": "c", "resourceClaimName": "x", "inline": {}},
	]}}) == ["spec.resourceClaims.1", "spec.resourceClaims.2.inline"]
}

# What needs no closer look has nothing that a closer look would find.
test_plain_claims_are_readable if {
	every case in leaves {
		object := asking(case[0])
		not plain_and_wrong(object, case[1])
	}
	unreadable.is_plain with input as {"review": {"object": asking({"count": 2})}}
	not is_plain(claim("v2", {"requests": []}))
	not is_plain(claim("v1", {"requests": ["text"]}))
	not is_plain(claim("v1", {"requests": [{"name": "r", "other": {}}]}))
	not is_plain(claim("v1", {"requests": [{"name": "r", "exactly": {"deviceClassName": "a", "x": 1}}]}))
	not is_plain({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "spec": {"devices": {"requests": []}, "more": 1}})
}

is_plain(object) if unreadable.is_plain with input as {"review": {"object": object}}

plain_and_wrong(object, expected) if {
	expected != []
	is_plain(object)
}
