package lockgate.serving.legacy_inference_services_test

import data.lockgate.serving.legacy_inference_services as rule

service(version, predictor) := {
	"apiVersion": version,
	"kind": "InferenceService",
	"metadata": {"name": "s"},
	"spec": {"predictor": predictor},
}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_present if {
	every predictor in [{"model": {"modelFormat": {"name": "sklearn"}}}, {"containers": [{"image": "x"}]}, {}, null, "x", []] {
		said(service("serving.kserve.io/v1beta1", predictor), {}) == set()
	}
	said({"apiVersion": "serving.kserve.io/v1alpha2", "kind": "LLMInferenceService", "spec": {}}, {}) == set()
	said({"apiVersion": "v1", "kind": "InferenceService", "spec": {}}, {}) == set()
}

test_retired if {
	every version in ["serving.kserve.io/v1alpha2", "serving.kubeflow.org/v1beta1", "serving.kubeflow.org/v1alpha2"] {
		found := said(service(version, {"sklearn": {}}), {"allowFrameworkFields": true})
		count(found) == 1
		some message in found
		startswith(message, sprintf("InferenceService is of a retired API at apiVersion (%s)", [version]))
	}
}

test_framework if {
	every value in [{"storageUri": "gs://a/b"}, {}, null, "x"] {
		found := said(service("serving.kserve.io/v1beta1", {"sklearn": value}), {})
		count(found) == 1
		some message in found
		startswith(message, "predictor names a framework at spec.predictor.sklearn (sklearn)")
		endswith(message, "under model, with modelFormat.name: sklearn")
	}
	some message in said(service("serving.kserve.io/v1beta1", {"triton": {}}), {})
	endswith(message, "runtime: kserve-tritonserver")
	said(service("serving.kserve.io/v1beta1", {"sklearn": {}}), {"allowFrameworkFields": true}) == set()
}

test_twice if {
	found := said(service("serving.kserve.io/v1beta1", {"sklearn": {}, "model": {}}), {"allowFrameworkFields": true})
	count(found) == 1
	some message in found
	startswith(message, "predictor says twice what to serve at spec.predictor (model, sklearn)")
}

test_updates if {
	old := service("serving.kserve.io/v1beta1", {"sklearn": {}})
	marked := object.union(old, {"metadata": {"finalizers": ["x"]}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	new := service("serving.kserve.io/v1beta1", {"sklearn": {}, "minReplicas": 2})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": old}}
}
