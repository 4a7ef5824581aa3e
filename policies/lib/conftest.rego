# METADATA
# title: The entry for Conftest
# description: |
#   Written by `lockgate policy sync`. Conftest asks for `data.main.deny` with a manifest as input. Parameters are read from
#   `data.parameters.<family>.<rule>`, given by `conftest test --data`; a rule without them is not judged, and where that
#   hides something, a warning says so. The items of a List are judged one by one.
package main

objects := input.items if {
	endswith(input.kind, "List")
	is_array(input.items)
} else := [input]

unconfigured(rule, found) := sprintf("%s is not configured, and %d places are not judged; give --data with parameters.%s", [
	rule,
	count(found),
	replace(rule, "/", "."),
])

deny contains violation if {
	parameters := data.parameters.claims.approved_device_classes
	some object in objects
	some violation in data.lockgate.claims.approved_device_classes.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("claims/approved_device_classes", found) if {
	not data.parameters.claims.approved_device_classes
	found := [violation |
		some object in objects
		some violation in data.lockgate.claims.approved_device_classes.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}

deny contains violation if {
	parameters := data.parameters.workloads.immutable_images
	some object in objects
	some violation in data.lockgate.workloads.immutable_images.violation with input as {
		"review": {"object": object},
		"parameters": parameters,
	}
}

warn contains unconfigured("workloads/immutable_images", found) if {
	not data.parameters.workloads.immutable_images
	found := [violation |
		some object in objects
		some violation in data.lockgate.workloads.immutable_images.violation with input as {
			"review": {"object": object},
			"parameters": {},
		}
	]
	count(found) > 0
}
