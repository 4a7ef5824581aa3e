# METADATA
# title: Train jobs run in the runtime that was approved
# description: |
#   A TrainJob takes its pods from a runtime, which platform engineers write and review. Patches of it (`runtimePatches`, `podTemplateOverrides`, `podSpecOverrides` in older
#   versions) may place pods and add volumes, and may not change what was reviewed: images and commands, security contexts, the node's namespaces and files (`hostPath`), nor
#   the account, unless it is one of `approvedAccounts`.
#
#   With `approvedRuntimes` the runtime must be one of these, by name. Only ClusterTrainingRuntimes count, since a TrainingRuntime is written by
#   whoever may write in the namespace; `TrainingRuntime/NAME` in the list approves one all the same. A kind that is not given is ClusterTrainingRuntime.
#
#   `spec.trainer` is the user's own part and not judged here: rules on images and workloads judge it. An update that changes nothing but
#   metadata and status is not judged. A runtime's name that is a placeholder is accepted.
#
#   Not covered: what the runtime itself says; match ClusterTrainingRuntime in the rules on workloads.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/trainer/operator-guides/runtime/
#     description: Runtimes of Kubeflow Trainer
# custom:
#   id: LG-P013
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [kubeflow-trainer, katib]
package lockgate.pipelines.training_runtimes

import data.lib.lockgate.images
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "runtime is not approved", shown, why, fix) if {
	not updates.unchanged
	is_array(review.parameters.approvedRuntimes)
	approved := {name | some name in review.parameters.approvedRuntimes}
	some job in jobs
	path := array.concat(job, ["spec", "runtimeRef", "name"])
	shown := runtime(workloads.value_at(array.concat(job, ["spec", "runtimeRef"])))
	not shown in approved
	not images.placeholder(shown)
	why := sprintf("approved are: %s", [report.names(approved)])
	fix := "name an approved runtime, or have this one approved"
}

violation contains report.violation(path, "a patch changes what was approved with the runtime", shown, why, fix) if {
	not updates.unchanged
	some part in parts
	some name in always
	value := object.get(part.value, name, null)
	not value in {null, false, [], {}}
	path := array.concat(part.path, [name])
	shown := of_value(name, value)
	why := "the runtime was reviewed without it"
	fix := sprintf("leave out %s, or change the runtime by review", [name])
}

violation contains report.violation(path, "a patch changes the account of the runtime", value, why, fix) if {
	not updates.unchanged
	approved := {name | some name in object.get(review.parameters, "approvedAccounts", [])}
	some part in parts
	some name in ["serviceAccount", "serviceAccountName"]
	value := object.get(part.value, name, "")
	not value in {null, ""}
	not value in approved
	path := array.concat(part.path, [name])
	why := sprintf("its pods get rights that the runtime was not reviewed with; approved are: %s", [report.names(approved)])
	fix := "leave it out, or have the account approved"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

jobs := [at.path | some at in workloads.objects; at.name == "trainer.kubeflow.org/TrainJob"]

runtime(reference) := name if {
	is_object(reference)
	object.get(reference, "kind", "ClusterTrainingRuntime") in {"", "ClusterTrainingRuntime"}
	name := reference.name
	is_string(name)
} else := sprintf("%v/%v", [reference.kind, reference.name]) if {
	reference.kind
	reference.name
} else := "none that can be read"

# Pods of patches, their containers and their volumes.
parts := [{"path": array.concat(pod.path, inner), "value": value} |
	some pod in workloads.pods
	pod.object.name == "trainer.kubeflow.org/TrainJob"
	walk(pod.value, [inner, value])
	is_object(value)
	count({name | some name in inner; name in free}) == 0
]

# What is in these has names of its own, or places pods.
free := {"affinity", "annotations", "env", "labels", "nodeSelector", "topologySpreadConstraints"}

always := ["args", "command", "hostIPC", "hostNetwork", "hostPID", "hostPath", "image", "securityContext"]

of_value(_, value) := value if is_string(value)

of_value(name, value) := sprintf("%s is set", [name]) if not is_string(value)
