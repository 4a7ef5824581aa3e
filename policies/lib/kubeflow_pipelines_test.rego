package lib.lockgate.kubeflow_pipelines_test

import data.lib.lockgate.kubeflow_pipelines

ir := {
	"pipelineInfo": {"name": "train"},
	"components": {
		"comp-train": {"executorLabel": "exec-train"},
		"comp-loop": {"dag": {"tasks": {"again": {"componentRef": {"name": "comp-train"}}}}},
	},
	"deploymentSpec": {"executors": {
		"exec-train": {"container": {"image": "python:3.11"}},
		"exec-import": {"importer": {"artifactUri": {"constant": "gs://b/m"}, "reimport": true}},
		"exec-later": {"importer": {"artifactUri": {"runtimeParameter": "uri"}}},
	}},
	"root": {"dag": {"tasks": {
		"train": {"componentRef": {"name": "comp-train"}, "cachingOptions": {"enableCache": true}},
		"loop": {"componentRef": {"name": "comp-loop"}},
	}}},
}

granted := {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-train": {"secretAsEnv": []}}}}}}

document := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "spec": ir, "platform": granted}

job := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "spec": {"pipelineSpec": ir, "runtimeConfig": {}}}

version := {
	"apiVersion": "pipelines.kubeflow.org/v2beta1",
	"kind": "PipelineVersion",
	"spec": {"pipelineSpec": ir, "platformSpec": granted},
}

# What is the same in each form: where it is, and where the platforms are.
forms := [
	{"object": document, "path": ["spec"], "platform": ["platform"]},
	{"object": version, "path": ["spec", "pipelineSpec"], "platform": ["spec", "platformSpec"]},
]

at(start, rest) := array.concat(start, rest)

executors := ["deploymentSpec", "executors"]

test_every_form_says_the_same if {
	every form in forms {
		[one] := kubeflow_pipelines.executors with input as {"review": {"object": form.object}}
		one.name == "exec-train"
		one.container.image == "python:3.11"
		kubeflow_pipelines.place(one, ["image"]) == at(form.path, array.concat(executors, ["exec-train", "container", "image"]))
		[granting] := kubeflow_pipelines.platforms with input as {"review": {"object": form.object}}
		granting == {
			"path": at(form.platform, ["platforms", "kubernetes", "deploymentSpec", "executors", "exec-train"]),
			"executor": "exec-train", "value": {"secretAsEnv": []}, "how": "field",
		}
		kubeflow_pipelines.place(granting, ["secretAsEnv"]) == array.concat(granting.path, ["secretAsEnv"])
		[pipeline] := kubeflow_pipelines.pipelines with input as {"review": {"object": form.object}}
		[pipeline.name, pipeline.path] == ["train", form.path]
		kubeflow_pipelines.unreadable == [] with input as {"review": {"object": form.object}}
	}
}

test_a_pipeline_job if {
	[one] := kubeflow_pipelines.executors with input as {"review": {"object": job}}
	one.path == ["spec", "pipelineSpec", "deploymentSpec", "executors", "exec-train"]
	kubeflow_pipelines.platforms == [] with input as {"review": {"object": job}}
}

test_importers if {
	found := {one.name: one | some one in kubeflow_pipelines.importers} with input as {"review": {"object": document}}
	object.keys(found) == {"exec-import", "exec-later"}
	found["exec-import"].uri == "gs://b/m"
	found["exec-import"].uri_path == ["spec", "deploymentSpec", "executors", "exec-import", "importer", "artifactUri", "constant"]
	found["exec-import"].importer.reimport
	[found["exec-later"].uri, found["exec-later"].how] == [null, "parameter"]
}

test_older_importers if {
	older := json.patch(document, [{"op": "replace", "path": "/spec/deploymentSpec/executors/exec-import/importer/artifactUri", "value": {"constantValue": {"stringValue": "gs://old"}}}])
	found := {one.name: one.uri | some one in kubeflow_pipelines.importers} with input as {"review": {"object": older}}
	found["exec-import"] == "gs://old"
}

