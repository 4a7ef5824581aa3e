# METADATA
# title: A pipeline evaluates a model before it deploys it
# description: |
#   A task of a compiled Kubeflow pipeline that deploys, registers or promotes a model must come after one that evaluates, validates or tests it: by its inputs or by `dependentTasks`, however many
#   tasks lie between, in graphs inside of graphs too. What a task does is told by its name and by those of its component and executor: words that begin with one of `deploys` (deploy,
#   register, promote, publish, serve, rollout, release unless given; an upload of a model, too) and of `evaluations` (evaluat, validat, test, verify, assess, scor, benchmark, gate, check,
#   compar). A task with words of both, such as `deploy-if-validated`, is not before itself. Unless `exempt` names it.
#
#   `documents.lockgate.dev KubeflowPipeline` and `PipelineVersion` are read. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: compiled Workflows of Argo, what an evaluation finds and whether the pipeline goes by it (`models/promoted_models` asks for evidence), and tasks whose names
#   do not say what they do.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/pipelines/user-guides/core-functions/control-flow/
#     description: The graph of a pipeline
# custom:
#   id: LG-P018
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 CM-4 (impact analysis)
#     - NIST AI RMF MEASURE 2.5 (validity before deployment)
#     - EU AI Act Art. 15 (accuracy)
#   systems: [kubeflow-pipelines]
package lockgate.pipelines.evaluated_before_deploy

import data.lib.lockgate.kubeflow_pipelines
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(task.path, "model is deployed without an evaluation before", task.name, why, fix) if {
	not updates.unchanged
	some task in tasks
	does(task, deploying)
	not task.name in exempt
	not evaluated(task)
	why := "what was trained goes on whatever it is worth"
	fix := "let it depend on a task that evaluates the model, as by one of its outputs or .after()"
}

exempt := {name | some name in object.get(review.parameters, "exempt", [])}

tasks := [task | some task in kubeflow_pipelines.tasks; task.how == "field"]

deploying := sprintf("(^|[^a-z])(%s)|model[^a-z]?upload|upload[^a-z]?model", [concat("|", words("deploys", ["deploy", "register", "promote", "publish", "serve", "rollout", "release"]))])

evaluating := sprintf("(^|[^a-z])(%s)", [concat("|", words("evaluations", ["evaluat", "validat", "test", "verify", "assess", "scor", "benchmark", "gate", "check", "compar"]))])

# Words go into a pattern, so nothing but letters may be in them.
words(parameter, usual) := [word |
	some given in object.get(review.parameters, parameter, usual)
	word := lower(given)
	regex.match(`^[a-z]+$`, word)
]

does(task, pattern) if {
	some name in [task.name, task.component, task.executor]
	regex.match(pattern, lower(name))
}

# A graph in which each task has a start and an end. An end follows the start of its own task and the ends of the tasks inside of it; a start follows
# the ends of the tasks before it, and the start of the task in which its graph runs.
start(path) := json.marshal(["start", path])

end(path) := json.marshal(["end", path])

edges := object.union(
	{start(task.path): array.concat(
		[end(before) | some before in befores(task)],
		[start(outer.path) | some outer in tasks; runs(outer, task)],
	) |
		some task in tasks
	},
	{end(task.path): array.concat(
		[start(task.path)],
		[end(inner.path) | some inner in tasks; runs(task, inner)],
	) |
		some task in tasks
	},
)

graph_of(task) := array.slice(task.path, 0, count(task.path) - 1)

befores(task) := [array.concat(graph_of(task), [name]) |
	some name in ({name | some name in object.get(task.value, "dependentTasks", [])} | producers(task))
	is_string(name)
]

producers(task) := {name |
	walk(object.get(task.value, "inputs", {}), [inner, name])
	inner[count(inner) - 1] == "producerTask"
}

# Is `inner` a task of the graph that is the component of `outer`?
runs(outer, inner) if {
	holder := graph_of(inner)
	count(holder) >= 4
	outer.component != ""
	array.slice(holder, count(holder) - 4, count(holder)) == ["components", outer.component, "dag", "tasks"]
	array.slice(outer.path, 0, count(holder) - 4) == array.slice(holder, 0, count(holder) - 4)
}

ends := {end(task.path) | some task in tasks; does(task, evaluating)}

evaluated(task) if {
	reached := graph.reachable(edges, {start(task.path)})
	count(reached & ends) > 0
}
