package lockgate.pipelines.training_limits_test

import data.lockgate.pipelines.training_limits as rule

object_of(api, kind, spec) := {"apiVersion": api, "kind": kind, "metadata": {"name": "o"}, "spec": spec}

said(judged, parameters) := {[split(violation.msg, " at ")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

pod(resources) := {"spec": {"containers": [{"name": "c", "resources": {"limits": resources}}]}}

gpu := pod({"nvidia.com/gpu": 1})

endless := "nothing ends the run"

job(fields, template) := object_of("batch/v1", "Job", object.union(fields, {"template": template}))

test_jobs if {
	path := ["spec", "activeDeadlineSeconds"]
	said(job({}, gpu), {}) == {[endless, path]}
	said(job({}, pod({"cpu": 1})), {}) == set()
	said(job({}, pod({"cpu": 1})), {"of": "all"}) == {[endless, path]}
	said(job({"activeDeadlineSeconds": 3600}, gpu), {}) == set()
	said(job({"activeDeadlineSeconds": 3600}, gpu), {"maxSeconds": 60}) == {["the run may go on for longer than allowed", path]}
	said(job({"activeDeadlineSeconds": "${LIMIT}"}, gpu), {"maxSeconds": 60}) == set()
	every value in ["3600", -1, 0, true] {
		said(job({"activeDeadlineSeconds": value}, gpu), {}) == {["the run may go on for longer than allowed", path]}
	}
	owned := object.union(job({}, gpu), {"metadata": {"ownerReferences": [{"controller": true}]}})
	said(owned, {}) == set()
}

test_other_kinds if {
	cron := object_of("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": gpu}}})
	said(cron, {}) == {[endless, ["spec", "jobTemplate", "spec", "activeDeadlineSeconds"]]}
	torch := object_of("kubeflow.org/v1", "PyTorchJob", {"pytorchReplicaSpecs": {"Master": {"template": pod({})}}})
	said(torch, {}) == {[endless, ["spec", "runPolicy", "activeDeadlineSeconds"]]}
	said(object_of("trainer.kubeflow.org/v1alpha1", "TrainJob", {}), {}) == {[endless, ["spec", "activeDeadlineSeconds"]]}
	set_of_jobs := object_of("jobset.x-k8s.io/v1alpha2", "JobSet", {"replicatedJobs": [{"template": {"spec": {"template": gpu}}}]})
	said(set_of_jobs, {}) == {[endless, ["spec", "replicatedJobs", 0, "template", "spec", "activeDeadlineSeconds"]]}
	said(object_of("apps/v1", "Deployment", {"template": gpu}), {}) == set()
}

workflow(fields) := object_of("argoproj.io/v1alpha1", "Workflow", object.union(fields, {"templates": [{"name": "t", "container": {"resources": {"limits": {"nvidia.com/gpu": 1}}}}]}))

test_workflows if {
	said(workflow({}), {}) == {[endless, ["spec", "activeDeadlineSeconds"]]}
	said(workflow({"activeDeadlineSeconds": 60}), {}) == set()
	said(workflow({"workflowTemplateRef": {"name": "t"}}), {}) == set()
	said(object.union(workflow({}), {"kind": "WorkflowTemplate"}), {}) == set()
}

test_trials if {
	trial := object_of("kubeflow.org/v1beta1", "Experiment", {"trialTemplate": {"trialSpec": job({}, gpu)}})
	said(trial, {}) == {[endless, ["spec", "trialTemplate", "trialSpec", "spec", "activeDeadlineSeconds"]]}
}

test_cleanup if {
	given := {"requireCleanup": true}
	left := "nothing removes the run when it has ended"
	said(job({"activeDeadlineSeconds": 60}, gpu), given) == {[left, ["spec", "ttlSecondsAfterFinished"]]}
	said(job({"activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 0}, gpu), given) == set()
	said(workflow({"activeDeadlineSeconds": 60}), given) == {[left, ["spec", "ttlStrategy"]]}
	said(workflow({"activeDeadlineSeconds": 60, "ttlStrategy": {"secondsAfterCompletion": 60}}), given) == set()
	said(object_of("trainer.kubeflow.org/v1alpha1", "TrainJob", {"activeDeadlineSeconds": 60}), given) == set()
}

test_updates if {
	judged := job({}, gpu)
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
