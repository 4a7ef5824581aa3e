# METADATA
# title: Training ends
# description: |
#   A run that hangs holds its devices until somebody looks. Jobs that train must say after how many seconds they are stopped (`activeDeadlineSeconds`), at most `maxSeconds` where that is
#   given: Kubeflow's training jobs (in `runPolicy`), TrainJobs, and, where they ask for devices, Jobs, CronJobs, JobSets (in each of their jobs) and Argo's workflows, those
#   inside of other objects too. Devices are resources with a domain that is known (`nvidia.com/gpu`), DeviceClasses, and ResourceClaims of pods. With `of: all` the latter kinds
#   are judged without devices as well. With `requireCleanup` they must say when they are removed after their end (`ttlSecondsAfterFinished`, `ttlStrategy`).
#
#   Workflow templates are judged where they are run, and so is a workflow with `workflowTemplateRef`. Placeholders are accepted. An update that changes nothing but metadata
#   and status is not judged.
#
#   Not covered: RayJobs, which have rules of their own, and limits that a runtime, a queue or the controller sets.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
#     description: When jobs end
#   - ref: https://argo-workflows.readthedocs.io/en/latest/fields/#workflowspec
#     description: activeDeadlineSeconds and ttlStrategy of workflows
# custom:
#   id: LG-P014
#   severity: low
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [argo-workflows, katib, kubeflow-trainer, kubernetes]
package lockgate.pipelines.training_limits

import data.lib.lockgate.devices
import data.lib.lockgate.owners
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "nothing ends the run", "activeDeadlineSeconds is not set", why, fix) if {
	not updates.unchanged
	some run in runs
	path := array.concat(run.path, ["activeDeadlineSeconds"])
	workloads.value_at(path) == null
	why := "one that hangs holds its devices until somebody looks"
	fix := sprintf("set activeDeadlineSeconds to %d or less", [object.get(review.parameters, "maxSeconds", 86400)])
}

violation contains report.violation(path, "the run may go on for longer than allowed", shown(value), why, fix) if {
	not updates.unchanged
	some run in runs
	path := array.concat(run.path, ["activeDeadlineSeconds"])
	value := workloads.value_at(path)
	value != null
	not short_enough(value)
	why := sprintf("%s seconds are allowed", [limit])
	fix := "set it to less, and go on from a checkpoint"
}

violation contains report.violation(path, "nothing removes the run when it has ended", shown, why, fix) if {
	not updates.unchanged
	review.parameters.requireCleanup == true
	some run in runs
	run.cleanup != []
	count([field | some field in run.cleanup; workloads.value_at(array.concat(run.holder, field)) != null]) == 0
	path := array.concat(run.holder, run.cleanup[0])
	shown := sprintf("%s is not set", [run.cleanup[0][0]])
	why := "ended runs, and their pods' logs, pile up"
	fix := sprintf("set %s", [concat(".", run.cleanup[0])])
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

# Some engines write a large number with an exponent.
shown(value) := format_int(value, 10) if {
	is_number(value)
} else := value

limit := sprintf("at most %s", [format_int(review.parameters.maxSeconds, 10)]) if {
	review.parameters.maxSeconds
} else := "only a whole number of"

short_enough(value) if {
	is_number(value)
	value > 0
	value <= object.get(review.parameters, "maxSeconds", value)
}

short_enough(value) if settings.unknown(value)

ttl := [["ttlSecondsAfterFinished"]]

# What may run on: where its limit stands, and where it says when it is removed.
kinds := {
	"argoproj.io/CronWorkflow": {"fields": [["spec", "workflowSpec"]], "cleanup": [["ttlStrategy"]], "always": false},
	"argoproj.io/Workflow": {"fields": [["spec"]], "cleanup": [["ttlStrategy"]], "always": false},
	"batch/CronJob": {"fields": [["spec", "jobTemplate", "spec"]], "cleanup": [], "always": false},
	"batch/Job": {"fields": [["spec"]], "cleanup": ttl, "always": false},
	"kubeflow.org/JAXJob": training,
	"kubeflow.org/MPIJob": training,
	"kubeflow.org/MXJob": training,
	"kubeflow.org/PaddleJob": training,
	"kubeflow.org/PyTorchJob": training,
	"kubeflow.org/TFJob": training,
	"kubeflow.org/XGBoostJob": training,
	"trainer.kubeflow.org/TrainJob": {"fields": [["spec"]], "cleanup": [], "always": true},
}

training := {"fields": [["spec", "runPolicy"]], "cleanup": ttl, "always": true}

runs := array.concat(
	[{"path": path, "holder": path, "cleanup": kind.cleanup} |
		some at in workloads.objects
		kind := kinds[at.name]
		some field in kind.fields
		path := array.concat(at.path, field)
		not taken_from_elsewhere(path)
		not owners.controlled(at.value) # a controller's own jobs end with what it made them for
		judged(kind, at)
	],
	[{"path": path, "holder": array.concat(at.path, ["spec"]), "cleanup": ttl} |
		some at in workloads.objects
		at.name == "jobset.x-k8s.io/JobSet"
		some path in workloads.below(array.concat(at.path, ["spec", "replicatedJobs"]), ["template", "spec"])
		not owners.controlled(at.value)
		judged({"always": false}, at)
	],
)

taken_from_elsewhere(path) if workloads.value_at(array.concat(path, ["workflowTemplateRef"])) != null

judged(kind, _) if kind.always

judged(_, at) if devices.asked_for(at.path)

judged(_, _) if review.parameters.of == "all"
