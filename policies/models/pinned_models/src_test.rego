package lockgate.models.pinned_models_test

import data.lockgate.models.pinned_models as rule

messages(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

service(uri) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "s"},
	"spec": {"predictor": {"model": {"storageUri": uri}}},
}

clean(uri, parameters) if count(messages(service(uri), parameters)) == 0

says(uri, parameters, text) if {
	[message] := [message | some message in messages(service(uri), parameters)]
	contains(message, text)
}

anywhere := {"allowedPlaces": ["*"]}

digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

pinned := sprintf("oci://registry.example.com/ml/m@%s", [digest])

test_without_parameters_nothing_is_allowed if {
	says(pinned, {}, "model is from a place that is not allowed at spec.predictor.model.storageUri")
}

test_pinned_is_allowed if {
	every uri in [pinned, "s3://b/m?versionId=1", "gs://b/m#1", "models:/m/1", "model-registry://m/1"] {
		clean(uri, anywhere)
	}
}

test_moving_is_not if {
	says("s3://b/m", anywhere, "add the version of the object")
	says("hf://o/m", anywhere, "add the commit")
	says("models:/m@champion", anywhere, "write the version number")
	says("https://example.com/m", anywhere, "in a store that keeps versions")
	says("oci://registry.example.com/ml/m:1", anywhere, "pin it by digest")
}

test_pins_are_chosen if {
	says("s3://b/m?versionId=1", object.union(anywhere, {"pins": ["content"]}), "a version is kept by its store alone")
	named := sprintf("s3://b/%s", [substring(digest, 7, -1)])
	says(named, anywhere, "a digest in a path is not compared")
	clean(named, object.union(anywhere, {"pins": ["name"]}))
	clean("s3://b/m", object.union(anywhere, {"pins": ["moving"]}))
}

test_places_are_whole_parts if {
	every place in ["oci://registry.example.com/ml", "oci://registry.example.com/ml/m", "oci://", "oci://registry.example.com/"] {
		clean(pinned, {"allowedPlaces": [place]})
	}
	every place in ["oci://registry.example.com/m", "oci://registry", "hf://", "oci://registry.example.com/ml/m:1"] {
		says(pinned, {"allowedPlaces": [place]}, "place that is not allowed")
	}
}

test_what_cannot_be_told if {
	says("s3://${BUCKET}/m", anywhere, "known only when it runs")
	clean("s3://${BUCKET}/m", object.union(anywhere, {"undecidable": "allow"}))
	says("oci://<image>", object.union(anywhere, {"undecidable": "allow"}), "not readable")
	says(["hf://o/m"], anywhere, "not readable")
	says("hf://o/m x", anywhere, "not readable")
}

training(uri) := {
	"apiVersion": "trainer.kubeflow.org/v1alpha1",
	"kind": "TrainJob",
	"metadata": {"name": "t"},
	"spec": {"initializer": {"dataset": {"storageUri": uri}}},
}

test_data_sets_are_judged_where_asked_for if {
	count(messages(training("hf://o/d"), anywhere)) == 0
	[message] := [message | some message in messages(training("hf://o/d"), object.union(anywhere, {"uses": ["dataset"]}))]
	contains(message, "data set is not pinned at spec.initializer.dataset.storageUri")
}

test_lists_and_embedded_objects if {
	listed := {"apiVersion": "v1", "kind": "List", "items": [service("hf://o/m")]}
	[message] := [message | some message in messages(listed, anywhere)]
	contains(message, "items[0].spec.predictor.model.storageUri")
}

test_deletion_is_not_judged if {
	found := rule.violation with input as {"review": {"operation": "DELETE", "object": service("hf://o/m")}, "parameters": {}}
	count(found) == 0
}
