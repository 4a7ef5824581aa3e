package lib.lockgate.serving_test

import data.lib.lockgate.serving

test_told if {
	told := serving.told with input as {"review": {"object": {
		"apiVersion": "serving.kserve.io/v1beta1",
		"kind": "InferenceService",
		"metadata": {"name": "fraud", "namespace": "ml"},
		"spec": {"predictor": {"model": {
			"modelFormat": {"name": "sklearn"},
			"runtime": "kserve-sklearnserver",
			"storageUri": "s3://models/fraud/7",
			"image": "registry.example.com/server:1",
			"args": ["--trust-remote-code"],
		}}},
	}}}
	told.models == [{
		"path": ["spec", "predictor", "model", "storageUri"],
		"uri": "s3://models/fraud/7",
		"key": "s3:models/fraud/7",
		"version": "",
		"pin": "moving",
		"use": "model",
	}]
	told.flags == ["--trust-remote-code"]
	{one.kind | some one in told.beside} == {"image", "runtime"}
}

test_nothing if {
	told := serving.told with input as {"review": {"object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}}}
	told == {"models": [], "beside": [], "flags": []}
}

# It may hold a model.
test_image_volumes if {
	told := serving.told with input as {"review": {"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
		"containers": [],
		"volumes": [{"name": "m", "image": {"reference": "r.example.com/m:1"}}],
	}}}}
	[[one.use, one.uri, one.key, one.version] | some one in told.models] == [["volume", "oci://r.example.com/m:1", "oci:r.example.com/m", "1"]]
}
