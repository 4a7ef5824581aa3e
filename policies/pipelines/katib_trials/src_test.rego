package lockgate.pipelines.katib_trials_test

import data.lockgate.pipelines.katib_trials as rule

experiment(spec) := {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "metadata": {"name": "e"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at spec.")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": experiment(spec)}, "parameters": parameters}
}

place(field) := ["spec", "trialTemplate", field]

trial(api, kind) := {"trialTemplate": {"trialSpec": {"apiVersion": api, "kind": kind}}}

test_templates if {
	said({}, {}) == set()
	said({"trialTemplate": {"configMap": null}}, {}) == set()
	said({"trialTemplate": {"configMap": {"configMapName": "t"}}}, {}) == {["trial is not written in the experiment", place("configMap")]}
	said({"trialTemplate": {"configMap": "odd"}}, {}) == {["trial is not written in the experiment", place("configMap")]}
	every odd in ["kind: Job", 7, [], {"kind": "Job"}, {"apiVersion": 1, "kind": "Job"}] {
		said({"trialTemplate": {"trialSpec": odd}}, {}) == {["trial cannot be read", place("trialSpec")]}
	}
}

wrong := {["kind of the trial is not approved", array.concat(place("trialSpec"), ["kind"])]}

test_kinds if {
	said(trial("batch/v1", "Job"), {}) == set()
	said(trial("trainer.kubeflow.org/v1alpha1", "TrainJob"), {}) == set()
	said(trial("rbac.authorization.k8s.io/v1", "RoleBinding"), {}) == wrong
	said(trial("evil.example/v1", "Job"), {}) == wrong
	said(trial("batch/v1", "Job"), {"kinds": ["ray.io/RayJob"]}) == wrong
	said(trial("ray.io/v1", "RayJob"), {"kinds": ["ray.io/RayJob"]}) == set()
}

test_kept if {
	said({"resumePolicy": "LongRunning", "trialTemplate": {"retain": true}}, {}) == {["trials are kept for ever", place("retain")]}
	said({"resumePolicy": "LongRunning", "trialTemplate": {"retain": false}}, {}) == set()
	said({"trialTemplate": {"retain": true}}, {}) == set()
}

test_updates if {
	judged := experiment(trial("v1", "Secret"))
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
