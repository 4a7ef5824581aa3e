package lib.lockgate.paths_test

import data.lib.lockgate.paths

test_text if {
	every path, expected in {
		[]: "",
		["spec"]: "spec",
		["spec", "containers", 0, "image"]: "spec.containers[0].image",
		["metadata", "annotations", "example.com/key"]: `metadata.annotations["example.com/key"]`,
		["data", "a\"b"]: `data["a\"b"]`,
		[0, "x"]: "[0].x",
		["spec", "Worker-1", ""]: `spec.Worker-1[""]`,
	} {
		paths.text(path) == expected
	}
}

test_field if {
	paths.field(["spec", "containers", 0]) == "containers"
	paths.field([0]) == "it"
}
