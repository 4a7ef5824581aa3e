package lockgate.serving.concurrency_limits_test

import data.lockgate.serving.concurrency_limits as rule

said(judged, parameters) := {[split(violation.msg, " at spec")[0], violation.details.path[count(violation.details.path) - 1]] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

unlimited := {["replica takes any number of requests at once", "containerConcurrency"]}

gpu := {"limits": {"nvidia.com/gpu": 1}}

knative(kind, annotations, spec) := {
	"apiVersion": "serving.knative.dev/v1",
	"kind": kind,
	"metadata": {"name": "k"},
	"spec": {"template": {"metadata": {"annotations": annotations}, "spec": object.union({"containers": [{"resources": gpu}]}, spec)}},
}

test_knative if {
	every kind in ["Configuration", "Service"] {
		said(knative(kind, {}, {}), {}) == unlimited
		said(knative(kind, null, {"containerConcurrency": 0}), {}) == unlimited
		said(knative(kind, {}, {"containerConcurrency": 4}), {}) == set()
		said(knative(kind, {}, {"containerConcurrency": "${LIMIT}"}), {}) == set()
		said(knative(kind, {"autoscaling.knative.dev/target": "10"}, {}), {}) == set()
		said(knative(kind, {"autoscaling.knative.dev/target": "${TARGET}"}, {}), {}) == set()
		said(knative(kind, {"autoscaling.knative.dev/target": "many"}, {}), {}) == unlimited
		said(knative(kind, {"autoscaling.knative.dev/target": "0"}, {"containerConcurrency": 0}), {}) == unlimited
	}
	every value in [-1, 1.5, "4", true, [], {}] {
		said(knative("Service", {"autoscaling.knative.dev/target": "10"}, {"containerConcurrency": value}), {}) == unlimited
	}
}

test_without_devices if {
	plain := json.remove(knative("Service", {}, {}), ["/spec/template/spec/containers/0/resources"])
	said(plain, {}) == set()
	said(plain, {"of": "all"}) == unlimited
}

test_revisions_of_others if {
	revision := {"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": {"name": "k-1"}, "spec": {"containers": [{"resources": gpu}]}}
	said(revision, {}) == unlimited
	said(object.union(revision, {"metadata": {"annotations": {"autoscaling.knative.dev/target": "3"}}}), {}) == set()
	said(object.union(revision, {"metadata": {"ownerReferences": [{"kind": "Configuration", "controller": true}]}}), {}) == set()
}

service(annotations, predictor) := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "s", "annotations": annotations}, "spec": {"predictor": object.union({"model": {"resources": gpu}}, predictor)}}

test_kserve if {
	said(service({}, {}), {}) == unlimited
	said(service(null, {"containerConcurrency": 2}), {}) == set()
	said(service({}, {"scaleTarget": 3}), {}) == set()
	said(service({}, {"scaleTarget": 0}), {}) == unlimited
	said(service({"autoscaling.knative.dev/target": "3"}, {}), {}) == set()
	every mode in ["ModelMesh", "RawDeployment", "Standard"] {
		said(service({"serving.kserve.io/deploymentMode": mode}, {}), {}) == set()
	}
	said(service({"serving.kserve.io/deploymentMode": "Knative"}, {}), {}) == unlimited
}

run(template) := {"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": "RunService", "metadata": {}, "spec": {"template": object.union({"nodeSelector": {"accelerator": "nvidia-l4"}}, template)}}

test_cloud_run if {
	said(run({}), {}) == set()
	said(run({"maxInstanceRequestConcurrency": 0}), {}) == {["replica takes any number of requests at once", "maxInstanceRequestConcurrency"]}
	said(run({}), {"maximum": 10}) == {["replica takes more requests at once than allowed", "maxInstanceRequestConcurrency"]}
	said(run({"maxInstanceRequestConcurrency": 10}), {"maximum": 10}) == set()
	said(run({"nodeSelector": null}), {"maximum": 10}) == set()
}

test_maximum if {
	said(knative("Service", {}, {"containerConcurrency": 11}), {"maximum": 10}) == {["replica takes more requests at once than allowed", "containerConcurrency"]}
	said(knative("Service", {}, {"containerConcurrency": 10}), {"maximum": 10}) == set()
	said(knative("Service", {}, {}), {"maximum": 10}) == unlimited
}

test_updates if {
	old := knative("Service", {}, {})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(old, {"status": {}}), "oldObject": old}, "parameters": {}}
}
