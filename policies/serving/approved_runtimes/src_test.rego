package lockgate.serving.approved_runtimes_test

import data.lockgate.serving.approved_runtimes as rule

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

unapproved := {"serving runtime is not approved"}

chosen := {"cluster chooses the serving runtime"}

own := {"predictor runs an image of its own"}

service(predictor) := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "s"}, "spec": {"predictor": predictor}}

test_named_runtimes if {
	said(service({"model": {"runtime": "kserve-sklearnserver"}}), {}) == set()
	said(service({"model": {"runtime": "vllm"}}), {}) == unapproved
	said(service({"model": {"runtime": "vllm"}}), {"runtimes": ["vllm", "triton-*"]}) == set()
	said(service({"model": {"runtime": "kserve-sklearnserver"}}), {"runtimes": ["vllm"]}) == unapproved
	said(service({"model": {"runtime": "vllm"}}), {"runtimes": []}) == unapproved
	said(service({"model": {"runtime": "${RUNTIME}"}}), {}) == set()
	every value in [7, true, [], {}] {
		said(service({"model": {"runtime": value}}), {}) == unapproved
	}
}

test_no_name if {
	every model in [{}, {"runtime": null}, {"runtime": ""}, null, "x"] {
		said(service({"model": model}), {}) == set()
		said(service({"model": model}), {"requireNamed": true}) == chosen
	}
	said(service({"sklearn": {}}), {"requireNamed": true}) == set()
}

test_custom_predictors if {
	custom := service({"containers": [{"image": "registry.example.com/ml/p:1"}]})
	said(custom, {}) == own
	said(custom, {"customPredictors": "deny"}) == own
	said(custom, {"customPredictors": "allow"}) == set()
	said(custom, {"customRepositories": ["registry.example.com/ml"]}) == set()
	said(custom, {"customRepositories": ["registry.example.com/other"]}) == own
	said(service({"containers": [{"image": "${IMAGE}"}]}), {}) == set()
	every container in [{}, {"image": null}, {"image": 7}, "x"] {
		said(service({"containers": [container]}), {}) == own
	}
	said(service({"model": {}, "containers": [{"image": "proxy:1"}]}), {}) == set()
}

test_runtimes_themselves if {
	every kind in ["ClusterServingRuntime", "ServingRuntime"] {
		runtime := {"apiVersion": "serving.kserve.io/v1alpha1", "kind": kind, "metadata": {"name": "kserve-lgbserver"}, "spec": {}}
		said(runtime, {}) == set()
		said(object.union(runtime, {"metadata": {"name": "mine"}}), {}) == unapproved
		said(object.union(runtime, {"metadata": {"name": "mine"}}), {"runtimes": ["mine"]}) == set()
		said(object.union(runtime, {"metadata": null}), {}) == unapproved
	}
}

test_updates if {
	old := service({"model": {"runtime": "vllm"}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(old, {"status": {}}), "oldObject": old}, "parameters": {}}
}
