package lib.lockgate.pod_settings_test

import data.lib.lockgate.pod_settings

pods(judged, field) := {[found.path, found.value, found.text] |
	some found in pod_settings.of_pods(field) with input as {"review": {"object": judged}}
}

containers(judged, field) := {[found.path, found.value, found.text] |
	some found in pod_settings.of_containers(field) with input as {"review": {"object": judged}}
}

both(judged, field) := [found.path |
	some found in pod_settings.of_both(field) with input as {"review": {"object": judged}}
]

whole(judged) := {container.path | some container in pod_settings.whole_containers with input as {"review": {"object": judged}}}

pod := {"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": true, "containers": [{"name": "c", "securityContext": {"privileged": true}}]}}

workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {
	"hostNetwork": true,
	"templates": [
		{"name": "a", "securityContext": {"runAsUser": 0}, "container": {"image": "x", "securityContext": {"privileged": true}}},
		{"name": "b", "resource": {"manifest": yaml.marshal(pod)}},
		{"name": "c", "podSpecPatch": `{"hostPID": false, "containers": [null, {"securityContext": null}]}`},
	],
}}

test_pods if {
	pods(pod, ["hostPID"]) == {[["spec", "hostPID"], true, false]}
	pods(pod, ["hostIPC"]) == set()
	pods(workflow, ["hostNetwork"]) == {[["spec", "hostNetwork"], true, false]}
	pods(workflow, ["securityContext", "runAsUser"]) == {[["spec", "templates", 0, "securityContext", "runAsUser"], 0, false]}
	pods(workflow, ["hostPID"]) == {
		[["spec", "templates", 1, "resource", "manifest"], true, true],
		[["spec", "templates", 2, "podSpecPatch"], false, true],
	}
	every odd in [null, 7, "x", [], {}, {"template": {"spec": "x"}}] {
		pods({"apiVersion": "apps/v1", "kind": "Deployment", "spec": odd}, ["hostPID"]) == set()
	}
}

test_containers if {
	containers(pod, ["securityContext", "privileged"]) == {[["spec", "containers", 0, "securityContext", "privileged"], true, false]}
	containers(workflow, ["securityContext", "privileged"]) == {
		[["spec", "templates", 0, "container", "securityContext", "privileged"], true, false],
		[["spec", "templates", 1, "resource", "manifest"], true, true],
	}
}

test_both if {
	spark := {"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "spec": {"driver": {"securityContext": {"a": 1}}}}
	both(spark, ["securityContext", "a"]) == [["spec", "driver", "securityContext", "a"]]
	both(pod, ["securityContext", "privileged"]) == [["spec", "containers", 0, "securityContext", "privileged"]]
}

test_whole if {
	whole(pod) == {["spec", "containers", 0]}
	whole(workflow) == set()
	predictor := {"predictor": {"containers": [{"name": "c", "image": "x"}]}}
	whole({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": predictor}) == set()
	whole({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [null, "x"], "initContainers": [{"name": "i"}]}}) == {["spec", "initContainers", 0]}
	whole({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}}) == set()
}
