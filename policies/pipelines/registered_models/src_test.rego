package lockgate.pipelines.registered_models_test

import data.lockgate.pipelines.registered_models as rule

both := {"modelregistry.kubeflow.org/registered-model-id": "1", "modelregistry.kubeflow.org/model-version-id": "3"}

service(labels, uri) := {
	"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "m", "labels": labels},
	"spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}}},
}

said(judged, parameters) := {[split(violation.msg, " at ")[0], violation.details.path[count(violation.details.path) - 1]] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

nameless := "served model is not named in the registry"

test_labels if {
	said(service(both, "s3://b/m"), {}) == set()
	said(service({}, "s3://b/m"), {}) == {[nameless, "modelregistry.kubeflow.org/registered-model-id"], [nameless, "modelregistry.kubeflow.org/model-version-id"]}
	every value in ["", " ", null, 7] {
		said(service(object.union(both, {"modelregistry.kubeflow.org/model-version-id": value}), "s3://b/m"), {}) == {[nameless, "modelregistry.kubeflow.org/model-version-id"]}
	}
	said(service(object.union(both, {"modelregistry.kubeflow.org/model-version-id": "${VERSION}"}), "s3://b/m"), {}) == set()
	count(said(service("odd", "s3://b/m"), {})) == 2
	said({"apiVersion": "serving.kserve.io/v1beta1", "kind": "ServingRuntime", "spec": {}}, {}) == set()
	count(said({"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "spec": {}}, {})) == 2
}

test_versions if {
	every uri in ["model-registry://churn", "model-registry://churn/", "MODEL-REGISTRY://churn"] {
		said(service(both, uri), {}) == {["reference to the registry names no version", "storageUri"]}
	}
	every uri in ["model-registry://churn/v3", "model-registry://registry.svc/churn/v3", "model-registry://${MODEL}"] {
		said(service(both, uri), {}) == set()
	}
}

test_the_scheme if {
	given := {"scheme": "required"}
	said(service(both, "s3://b/m"), given) == {["model is not referred to by the registry", "storageUri"]}
	said(service(both, "model-registry://churn/v3"), given) == set()
	said(service(both, "${MODEL}"), given) == set()
}

test_updates if {
	old := service({}, "s3://b/m")
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(old, {"status": {}}), "oldObject": old}}
	count(rule.violation) == 2 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": service(both, "s3://b/m")}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": old}}
}
