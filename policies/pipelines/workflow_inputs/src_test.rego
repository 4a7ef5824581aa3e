package lockgate.pipelines.workflow_inputs_test

import data.lockgate.pipelines.workflow_inputs as rule

workflow(spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at spec.")[0], array.slice(violation.details.path, 1, 12)] |
	some violation in rule.violation with input as {"review": {"object": workflow(spec)}, "parameters": parameters}
}

artifact(value) := {"arguments": {"artifacts": [object.union({"name": "model"}, value)]}}

open := "workflow reads over an unprotected connection"

place(field) := array.concat(["arguments", "artifacts", 0], field)

test_plain_urls if {
	said(artifact({"http": {"url": "http://models.example.com/a.bin"}}), {}) == {[open, place(["http", "url"])]}
	said(artifact({"git": {"repo": "git://example.com/a"}}), {}) == {[open, place(["git", "repo"])]}
	said(artifact({"oss": {"endpoint": "http://oss.example.com"}}), {}) == {[open, place(["oss", "endpoint"])]}
	every value in [
		{"http": {"url": "https://models.example.com/a.bin"}}, {"http": {"url": "http://files.team.svc/a"}}, {"http": {"url": "http://{{host}}/a"}},
		{"http": {"url": 7}}, {"git": {"repo": "git@example.com:a/b"}}, {"raw": {"data": "http://example.com"}}, {"http": "odd"},
	] {
		said(artifact(value), {}) == set()
	}
	said(artifact({"http": {"url": "http://models.example.com/a.bin"}}), {"allowedHosts": ["*.example.com"]}) == set()
}

test_everywhere if {
	bad := {"name": "a", "http": {"url": "http://example.com/a"}}
	spec := {"templates": [
		{"name": "t", "inputs": {"artifacts": [bad]}, "outputs": {"artifacts": [bad]}, "http": {"url": "http://example.com/hook"}},
		{"name": "d", "dag": {"tasks": [{"arguments": {"artifacts": [bad]}}]}, "steps": [[{"arguments": {"artifacts": [bad]}}]]},
	]}
	count(said(spec, {})) == 5
}

test_verification if {
	said(artifact({"git": {"repo": "https://example.com/a", "insecureSkipTLS": true}}), {}) == {[open, place(["git", "insecureSkipTLS"])]}
	said(artifact({"git": {"repo": "ssh://example.com/a", "insecureIgnoreHostKey": true}}), {}) == {[open, place(["git", "insecureIgnoreHostKey"])]}
	said({"templates": [{"http": {"url": "https://example.com", "insecureSkipVerify": "yes"}}]}, {}) == {[open, ["templates", 0, "http", "insecureSkipVerify"]]}
	said(artifact({"git": {"insecureSkipTLS": false}}), {}) == set()
	said(artifact({"s3": {"endpoint": "minio:9000", "insecure": true}}), {}) == set()
	said(artifact({"s3": {"endpoint": "s3.amazonaws.com", "insecure": true}}), {}) == {[open, place(["s3", "insecure"])]}
	said(artifact({"s3": {"endpoint": "s3.amazonaws.com", "insecure": false}}), {}) == set()
	said(artifact({"s3": {"insecure": true}}), {}) == set()
}

running(image, enum) := {
	"arguments": {"parameters": [{"name": "whole", "enum": ["registry.example.com/ml/a:1"]}]},
	"templates": [{"name": "t", "inputs": {"parameters": [object.union({"name": "image"}, enum)]}, "container": {"image": image}}],
}

free := {["image is chosen by whoever submits the workflow", ["templates", 0, "container", "image"]]}

listed := {"enum": ["registry.example.com/ml/a:1", "registry.example.com/ml/b:1"]}

test_images if {
	every image in ["{{inputs.parameters.image}}", "registry.example.com/{{inputs.parameters.name}}", "{{inputs.parameters.registry}}/ml/a:v1", "{{=inputs.parameters.image}}", "train:{{x}}"] {
		said(running(image, {}), {}) == free
		said(running(image, {}), {"images": "allow"}) == set()
	}
	every image in ["registry.example.com/ml/a:v1", "registry.example.com/ml/a:{{inputs.parameters.tag}}", "registry.example.com:5000/ml/a@sha256:{{x}}", "{{workflow.parameters.whole}}"] {
		said(running(image, {}), {}) == set()
	}
	said(running("{{inputs.parameters.image}}", listed), {}) == set()
	said(running("{{ inputs.parameters.image }}", listed), {}) == set()
	said(running("{{inputs.parameters.other}}", listed), {}) == free
	said(running("{{workflow.parameters.image}}", listed), {}) == free
	said(running("{{inputs.parameters.image}}-x", listed), {}) == free
	said(running("{{inputs.parameters.image}}", {"enum": []}), {}) == free
	said(running("{{inputs.parameters.image}}", {"enum": ["{{x}}"]}), {}) == free
}

test_updates if {
	judged := workflow(running("{{x}}", {}))
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}

calling(fields, calls) := object.union(
	{
		"entrypoint": "main",
		"templates": [
			{"name": "main", "steps": [calls]},
			{"name": "t", "inputs": {"parameters": [{"name": "image"}]}, "container": {"image": "{{inputs.parameters.image}}"}},
		],
	},
	fields,
)

call(value, fields) := object.union({"name": "c", "template": "t", "arguments": {"parameters": [{"name": "image", "value": value}]}}, fields)

items := {"withItems": [{"image": "debian", "tag": "9.1"}]}

test_values_that_callers_write if {
	every calls in [[call("debian:9.1", {})], [call("{{item.image}}:{{item.tag}}", items)], [call("debian:9.1", {}), call("{{ item }}", {"withItems": ["alpine:3.6"]})]] {
		said(calling({}, calls), {}) == set()
	}
	free := {["image is chosen by whoever submits the workflow", ["templates", 1, "container", "image"]]}
	every calls in [
		[], [call("{{workflow.parameters.image}}", {})], [call("debian:9.1", {}), call("{{inputs.parameters.x}}", {})], [call("{{item}}", {})],
		[call("{{item}}", {"withParam": "{{x}}"})], [call("{{item}}", {"withItems": ["{{workflow.parameters.image}}"]})], [call(7, {})],
		[{"name": "c", "template": "t"}],
	] {
		said(calling({}, calls), {}) == free
	}
	said(calling({"entrypoint": "t"}, [call("debian:9.1", {})]), {}) == free
	said(calling({"onExit": "t"}, [call("debian:9.1", {})]), {}) == free
	template := {"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "spec": calling({}, [call("debian:9.1", {})])}
	shared := {violation.msg | some violation in rule.violation with input as {"review": {"object": template}}}
	count(shared) == 1
}
