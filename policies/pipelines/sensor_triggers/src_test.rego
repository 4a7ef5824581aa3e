package lockgate.pipelines.sensor_triggers_test

import data.lockgate.pipelines.sensor_triggers as rule

sensor(spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "metadata": {"name": "s"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at spec.")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": sensor(spec)}, "parameters": parameters}
}

workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
	"arguments": {"parameters": [{"name": "message"}, {"name": "base-image"}]},
	"templates": [
		{"container": {"command": ["echo"], "args": ["x"]}},
		{"container": {"command": ["sh", "-c"], "args": ["x"]}},
		{"container": {"args": ["/bin/bash", "x"]}},
		{"script": {"source": "x"}},
	],
}}

writing(dest) := {"triggers": [{"template": {"name": "t", "k8s": {
	"source": {"resource": workflow},
	"parameters": [{"src": {"dependencyName": "d"}, "dest": dest}],
}}}]}

decides(dest) if {
	said(writing(dest), {}) == {["an event decides what runs", ["spec", "triggers", 0, "template", "k8s", "parameters", 0, "dest"]]}
}

test_what_an_event_may_not_decide if {
	every dest in [
		"spec.templates.0.container.image", "spec.templates.0.container.command.0", "spec.templates.3.script.source", "spec.templates.1.container.args.0",
		"spec.templates.2.container.args.1", "spec.serviceAccountName", "metadata.namespace", "spec.podSpecPatch", "spec.predictor.model.storageUri",
		"spec.arguments.parameters.1.value", "spec.workflowTemplateRef.name", "kind",
	] {
		decides(dest)
	}
}

test_what_it_may if {
	every dest in [
		"spec.arguments.parameters.0.value", "spec.arguments.parameters.9.value", "spec.templates.0.container.args.0", "metadata.labels.source-id", "metadata.name",
		"", "spec.arguments", "spec.templates.7.container.args.0",
	] {
		said(writing(dest), {}) == set()
	}
	said({"triggers": [{"template": {"k8s": {"source": {"resource": workflow}, "parameters": [{"dest": 7}, "odd"]}}}]}, {}) == set()
	said({"triggers": [{"template": {"http": {"url": "x", "payload": [], "parameters": [{"dest": "image"}]}}}]}, {}) == set()
}

templated(dest) := {"triggers": [{"template": {"name": "t", "argoWorkflow": {"source": {"resource": workflow}}}, "parameters": [{"dest": dest}]}]}

test_parameters_of_a_template if {
	path := ["spec", "triggers", 0, "parameters", 0, "dest"]
	said(templated("argoWorkflow.source.resource.spec.templates.0.container.image"), {}) == {["an event decides what runs", path]}
	said(templated("argoWorkflow.source.resource.spec.templates.1.container.args.0"), {}) == {["an event decides what runs", path]}
	said(templated("argoWorkflow.source.resource.spec.arguments.parameters.1.value"), {}) == {["an event decides what runs", path]}
	said(templated("argoWorkflow.source.inline"), {}) == {["an event decides what runs", path]}
	said(templated("argoWorkflow.source.resource.spec.arguments.parameters.0.value"), {}) == set()
	said(templated("name"), {}) == set()
}

depending(dependency, template) := {"dependencies": [dependency], "triggers": [{"template": template}]}

test_filters if {
	path := ["spec", "dependencies", 0, "filters"]
	every dependency in ["odd", 7, null, [], {"name": 7}, {"name": "d"}, {"name": "d", "filters": {}}, {"name": "d", "filters": {"data": []}}, {"name": "d", "filters": null}, {"filters": {"dataLogicalOperator": "or"}}] {
		said(depending(dependency, {"k8s": {}}), {}) == {["an event is not filtered", path]}
		said(depending(dependency, {"k8s": {}}), {"requireFilters": false}) == set()
	}
	every filters in [{"data": [{"path": "a"}]}, {"exprs": [{}]}, {"script": "x"}, {"context": {"type": "x"}}, {"time": {"start": "1"}}] {
		said(depending({"name": "d", "filters": filters}, {"k8s": {}}), {}) == set()
	}
	said(depending({"name": "d"}, {"log": {}}), {}) == set()
}

fetching(url) := {"triggers": [{"template": {"k8s": {"source": {"url": url}}}}]}

test_urls if {
	every url in [{"path": "http://example.com/w.yaml"}, {"path": "https://example.com/w.yaml", "verifyCert": false}] {
		said(fetching(url), {}) == {["object is fetched unprotected", ["spec", "triggers", 0, "template", "k8s", "source", "url", "path"]]}
	}
	every url in [{"path": "http://files.team.svc/w.yaml"}, {"path": "https://example.com/w.yaml", "verifyCert": true}, {"path": 7}, "odd"] {
		said(fetching(url), {}) == set()
	}
}

test_updates if {
	judged := sensor(writing("metadata.namespace"))
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
