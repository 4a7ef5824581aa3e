package lockgate.pipelines.katib_bounds_test

import data.lockgate.pipelines.katib_bounds as rule

experiment(spec) := {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "e"}, "spec": spec}

said(spec, parameters) := {split(violation.msg, " at spec.")[0] |
	some violation in rule.violation with input as {"review": {"object": experiment(spec)}, "parameters": parameters}
}

endless := "number of trials is not bounded"

odd := "number of trials cannot be told"

test_trials if {
	said({"maxTrialCount": 12}, {}) == set()
	said({}, {}) == {endless}
	said({"maxTrialCount": null}, {}) == {endless}
	every value in ["12", 0, -1, 1.5, true, []] {
		said({"maxTrialCount": value}, {"maxTrials": 5}) == {odd}
	}
	said({"maxTrialCount": 12, "parallelTrialCount": "3"}, {}) == {odd}
	said({"maxTrialCount": 12}, {"maxTrials": 12}) == set()
	said({"maxTrialCount": 13}, {"maxTrials": 12}) == {"there are more trials than allowed"}
}

pod(gpus) := {"spec": {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": gpus}}}]}}

job(gpus) := {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": pod(gpus)}}

pytorch(workers, gpus) := {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": {
	"Master": {"template": pod(gpus)},
	"Worker": {"replicas": workers, "template": pod(gpus)},
}}}

trials(parallel, trial) := {"maxTrialCount": 12, "parallelTrialCount": parallel, "trialTemplate": {"trialSpec": trial}}

many := "trials take more devices at one time than allowed"

test_devices if {
	said(trials(2, job(4)), {"maxDevices": 8}) == set()
	said(trials(3, job(4)), {"maxDevices": 8}) == {many}
	said(trials(3, job(4)), {}) == set()
	said({"maxTrialCount": 12, "trialTemplate": {"trialSpec": job("3")}}, {"maxDevices": 8}) == {many}
	said(trials(2, pytorch(3, 1)), {"maxDevices": 8}) == set()
	said(trials(2, pytorch(4, 1)), {"maxDevices": 8}) == {many}
}

test_unknown_devices if {
	every trial in [job("${trialParameters.gpus}"), pytorch("${trialParameters.workers}", 1)] {
		said(trials(2, trial), {"maxDevices": 8}) == {many}
		said(trials(2, trial), {"maxDevices": 8, "undecidable": "allow"}) == set()
	}
}

test_updates if {
	judged := experiment({})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": experiment({"maxTrialCount": 2})}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
