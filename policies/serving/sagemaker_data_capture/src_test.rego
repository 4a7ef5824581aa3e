package lockgate.serving.sagemaker_data_capture_test

import data.lockgate.serving.sagemaker_data_capture as rule

made(spec) := {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": "EndpointConfig", "metadata": {"name": "e"}, "spec": spec}

whole := {
	"enableCapture": true,
	"initialSamplingPercentage": 20,
	"captureOptions": [{"captureMode": "Input"}, {"captureMode": "Output"}],
}

capturing(fields) := made({"productionVariants": [{"modelName": "m"}], "dataCaptureConfig": object.union(whole, fields)})

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_captured if {
	every fields in [
		{},
		{"enableCapture": "${CAPTURE}", "initialSamplingPercentage": "$PERCENT"},
		{"captureOptions": [{"captureMode": "$MODE"}]},
		{"captureOptions": [{"captureMode": "InputAndOutput"}]},
		{"captureOptions": [{"captureMode": "Output"}, {"captureMode": "Input"}, 7]},
	] {
		said(capturing(fields), {}) == set()
	}
	said(made({"productionVariants": [{"serverlessConfig": {"maxConcurrency": 5}}]}), {}) == set()
	said({"apiVersion": "example.com/v1", "kind": "EndpointConfig", "spec": {}}, {}) == set()
}

test_nothing if {
	every spec in [
		{},
		{"dataCaptureConfig": null},
		{"dataCaptureConfig": "x"},
		{"dataCaptureConfig": object.union(whole, {"enableCapture": false})},
		{"dataCaptureConfig": object.union(whole, {"enableCapture": "true"})},
		{"productionVariants": [{"serverlessConfig": null}]},
	] {
		found := said(made(spec), {})
		count(found) == 1
		some message in found
		startswith(message, "endpoint keeps nothing of what it is asked at spec.dataCaptureConfig.enableCapture (")
	}
}

test_half if {
	some message in said(capturing({"captureOptions": [{"captureMode": "Input"}]}), {})
	startswith(message, "endpoint keeps only half of what it is asked at spec.dataCaptureConfig.captureOptions (Output)")
	every options in [null, "x", [], ["Input"], [{"captureMode": "input"}]] {
		some other in said(capturing({"captureOptions": options}), {})
		contains(other, " at spec.dataCaptureConfig.captureOptions (Input, Output)")
	}
}

test_share if {
	every value in [0, null, "20", 19] {
		some message in said(capturing({"initialSamplingPercentage": value}), {"minimumPercentage": 20})
		startswith(message, "endpoint keeps too small a share at spec.dataCaptureConfig.initialSamplingPercentage (")
	}
	said(capturing({"initialSamplingPercentage": 1}), {}) == set()
}

test_encryption if {
	parameters := {"requireEncryption": true}
	said(capturing({"kmsKeyID": "arn:aws:kms:x"}), parameters) == set()
	every value in ["", null, 7] {
		some message in said(capturing({"kmsKeyID": value}), parameters)
		startswith(message, "what an endpoint keeps is not encrypted by your key at spec.dataCaptureConfig.kmsKeyID (")
	}
}

test_updates if {
	old := made({})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	new := made({"kmsKeyID": "k"})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}
}
