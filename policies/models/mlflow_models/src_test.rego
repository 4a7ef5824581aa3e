package lockgate.models.mlflow_models_test

import data.lib.lockgate.external
import data.lockgate.models.mlflow_models as rule

# What the provider says of the model in these tests.
answered(answer) := {"responses": [["hf://o/m:main", answer]], "errors": [], "status_code": 200, "system_error": ""}

messages(answer, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged, "namespace": "team-a"}, "parameters": parameters}
		with external.answers as answered(answer)
}

judged := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "s"},
	"spec": {"predictor": {"model": {"storageUri": "hf://o/m:main"}}},
}

clean(answer, parameters) if count(messages(answer, parameters)) == 0

says(answer, parameters, text) if {
	[message] := [message | some message in messages(answer, parameters)]
	contains(message, text)
}

with_evidence(evidence) := {"digest": "sha256:1", "tier": "safe", "facts": {"formats": ["onnx"]}, "attested": [], "evidence": evidence}

test_what_is_not_known if {
	says({}, {}, "nothing is known of the model at spec.predictor.model.storageUri (hf://o/m:main); the provider said nothing of it; fix: scan")
	refused := {"responses": [], "errors": [["hf://o/m:main", "no facts"]], "status_code": 200, "system_error": ""}
	down := {"responses": [], "errors": [], "status_code": 500, "system_error": "it is down"}
	every reply, text in {"no facts": refused, "it is down": down} {
		some violation in rule.violation with input as {"review": {"object": judged}, "parameters": {}}
			with external.answers as text
		contains(violation.msg, reply)
	}
}

test_what_cannot_be_told if {
	placeholder := json.patch(judged, [{"op": "replace", "path": "spec/predictor/model/storageUri", "value": "s3://$B/m"}])
	count(rule.violation) == 1 with input as {"review": {"object": placeholder}, "parameters": {}}
	count(rule.violation) == 0 with input as {"review": {"object": placeholder}, "parameters": {"undecidable": "allow"}}
}

mlflow(fields) := with_evidence([object.union(
	{"kind": "mlflow", "loaderModules": ["mlflow.sklearn"], "serialization": ["skops"], "code": [], "signature": true, "runId": "r"},
	fields,
)])

allowed := {"loaderModules": ["mlflow.sklearn"]}

test_modules if {
	clean(mlflow({}), allowed)
	says(mlflow({"loaderModules": ["my_loader"]}), allowed, "it is loaded by my_loader")
	says(mlflow({}), {}, "approved are: none")
	clean(with_evidence([]), allowed)
}

test_code if {
	says(mlflow({"serialization": ["cloudpickle"]}), allowed, "written by cloudpickle")
	clean(mlflow({"serialization": ["cloudpickle"]}), object.union(allowed, {"cloudpickle": "allow"}))
	says(mlflow({"code": ["code"]}), allowed, "model brings code")
	clean(mlflow({"code": ["code"]}), object.union(allowed, {"code": "allow"}))
}

test_what_is_required if {
	says(mlflow({"signature": false}), object.union(allowed, {"require": ["signature"]}), "model names no signature")
	says(mlflow({"runId": ""}), object.union(allowed, {"require": ["runId"]}), "model names no run")
	clean(mlflow({}), object.union(allowed, {"require": ["runId", "signature"]}))
}
