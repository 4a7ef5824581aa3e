package lib.lockgate.argo_test

import data.lib.lockgate.argo

workflow(kind, spec) := {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "spec": spec}

test_workflows_and_templates if {
	judged := workflow("CronWorkflow", {"workflowSpec": {
		"templateDefaults": {"container": {}},
		"templates": [
			{"name": "a", "script": {}},
			{"name": "b", "dag": {"tasks": [{"inline": {"container": {}}}, {"template": "a"}]}},
			{"name": "c", "steps": [[{"inline": {"http": {}}}]]},
			"odd",
		],
	}})
	specs := [found.path | some found in argo.workflows] with input as {"review": {"object": judged}}
	specs == [["spec", "workflowSpec"]]
	found := argo.templates with input as {"review": {"object": judged}}
	count(found) == 6
	count([one | some one in found; argo.makes_pods(one.value)]) == 4
}

deeds(template) := found if {
	found := argo.deeds with input as {"review": {"object": workflow("Workflow", {"templates": [template]})}}
}

names(template) := [one.name | some deed in deeds(template); some one in deed.objects]

manifest(text) := {"resource": {"action": "Create", "manifest": text}}

test_manifests if {
	names(manifest("apiVersion: v1\nkind: Pod")) == ["/Pod"]
	names(manifest("apiVersion: v1\nkind: Pod\n---\n---  # more\napiVersion: a.b/v1\nkind: C\nname: {{x.y}}")) == ["/Pod", "a.b/C"]
	names(manifest(`{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "a.b/v1", "kind": "C"}]}`)) == ["a.b/C"]
	names({"resource": {"action": "apply", "manifestFrom": {"artifact": {"raw": {"data": "apiVersion: v1\nkind: Pod"}}}}}) == ["/Pod"]
	[deed.action | some deed in deeds(manifest("apiVersion: v1\nkind: Pod"))] == ["create"]
	[deed.path | some deed in deeds(manifest("apiVersion: v1\nkind: Pod"))] == [["spec", "templates", 0, "resource", "manifest"]]
}

test_undecided_manifests if {
	every template in [
		manifest("{{inputs.parameters.manifest}}"),
		manifest("apiVersion: v1\nkind: {{kind}}"),
		manifest("kind: Pod"),
		manifest("a: [1"),
		manifest("apiVersion: v1\nkind: Pod\n---\na: [1"),
		manifest("just words"),
		{"resource": {"action": "create", "manifestFrom": {"artifact": {"name": "m"}}}},
		{"resource": {"action": "create", "manifest": 7}},
		{"resource": {"action": 7}},
	] {
		some deed in deeds(template)
		deed.undecided != ""
	}
	[deed.undecided | some deed in deeds(manifest("apiVersion: v1\nkind: Pod"))] == [""]
}

sensor(template) := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Sensor", "spec": {"triggers": [{"template": template}]}}

test_triggers if {
	pod := {"apiVersion": "v1", "kind": "Pod", "spec": {}}
	k8s := {"name": "t", "k8s": {"source": {"resource": pod}}}
	found := argo.deeds with input as {"review": {"object": sensor(k8s)}}
	[[deed.action, deed.path] | some deed in found] == [["create", ["spec", "triggers", 0, "template", "k8s", "source", "resource"]]]
	inline := {"argoWorkflow": {"operation": "Resubmit", "source": {"inline": "apiVersion: v1\nkind: Pod"}}}
	texts := argo.deeds with input as {"review": {"object": sensor(inline)}}
	[[deed.action, one.name] | some deed in texts; some one in deed.objects] == [["resubmit", "/Pod"]]
	elsewhere := argo.deeds with input as {"review": {"object": sensor({"k8s": {"source": {"git": {}}}})}}
	[deed.undecided | some deed in elsewhere] == ["the object is not written here"]
	doers := [one.doer | some one in argo.triggers] with input as {"review": {"object": sensor({"http": {"url": "x"}, "name": "t"})}}
	doers == ["http"]
}
