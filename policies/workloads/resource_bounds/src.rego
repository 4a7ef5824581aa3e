# METADATA
# title: Containers are bounded in what they take of their node
# description: |
#   A container without a limit for memory takes what it can get, and when the node has none left the kernel ends some process of some pod; models are loaded in
#   one piece and are large. Every container of a pod that is written whole, init containers too, says the limits in `required`, by default `memory`, itself or by its pod (`spec.resources`).
#
#   A device of a plugin (`nvidia.com/gpu`) is asked for as a limit; a request without one, or with another number, is refused by an API server, and so it is here, in every
#   kind of workload.
#
#   Placeholders are left for when they are filled in. An update that leaves a workload as it was is not judged.
#
#   Not covered: what a LimitRange adds, containers that a controller completes (InferenceServices and their runtimes, TrainJobs and theirs, PodDefaults, templates of Argo's workflows, applications of Spark),
#   Ray's autoscaler, pods in text, and whether the size is right (`cost/right_sizing`).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
#     description: Resources of containers
#   - ref: https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
#     description: How GPUs are asked for
# custom:
#   id: LG-W014
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [knative, kubeflow-notebooks, kubeflow-trainer, kubernetes, ray]
package lockgate.workloads.resource_bounds

import data.lib.lockgate.extended_resources
import data.lib.lockgate.pod_settings
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, what, settings.shown(value), why, fix) if {
	not updates.unchanged
	some container in pod_settings.whole_containers
	not container.kind in {"trainer.kubeflow.org/ClusterTrainingRuntime", "trainer.kubeflow.org/TrainingRuntime"} # a TrainJob says them
	some name in required
	not bounded(workloads.value_at(array.concat(container.pod, ["resources", "limits", name])))
	path := array.concat(container.path, ["resources", "limits", name])
	value := workloads.value_at(path)
	not bounded(value)
	what := sprintf("container has no limit for %s", [name])
	why := "it can take all that its node has, and other pods are ended for it"
	fix := sprintf("set resources.limits.%s to what it needs at most", [name])
}

violation contains report.violation(asked.path, what, settings.shown(workloads.value_at(asked.path)), why, fix) if {
	not updates.unchanged
	some asked in extended_resources.extended
	asked.field == "requests"
	asked.kind == "plugin"
	value := workloads.value_at(asked.path)
	not settings.unknown(value)
	limit := workloads.value_at(limit_of(asked.path))
	not settings.unknown(limit)
	sprintf("%v", [limit]) != sprintf("%v", [value])
	what := "device is requested without the same limit"
	why := "an API server refuses it"
	fix := sprintf("set limits[%q] to the same number, or leave the request out", [asked.resource])
}

limit_of(path) := array.concat(array.slice(path, 0, count(path) - 2), ["limits", path[count(path) - 1]])

bounded(value) if {
	type_name(value) in {"number", "string"}
	value != ""
}

required := {name | some name in object.get(review.parameters, "required", ["memory"])}
