package lockgate.identity.service_accounts_test

import data.lockgate.identity.service_accounts as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [step]) | some step in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

pod(spec) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}

refuse := {"unnamed": "refuse"}

test_keys_that_are_made if {
	key := {"apiVersion": "iam.cnrm.cloud.google.com/v1beta1", "kind": "IAMServiceAccountKey", "metadata": {"name": "k"}, "spec": {}}
	found(key, {}) == {""}
	found(object.union(key, {"kind": "IAMServiceAccount"}), {}) == set()
}

mounted(value, folder, volume) := pod({
	"containers": [{"name": "c", "image": "i", "env": [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": value}], "volumeMounts": [null, {"name": "v", "mountPath": folder}]}],
	"volumes": [null, object.union({"name": "v"}, volume)],
})

test_keys_that_are_mounted if {
	secret := {"secret": {"secretName": "s"}}
	place := {"spec.containers.0.env.0.value"}
	every folder in ["/keys", "/keys/", "/keys/key.json"] {
		found(mounted("/keys/key.json", folder, secret), {}) == place
	}
	found(mounted("/keys/key.json", "/keys", {"projected": {"sources": [null, {"secret": {"name": "s"}}]}}), {}) == place
	found(mounted("/keys/key.json", "/keys", {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}), {}) == set()
	found(mounted("/keys/key.json", "/keys", {"configMap": {"name": "c"}}), {}) == set()
	every folder in ["/key", "/other", null, 7] {
		found(mounted("/keys/key.json", folder, secret), {}) == set()
	}
	every value in ["${KEY}", "", null, 7] {
		found(mounted(value, "/keys", secret), {}) == set()
	}
}

test_keys_of_aws if {
	judged := pod({"containers": [{"name": "c", "image": "i", "env": [{"name": "AWS_SECRET_ACCESS_KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}]})
	found(judged, {"awsKeys": "refuse"}) == {"spec.containers.0.env.0.valueFrom.secretKeyRef"}
	found(judged, {}) == set()
}

service(predictor) := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "s"}, "spec": {"predictor": predictor}}

test_accounts if {
	place := {"spec.predictor.serviceAccountName"}
	every name in [null, "", "default", " default ", 7, {}] {
		found(service({"model": {}, "serviceAccountName": name}), refuse) == place
	}
	found(service({"model": {}}), refuse) == place
	found(service({"model": {}}), {}) == set()
	every name in ["fraud", "${ACCOUNT}"] {
		found(service({"model": {}, "serviceAccountName": name, "workerSpec": {}}), refuse) == set()
	}
	found(pod({"containers": [{"name": "c", "image": "i"}]}), refuse) == set()
	knative := {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"template": {"spec": {"containers": []}}}}
	found(knative, refuse) == {"spec.template.spec.serviceAccountName"}
}

run(kind, template) := {"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "s"}, "spec": {"template": template}}

test_cloud_run if {
	place := {"spec.template.serviceAccountRef"}
	every reference in [null, {}, "default", {"name": ""}, {"external": "123-compute@developer.gserviceaccount.com"}] {
		found(run("RunService", {"serviceAccountRef": reference}), refuse) == place
	}
	every reference in [{"name": "fraud"}, {"external": "fraud@example-ml.iam.gserviceaccount.com"}] {
		found(run("RunService", {"serviceAccountRef": reference}), refuse) == set()
		found(run("RunJob", {"template": {"serviceAccountRef": reference}}), refuse) == set()
	}
	found(run("RunJob", {"template": {"containers": []}}), refuse) == {"spec.template.template.serviceAccountRef"}
	found(run("RunService", null), refuse) == set()
}

test_submitters if {
	job := {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {"name": "j"}, "spec": {
		"submitterPodTemplate": {"spec": {"containers": []}},
		"rayClusterSpec": {"headGroupSpec": {"template": {"spec": {"containers": []}}}},
	}}
	found(job, refuse) == {"spec.rayClusterSpec.headGroupSpec.template.spec.serviceAccountName"}
}

cluster(scales) := {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"}, "spec": {
	"enableInTreeAutoscaling": scales,
	"headGroupSpec": {"template": {"spec": {"containers": []}}},
}}

test_heads_that_scale if {
	found(cluster(true), refuse) == set()
	every scales in [false, null, "true"] {
		found(cluster(scales), refuse) == {"spec.headGroupSpec.template.spec.serviceAccountName"}
	}
}

test_updates if {
	old := service({"model": {}})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}, "parameters": refuse}
	count(rule.violation) == 1 with input as {"review": {"operation": "CREATE", "object": old}, "parameters": refuse}
}
