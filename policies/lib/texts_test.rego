package lib.lockgate.texts_test

import data.lib.lockgate.texts

workflow(patch) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"podSpecPatch": patch}}

test_pods_in_text if {
	judged := workflow("spec: {template: {spec: {containers: [{image: a}], hostNetwork: true}}}\n---\ninitContainers: [{image: b}]\n---\ncontainers: 7")
	found := texts.pods with input as {"review": {"object": judged}}
	{[one.path, one.value] | some one in found} == {
		[["spec", "podSpecPatch"], {"containers": [{"image": "a"}], "hostNetwork": true}],
		[["spec", "podSpecPatch"], {"initContainers": [{"image": "b"}]}],
	}
}

# Text, and whether it is readable.
readings := [
	["containers: []", true],
	[`{"containers": []}`, true],
	["a string", true],
	[`{"Containers": []}`, false],
	["spec: {SecurityContext: {}}", false],
	["[{hostnetwork: true}]", false],
	["containers: [", false],
	["image: '{{x}}'", false],
]

test_what_is_readable if {
	every reading in readings {
		found := texts.texts with input as {"review": {"object": workflow(reading[0])}}
		[one.readable | some one in found] == [reading[1]]
	}
}

test_nothing_in_no_text if {
	texts.texts == [] with input as {"review": {"object": workflow("")}}
	texts.texts == [] with input as {"review": {"object": workflow(7)}}
	texts.pods == [] with input as {"review": {"object": {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"runtimeEnvYAML": "pip: [a]"}}}}
}
