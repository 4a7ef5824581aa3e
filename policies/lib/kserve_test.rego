package lib.lockgate.kserve_test

import data.lib.lockgate.kserve

service(version, spec) := {"apiVersion": version, "kind": "InferenceService", "metadata": {"name": "s"}, "spec": spec}

test_services_of_both_groups if {
	every version in ["serving.kserve.io/v1beta1", "serving.kubeflow.org/v1beta1"] {
		found := kserve.services with input as {"review": {"object": service(version, {})}}
		[one.version | some one in found] == ["v1beta1"]
	}
	kserve.services == [] with input as {"review": {"object": service("example.com/v1", {})}}
}

test_components_and_models if {
	spec := {"predictor": {"sklearn": null, "model": {}, "minReplicas": 1}, "transformer": [], "explainer": {"sklearn": {}}}
	judged := {"review": {"object": service("serving.kserve.io/v1beta1", spec)}}
	components := kserve.components with input as judged
	[one.name | some one in components] == ["predictor", "explainer"]
	models := kserve.models with input as judged
	{one.path | some one in models} == {["spec", "predictor", "sklearn"], ["spec", "predictor", "model"]}
}
