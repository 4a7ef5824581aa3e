# METADATA
# title: Compiled Kubeflow pipelines
# description: |
#   What a compiled pipeline (IR) runs, imports and is granted on Kubernetes, in every form in which one is handed over: the file that the
#   SDK writes (`documents.lockgate.dev KubeflowPipeline`, with its second document at `platform`), the object
#   `pipelines.kubeflow.org PipelineVersion`, and the Argo Workflow that the pipelines' server makes, which has the same as
#   JSON in strings of its parameters. Paths into such a string end at the string.
#   https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
#   https://github.com/kubeflow/pipelines/blob/master/kubernetes_platform/proto/kubernetes_executor_config.proto
package lib.lockgate.kubeflow_pipelines

import data.lib.lockgate.settings
import data.lib.lockgate.workloads

# METADATA
# description: |
#   The pipelines that are written as such, as `{"path", "value", "name", "platform", "platform_path"}`; `platform` is what
#   stands at `platforms.kubernetes.deploymentSpec.executors`, `{}` where there is none. Those in Workflows have no value of their own.
pipelines := [pipeline |
	some at in workloads.objects
	some form in forms[at.name]
	path := array.concat(at.path, form.path)
	value := workloads.value_at(path)
	is_object(value)
	platform_path := array.concat(array.concat(at.path, form.platform), platform_executors)
	pipeline := {
		"path": path,
		"value": value,
		"name": object.get(value, ["pipelineInfo", "name"], ""),
		"platform": settings.fields(workloads.value_at(platform_path)),
		"platform_path": platform_path,
	}
]

# Where each kind has the pipeline, and what stands above `platforms`.
forms := {
	"documents.lockgate.dev/KubeflowPipeline": [
		{"path": ["spec"], "platform": ["platform"]},
		# A PipelineJob, whose runtime configuration stands beside.
		{"path": ["spec", "pipelineSpec"], "platform": ["platform"]},
	],
	"pipelines.kubeflow.org/PipelineVersion": [{"path": ["spec", "pipelineSpec"], "platform": ["spec", "platformSpec"]}],
}

platform_executors := ["platforms", "kubernetes", "deploymentSpec", "executors"]

# METADATA
# description: |
#   What runs in containers, as `{"path", "name", "container", "container_path", "how"}`. `how` is `field`, or `text` where a Workflow has
#   the container as JSON in a string: then both paths are the string's, and `name` is that of the parameter. `container` is `{}`
#   where it is no object; `place` gives the path of a field in it.
executors := array.concat(
	[executor |
		some entry in deployed
		some field in ["container", "customJob"]
		container := entry.value[field]
		path := array.concat(entry.path, [field])
		executor := {
			"path": entry.path, "name": entry.name, "how": "field",
			"container": settings.fields(container), "container_path": path,
		}
	],
	[executor |
		some text in implementations
		is_object(text.value)
		not text.value.importer
		executor := {
			"path": text.path, "name": text.name, "how": "text",
			"container": text.value, "container_path": text.path,
		}
	],
)

# METADATA
# description: |
#   What is taken in from outside as an artifact, as `{"path", "name", "uri", "uri_path", "how", "importer"}`. `how` is `constant`, and `uri` what is
#   written, whatever its type; or `parameter`: then `uri` is null, since only a run knows it.
importers := array.concat(
	[told |
		some entry in deployed
		importer := entry.value.importer
		is_object(importer)
		told := imported(importer, array.concat(entry.path, ["importer"]), entry.name, "field")
	],
	[told |
		some text in implementations
		importer := text.value.importer
		is_object(importer)
		told := imported(importer, text.path, text.name, "text")
	],
)

imported(importer, path, name, where) := {
	"path": path, "name": name, "uri": uri.value, "uri_path": within(where, path, uri.path), "how": uri.how, "importer": importer,
} if {
	uri := artifact_uri(importer)
}

artifact_uri(importer) := {"value": value, "path": ["artifactUri", field], "how": "constant"} if {
	# The second is how older compilers wrote it.
	some field in ["constant", "constantValue"]
	value := constant(importer.artifactUri[field])
} else := {"value": null, "path": ["artifactUri"], "how": "parameter"}

constant(value) := value.stringValue if {
	is_string(value.stringValue)
} else := value