test_tasks_of_every_graph if {
	found := {[task.name, task.executor, task.root] | some task in kubeflow_pipelines.tasks} with input as {"review": {"object": document}}
	found == {["train", "exec-train", true], ["loop", "", true], ["again", "exec-train", false]}
	[again] := [task | some task in kubeflow_pipelines.tasks; task.name == "again"] with input as {"review": {"object": document}}
	again.path == ["spec", "components", "comp-loop", "dag", "tasks", "again"]
}

workflow(parameters) := {
	"apiVersion": "argoproj.io/v1alpha1",
	"kind": "Workflow",
	"spec": {"arguments": {"parameters": parameters}, "templates": []},
}

compiled := workflow([
	{"name": "components-root", "value": `{"dag":{"tasks":{"echo":{"componentRef":{"name":"comp-echo"}}}}}`},
	{"name": "implementations-1", "value": `{"image":"python:3.11","command":["sh"]}`},
	{"name": "implementations-2", "value": `{"importer":{"artifactUri":{"constant":"s3://b/m"}}}`},
	{"name": "kubernetes-comp-echo", "value": `{"secretAsEnv":[]}`},
	{"name": "mine", "value": "implementations-"},
])

test_a_compiled_workflow if {
	[one] := kubeflow_pipelines.executors with input as {"review": {"object": compiled}}
	[one.container.image, one.how, one.path] == ["python:3.11", "text", ["spec", "arguments", "parameters", 1, "value"]]
	kubeflow_pipelines.place(one, ["image"]) == one.path
	[imported] := kubeflow_pipelines.importers with input as {"review": {"object": compiled}}
	[imported.uri, imported.uri_path] == ["s3://b/m", ["spec", "arguments", "parameters", 2, "value"]]
	[task] := kubeflow_pipelines.tasks with input as {"review": {"object": compiled}}
	[task.name, task.component, task.root] == ["echo", "comp-echo", true]
	[granting] := kubeflow_pipelines.platforms with input as {"review": {"object": compiled}}
	[granting.executor, granting.value] == ["comp-echo", {"secretAsEnv": []}]
	kubeflow_pipelines.unreadable == [] with input as {"review": {"object": compiled}}
}

test_a_workflow_of_its_own if {
	own := workflow([{"name": "implementations-1", "value": "no JSON"}, {"name": 7, "value": "components-root"}])
	kubeflow_pipelines.executors == [] with input as {"review": {"object": own}}
	kubeflow_pipelines.unreadable == [] with input as {"review": {"object": own}}
}

test_what_cannot_be_read_is_told if {
	broken := workflow([{"name": "components-root", "value": "{"}, {"name": "implementations-1", "value": "[]"}, {"name": "kubernetes-x", "value": null}])
	found := {one.path | some one in kubeflow_pipelines.unreadable} with input as {"review": {"object": broken}}
	found == {["spec", "arguments", "parameters", 0, "value"], ["spec", "arguments", "parameters", 1, "value"]}
}

test_odd_shapes if {
	every odd in [
		[["deploymentSpec"], "x"],
		[["deploymentSpec", "executors"], []],
		[["deploymentSpec", "executors", "exec-train"], {}],
		[["deploymentSpec", "executors", "exec-train", "container"], "python"],
		[["components"], 7],
		[["root"], []],
		[["root", "dag", "tasks"], "train"],
	] {
		judged := json.patch(document, [{"op": "replace", "path": array.concat(["spec"], odd[0]), "value": odd[1]}])
		found := {one.path | some one in kubeflow_pipelines.unreadable} with input as {"review": {"object": judged}}
		count(found) == 1
	}
	nothing := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "spec": "x", "platform": 7}
	kubeflow_pipelines.tasks == [] with input as {"review": {"object": nothing}}
}
