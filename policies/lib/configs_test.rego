package lib.lockgate.configs_test

import data.lib.lockgate.configs
import data.lib.lockgate.device_classes
import data.lib.lockgate.device_constraints

claim(devices) := {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "spec": {"devices": devices}}

class(spec) := {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu"}, "spec": spec}

sharing := {"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig", "sharing": {"strategy": "MPS"}}

found(object) := list if {
	list := configs.configs with input as {"review": {"object": object}}
}

test_claims if {
	[one, bare] := found(claim({"config": [
		{"requests": ["gpu"], "opaque": {"driver": "gpu.nvidia.com", "parameters": sharing}},
		{"opaque": {"driver": "dra.net", "parameters": {"interface": {}}}},
	]}))
	[one.path, one.driver, one.api_version, one.kind, one.requests, one.claim] == [
		["spec", "devices", "config", 0], "gpu.nvidia.com", "resource.nvidia.com/v1beta1", "GpuConfig", ["gpu"], ["spec"],
	]
	one.parameters == sharing
	[bare.driver, bare.kind, bare.requests] == ["dra.net", "", []]
}

test_classes if {
	judged := class({"selectors": [{"cel": {"expression": "true"}}], "config": [{"opaque": {"driver": "d", "parameters": {}}}], "extendedResourceName": "nvidia.com/gpu"})
	[one] := found(judged)
	[one.path, one.driver] == [["spec", "config", 0], "d"]
	[of] := device_classes.device_classes with input as {"review": {"object": judged}}
	[of.name, of.version, of.extended_resource, count(of.selectors)] == ["gpu", "v1", "nvidia.com/gpu", 1]
	[empty] := device_classes.device_classes with input as {"review": {"object": {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass"}}}
	[empty.name, empty.selectors, empty.extended_resource] == ["", [], ""]
}

test_constraints if {
	list := device_constraints.constraints with input as {"review": {"object": claim({"constraints": [
		{"matchAttribute": "resource.kubernetes.io/pcieRoot", "requests": ["a", "b"]},
		{"distinctAttribute": "x/y"},
	]})}}
	[[one.match, one.distinct, one.requests] | some one in list] == [
		["resource.kubernetes.io/pcieRoot", "", ["a", "b"]], ["", "x/y", []],
	]
}

test_wrong_types if {
	every wrong in [null, 1, true, "text", [], {}, ["text"], [null], {"a": null}] {
		found(claim({"config": wrong})) == []
		found(class(wrong)) == []
		[one] := found(claim({"config": [{"opaque": wrong}]}))
		[one.driver, one.kind] == ["", ""]
		constraints := device_constraints.constraints with input as {"review": {"object": claim({"constraints": wrong})}}
		constraints == []
	}
}
