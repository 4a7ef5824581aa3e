package lockgate.claims.pinned_device_classes_test

import data.lockgate.claims.pinned_device_classes as rule

spec := {"selectors": [{"cel": {"expression": "device.driver == \"gpu.nvidia.com\""}}]}

digest := "5697072b0357cb6671d5c2058e051ac860c1d5d11b3f9ba35194c1d4b60c4475"

class(name, fields) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "DeviceClass",
	"metadata": {"name": name},
	"spec": object.union(spec, fields),
}

said(judged, entry) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {
		"review": {"object": judged},
		"parameters": {"classes": [object.union({"name": "gpu.nvidia.com", "digest": digest}, entry)]},
	}
}

test_approved if said(class("gpu.nvidia.com", {}), {}) == set()

test_other_name if said(class("gpu", {}), {}) == {"DeviceClass is not approved"}

changed := "DeviceClass is not what was approved"

served := "DeviceClass serves an extended resource that is not approved for it"

test_changed if {
	said(class("gpu.nvidia.com", {"config": []}), {}) == {changed}
	said(class("gpu.nvidia.com", {"selectors": []}), {}) == {changed, "DeviceClass matches every device"}
	said(class("gpu.nvidia.com", {"extendedResourceName": "nvidia.com/gpu"}), {}) == {changed, served}
}

test_served if {
	with_name := class("gpu.nvidia.com", {"extendedResourceName": "nvidia.com/gpu"})
	pinned := {"digest": crypto.sha256(json.marshal(with_name.spec))}
	said(with_name, pinned) == {served}
	said(with_name, object.union(pinned, {"extendedResource": "nvidia.com/gpu"})) == set()
}

test_every_device if {
	empty := {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "gpu.nvidia.com"}, "spec": {}}
	pinned := {"digest": crypto.sha256("{}")}
	said(empty, pinned) == {"DeviceClass matches every device"}
	said(empty, object.union(pinned, {"everyDevice": "allow"})) == set()
}

kept(expressions) if {
	selectors := [{"cel": {"expression": expression}} | some expression in expressions]
	judged := class("gpu.nvidia.com", {"selectors": selectors})
	said(judged, {"digest": crypto.sha256(json.marshal(judged.spec)), "driver": "gpu.nvidia.com"}) == set()
}

test_driver if {
	kept([`device.driver == "gpu.nvidia.com"`])
	kept([`device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'`])
	kept(["true", `device.driver=="gpu.nvidia.com"`])
}

test_other_drivers if {
	every expression in [
		"true", `device.driver == "other"`, `device.driver != "gpu.nvidia.com"`,
		`device.driver == "gpu.nvidia.com" || true`, `device.driver == "gpu.nvidia.com" && false || true`,
		`device.driver == "gpu.nvidia.com" && false ? false : true`, `!(device.driver == "gpu.nvidia.com")`,
		`device.driver == "gpu.nvidia.com" == false`, `"device.driver == \"gpu.nvidia.com\"" != ""`,
		`device.driver == "gpu.nvidia.com" + "x"`, "true\ndevice.driver == \"gpu.nvidia.com\"",
	] {
		not kept([expression])
	}
}

test_an_update_that_changes_nothing_is_let_through if {
	other := class("gpu", {})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": other, "oldObject": other}}
}
