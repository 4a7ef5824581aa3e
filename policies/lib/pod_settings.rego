# METADATA
# title: Settings of pods and of containers
# description: |
#   What pods and containers say of a field, wherever they are made: in pod specs, in the specs and templates of Argo's workflows, in what looks
#   like a container, and in YAML and JSON inside of strings, where a violation points to the string.
package lib.lockgate.pod_settings

import data.lib.lockgate.texts
import data.lib.lockgate.workloads

# METADATA
# description: |
#   What has the fields of a pod, as `{"path", "value"}`: pod specs, and the specs and templates of Argo's workflows.
pods := array.concat(
	[{"path": pod.path, "value": pod.value} | some pod in workloads.pods],
	[{"path": path, "value": workloads.value_at(path)} |
		some path in array.concat(workloads.workflow_paths, workloads.workflow_templates)
	],
)

# METADATA
# description: |
#   What pods say of a field, as `{"path", "value", "text"}`; `field` is a list of names. `text` is whether the path is that of a string in which it stands;
#   there every object that has the field is taken for a pod. Fields without a value are not told.
of_pods(field) := array.concat([found | some pod in pods; some found in at_place(pod, field)], in_texts(field))

# METADATA
# description: The same of containers of all sorts.
of_containers(field) := array.concat(
	[found | some container in workloads.containers; some found in at_place(container, field)],
	in_texts(field),
)

# METADATA
# description: The same of both, each place once.
of_both(field) := array.concat(
	[found | some pod in pods; some found in at_place(pod, field)],
	array.concat(
		[found | some container in workloads.containers; not container.path in pod_paths; some found in at_place(container, field)],
		in_texts(field),
	),
)

# Spark's driver is read as a pod and as a container.
pod_paths := {pod.path | some pod in pods}

at_place(holder, field) := [{"path": array.concat(holder.path, field), "value": value, "text": false} |
	value := object.get(holder.value, field, null)
	value != null
]

in_texts(field) := [{"path": found.path, "value": value, "text": true} |
	some found in texts.texts
	walk(found.value, [_, inner])
	is_object(inner)
	value := object.get(inner, field, null)
	value != null
]

# METADATA
# description: |
#   The containers of pods that are written whole, as in `workloads.containers`, with `kind`, the `group/Kind` of the object that holds them: what these do not say has its default. A patch, and what a
#   controller completes from elsewhere (KServe from its runtimes, TrainJobs from theirs), leaves it to that.
whole_containers := [container |
	some pod in whole_pods
	some field in ["containers", "initContainers"]
	some i, value in pod.value[field]
	is_object(value)
	container := {"path": array.concat(pod.path, [field, i]), "pod": pod.path, "kind": pod.object.name, "value": value}
]

# METADATA
# description: The pods that are written whole, as in `workloads.pods`.
whole_pods := [pod |
	some pod in workloads.pods
	not pod.object.name in completed
	not startswith(pod.object.name, "sparkoperator.k8s.io/")
	count(object.get(pod.value, "containers", [])) > 0
]

completed := {
	"kubeflow.org/PodDefault", "serving.kserve.io/ClusterServingRuntime", "serving.kserve.io/InferenceService", "serving.kserve.io/LLMInferenceService",
	"serving.kserve.io/LLMInferenceServiceConfig", "serving.kserve.io/ServingRuntime", "serving.kubeflow.org/InferenceService", "trainer.kubeflow.org/TrainJob",
}
