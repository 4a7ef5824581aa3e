package lib.lockgate.named_models_test

import data.lib.lockgate.named_models

test_told if {
	told := named_models.told with input as {
		"review": {"object": {}},
		"parameters": {"references": ["s3://b/m/7", "hf://o/m:v1", "models:/fraud/3", "oci://r.example.com/m:1", "${MODEL}"]},
	}
	told.named == {
		"hf://o/m:v1": {"key": "hf:o/m", "version": "v1"},
		"models:/fraud/3": {"key": "models:fraud", "version": "3"},
		"oci://r.example.com/m:1": {"key": "oci:r.example.com/m", "version": "1"},
		"s3://b/m/7": {"key": "s3:b/m/7", "version": ""},
	}
}

test_nothing if {
	told := named_models.told with input as {"review": {"object": {}}}
	told.named == {}
}
