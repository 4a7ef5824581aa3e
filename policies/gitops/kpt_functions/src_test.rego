package lockgate.gitops.kpt_functions_test

import data.lockgate.gitops.kpt_functions as rule

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

kptfile(pipeline) := {"apiVersion": "kpt.dev/v1", "kind": "Kptfile", "metadata": {"name": "p"}, "pipeline": pipeline}

found(image, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": kptfile({"mutators": [{"image": image}]})}, "parameters": parameters}
}

pinned(name) := concat("@", [name, digest])

moving := "function's image moves"

test_images_that_move if {
	every image in ["gcr.io/kpt-fn/set-labels:unstable", "gcr.io/kpt-fn/set-labels", "set-labels", "set-labels:latest", "gcr.io/kpt-fn/set-labels:v0.1"] {
		found(image, {}) == {moving}
	}
	found(pinned("gcr.io/kpt-fn/set-labels"), {}) == set()
	found(pinned("set-labels:v0.1"), {}) == set()
}

test_tags_where_they_are_enough if {
	given := {"requireDigest": false}
	found("gcr.io/kpt-fn/set-labels:v0.1", given) == set()
	found("set-labels:v0.1.4", given) == set()
	every image in ["gcr.io/kpt-fn/set-labels:unstable", "gcr.io/kpt-fn/set-labels", "set-labels:latest"] {
		found(image, given) == {moving}
	}
}

test_repositories if {
	given := {"allowedRepositories": ["registry.example.com/fn", "ghcr.io/kptdev/krm-functions-catalog"]}
	found(pinned("registry.example.com/fn/check"), given) == set()
	found(pinned("set-labels"), given) == set()
	found(pinned("registry.example.com/fn-evil/check"), given) == {"function is from a repository that is not allowed"}
	found(pinned("gcr.io/kpt-fn/set-labels"), {"allowedRepositories": []}) == {"function is from a repository that is not allowed"}
}

test_images_that_are_none if {
	every image in ["not valid", 7, {}, "A/B:c d"] {
		"function's image is not valid" in found(image, {})
	}
	found("${IMAGE}", {}) == set()
}

test_odd_shapes if {
	every pipeline in [null, "", [], {"mutators": "x"}, {"mutators": [null, "x", {"exec": "sed"}]}] {
		count(rule.violation) == 0 with input as {"review": {"object": kptfile(pipeline)}}
	}
	count(rule.violation) == 1 with input as {"review": {"object": kptfile({"validators": [{"image": "gcr.io/kpt-fn/kubeval:unstable"}]})}}
}
