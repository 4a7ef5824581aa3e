# METADATA
# title: What a trial runs is written in its experiment
# description: |
#   Katib's controller creates what `trialTemplate` says, with its own rights. A template that is fetched from a ConfigMap is not in the object that is
#   judged, and may change between trials; a kind that is no training job (a RoleBinding, a Pod that serves) is made past whatever guards who
#   may create it. The trial must be written in `trialSpec`, and its kind must be one of `kinds`, as `group/Kind`: jobs of Kubernetes, Kubeflow, Ray and
#   JobSet, workflows and pipeline runs unless given. `retain: true` with `resumePolicy: LongRunning` keeps all that an experiment ever made.
#
#   An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what is in the trial; rules on workloads judge it like an object of its own.
# related_resources:
#   - ref: https://www.kubeflow.org/docs/components/katib/user-guides/trial-template/
#     description: Katib's trial templates
# custom:
#   id: LG-P005
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 AC-6 (least privilege)
#   systems: [katib]
package lockgate.pipelines.katib_trials

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "trial is not written in the experiment", "a ConfigMap", why, fix) if {
	not updates.unchanged
	some experiment in experiments
	path := array.concat(experiment, ["spec", "trialTemplate", "configMap"])
	not workloads.value_at(path) in {null, false}
	why := "what it runs is not judged here, and may change between trials"
	fix := "write the template in trialSpec"
}

violation contains report.violation(path, "trial cannot be read", spec, why, fix) if {
	not updates.unchanged
	some experiment in experiments
	path := array.concat(experiment, ["spec", "trialTemplate", "trialSpec"])
	spec := workloads.value_at(path)
	spec != null
	not is_trial(spec)
	why := "Katib creates an object with apiVersion and kind"
	fix := "write a Job or a training job in trialSpec"
}

violation contains report.violation(path, "kind of the trial is not approved", name, why, fix) if {
	not updates.unchanged
	some experiment in experiments
	spec := array.concat(experiment, ["spec", "trialTemplate", "trialSpec"])
	is_trial(workloads.value_at(spec))
	name := workloads.identity(workloads.value_at(spec))
	not name in kinds
	path := array.concat(spec, ["kind"])
	why := sprintf("Katib's controller makes it with its own rights; approved are: %s", [report.names(kinds)])
	fix := "let a job train, and create other objects by themselves"
}

violation contains report.violation(path, "trials are kept for ever", "true", why, fix) if {
	not updates.unchanged
	some experiment in experiments
	path := array.concat(experiment, ["spec", "trialTemplate", "retain"])
	workloads.value_at(path) == true
	workloads.value_at(array.concat(experiment, ["spec", "resumePolicy"])) == "LongRunning"
	why := "with resumePolicy LongRunning neither trials nor what suggests them ever end"
	fix := "leave out retain, or set resumePolicy to Never or FromVolume"
}

violation contains report.too_deep(path) if {
	not updates.unchanged
	some path in workloads.too_deep
}

experiments := [at.path | some at in workloads.objects; at.name == "kubeflow.org/Experiment"]

is_trial(spec) if {
	is_string(spec.apiVersion)
	is_string(spec.kind)
}

kinds := {kind | some kind in object.get(review.parameters, "kinds", usual)}

usual := [
	"argoproj.io/Workflow", "batch.volcano.sh/Job", "batch/Job", "jobset.x-k8s.io/JobSet", "kubeflow.org/JAXJob", "kubeflow.org/MPIJob",
	"kubeflow.org/MXJob", "kubeflow.org/PaddleJob", "kubeflow.org/PyTorchJob", "kubeflow.org/TFJob", "kubeflow.org/XGBoostJob", "ray.io/RayJob",
	"sparkoperator.k8s.io/SparkApplication", "tekton.dev/PipelineRun", "trainer.kubeflow.org/TrainJob",
]
