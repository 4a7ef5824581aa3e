package lib.lockgate.used_images_test

import data.lib.lockgate.used_images

told(object) := {[found.path, found.text, found.how, is_read(found)] |
	some found in used_images.references with input as {"review": {"object": object}}
}

is_read(found) := found.reference != null

test_fields if {
	told({"apiVersion": "v1", "kind": "Pod", "spec": {
		"containers": [{"image": "nginx"}, {"image": 7}, {"image": "${X}"}],
		"volumes": [{"image": {"reference": "a@b"}}],
	}}) == {
		[["spec", "containers", 0, "image"], "nginx", "field", true],
		[["spec", "containers", 1, "image"], 7, "field", false],
		[["spec", "containers", 2, "image"], "${X}", "field", false],
		[["spec", "volumes", 0, "image", "reference"], "a@b", "field", false],
	}
}

test_text_of_workflows if {
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
		"podSpecPatch": `{"containers":[{"name":"main","Image":"a"}],"volumes":[{"image":{"reference":"v"}}]}`,
		"volumes": [{"image": {"reference": "w"}}],
		"templates": [{"resource": {"manifest": "kind: Pod\nspec: {containers: [{image: b}]}\n---\nspec: {x: {image: c}}"}}, {"podSpecPatch": "{{bad}}"}],
	}}
	manifest := ["spec", "templates", 0, "resource", "manifest"]
	told(workflow) == {
		[["spec", "podSpecPatch"], "a", "text", true],
		[["spec", "podSpecPatch"], "v", "text", true],
		[["spec", "volumes", 0, "image", "reference"], "w", "field", true],
		[manifest, "b", "text", true],
		[manifest, "c", "text", true],
	}
	used_images.unreadable == {["spec", "templates", 1, "podSpecPatch"]} with input as {"review": {"object": workflow}}
}

test_text_of_sensors_and_ray if {
	sensor := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "spec": {"triggers": [{"template": {"k8s": {"source": {"inline": "spec: {containers: [{image: a}]}"}}}}]}}
	told(sensor) == {[["spec", "triggers", 0, "template", "k8s", "source", "inline"], "a", "text", true]}
	job := {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"runtimeEnvYAML": "container: {image: a}\nimage_uri: b\n"}}
	told(job) == {[["spec", "runtimeEnvYAML"], "a", "text", true], [["spec", "runtimeEnvYAML"], "b", "text", true]}
}

test_pipelines if {
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"arguments": {"parameters": [
		{"name": "components-root", "value": "{}"},
		{"name": "implementations-1", "value": `{"image":"python:3.11"}`},
	]}}}
	told(workflow) == {[["spec", "arguments", "parameters", 1, "value"], "python:3.11", "text", true]}
}

test_pieces_of_kustomize if {
	judged := {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "images": [
		{"name": "a", "newTag": 7},
		{"name": "b", "newName": "c", "digest": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		{"name": "d", "newName": "e"},
		{"name": "f"},
		"g",
	]}
	{[found[0], found[1]] | some found in told(judged)} == {
		[["images", 0], "a:7"],
		[["images", 1], "c@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
		[["images", 2], "e"],
	}
}

test_pieces_of_charts if {
	values := {
		"image": {"registry": "r.example.com/", "repository": "a", "tag": "1"},
		"server": {"repository": "b", "pullPolicy": "Always"},
		"git": {"repository": "https://example.com/x"},
	}
	every object in [
		{"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "spec": {"values": values}},
		{"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "HelmValues", "spec": values},
	] {
		{found[1] | some found in told(object)} == {"r.example.com/a:1", "b"}
	}
}