# METADATA
# description: |
#   The tasks of every graph, as `{"path", "name", "value", "component", "executor", "root", "how"}`: `component` is the name of what it runs and `executor`
#   the name of that one's executor, `""` where it is a graph again or is not there; `root` is whether it stands in the outermost graph.
tasks := array.concat(
	[task |
		some pipeline in pipelines
		some graph in graphs(pipeline)
		some name, value in graph.tasks
		is_object(value)
		component := text_of(object.get(value, ["componentRef", "name"], ""))
		task := {
			"path": array.concat(graph.path, [name]), "name": name, "value": value, "component": component,
			"executor": text_of(object.get(pipeline.value, ["components", component, "executorLabel"], "")),
			"root": graph.root, "how": "field",
		}
	],
	[task |
		some text in components
		dag_tasks := object.get(text.value, ["dag", "tasks"], {})
		is_object(dag_tasks)
		some name, value in dag_tasks
		is_object(value)
		task := {
			"path": text.path, "name": name, "value": value,
			"component": text_of(object.get(value, ["componentRef", "name"], "")),
			"executor": "", "root": text.name == "components-root", "how": "text",
		}
	],
)

graphs(pipeline) := array.concat(
	[{"path": array.concat(pipeline.path, ["root", "dag", "tasks"]), "tasks": dag_tasks, "root": true} |
		dag_tasks := object.get(pipeline.value, ["root", "dag", "tasks"], null)
		is_object(dag_tasks)
	],
	[{"path": array.concat(pipeline.path, ["components", name, "dag", "tasks"]), "tasks": dag_tasks, "root": false} |
		some name, component in object.get(pipeline.value, "components", {})
		is_object(component)
		dag_tasks := object.get(component, ["dag", "tasks"], null)
		is_object(dag_tasks)
	],
)

# METADATA
# description: |
#   What executors are granted on Kubernetes (secrets, volumes, tolerations, node selectors), as `{"path", "executor", "value", "how"}`. In a Workflow
#   the string is that of a component, whose name is told for `executor`.
platforms := array.concat(
	[{"path": array.concat(pipeline.platform_path, [name]), "executor": name, "value": value, "how": "field"} |
		some pipeline in pipelines
		some name, value in pipeline.platform
		is_object(value)
	],
	[{"path": text.path, "executor": trim_prefix(text.name, "kubernetes-"), "value": text.value, "how": "text"} |
		some text in texts
		startswith(text.name, "kubernetes-")
		is_object(text.value)
	],
)

# METADATA
# description: |
#   What cannot be read, as `{"path", "what"}`: a string that is to be JSON and is none, an executor that is no object or does nothing that is
#   known, and whatever stands where the executors, components or tasks should.
unreadable := array.concat(
	[{"path": text.path, "what": "a part of a compiled pipeline that is no JSON"} |
		some text in texts
		not is_object(text.value)
	],
	array.concat(
		[{"path": entry.path, "what": "an executor of an unknown form"} |
			some entry in deployed
			not is_executor(entry.value)
		],
		[{"path": path, "what": "a part of a compiled pipeline of an unknown form"} |
			some pipeline in pipelines
			some part in [["deploymentSpec"], ["deploymentSpec", "executors"], ["components"], ["root"], ["root", "dag"], ["root", "dag", "tasks"]]
			path := array.concat(pipeline.path, part)
			value := workloads.value_at(path)
			value != null
			not is_object(value)
		],
	),
)

is_executor(value) if {
	some field in ["container", "importer", "customJob", "resolver"]
	is_object(value[field])
}

# METADATA
# description: The path of a field of what an entry (an executor, a task, what a platform grants) holds; in text, that of the string.
place(entry, field) := within(entry.how, object.get(entry, "container_path", entry.path), field)

within("field", path, field) := array.concat(path, field)

within("text", path, _) := path

# The executors that are written as such.
deployed := [{"path": array.concat(path, [name]), "name": name, "value": value} |
	some pipeline in pipelines
	path := array.concat(pipeline.path, ["deploymentSpec", "executors"])
	found := workloads.value_at(path)
	is_object(found)
	some name, value in found
]

# The strings of JSON in the parameters of Workflows; of one that is no JSON the value is null.
texts := [{"path": array.concat(path, ["value"]), "name": parameter.name, "value": read(parameter.value)} |
	some workflow in workloads.workflow_paths
	some path in workloads.below(array.concat(workflow, ["arguments", "parameters"]), [])
	parameter := workloads.value_at(path)
	is_string(parameter.name)
	some prefix in ["components-", "implementations-", "kubernetes-"]
	startswith(parameter.name, prefix)
	is_pipelines(workflow)
	is_string(parameter.value)
]

# A user's own parameter may begin with such a word.
is_pipelines(workflow) if {
	some path in workloads.below(array.concat(workflow, ["arguments", "parameters"]), [])
	workloads.value_at(array.concat(path, ["name"])) == "components-root"
}

implementations := [text | some text in texts; startswith(text.name, "implementations-")]

components := [text | some text in texts; startswith(text.name, "components-")]

read(text) := json.unmarshal(text) if {
	json.is_valid(text)
} else := null

text_of(value) := value if {
	is_string(value)
} else := ""
