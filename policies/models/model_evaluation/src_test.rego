package lockgate.models.model_evaluation_test

import data.lib.lockgate.external
import data.lockgate.models.model_evaluation as rule

# What the provider says of the model in these tests.
answered(answer) := {"responses": [["hf://o/m:main", answer]], "errors": [], "status_code": 200, "system_error": ""}

messages(answer, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged, "namespace": "team-a"}, "parameters": parameters}
		with external.answers as answered(answer)
		with time.now_ns as now
}

now := time.parse_rfc3339_ns("2026-06-30T00:00:00Z")

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

evaluated(value, at) := with_evidence([{"kind": "evaluation", "metrics": {"auc": value}, "at": "2026-06-01T00:00:00Z", "recordedAt": at, "producer": "mlflow", "vouchedBy": ["ci"]}])

demand := {"models": ["hf://o/*"], "metric": "auc", "minimum": 0.8, "maximum": 0.99, "maximumAgeDays": 30}

test_thresholds if {
	clean(evaluated(0.9, "2026-06-20T00:00:00Z"), {"thresholds": [demand]})
	says(evaluated(0.7, "2026-06-20T00:00:00Z"), {"thresholds": [demand]}, "it has 0.7; demanded is at least 0.8 and at most 0.99")
	says(evaluated(0.999, "2026-06-20T00:00:00Z"), {"thresholds": [demand]}, "out of bounds by auc")
	says(evaluated("high", "2026-06-20T00:00:00Z"), {"thresholds": [demand]}, "nothing says how well it works")
	clean(evaluated(0.1, "2026-06-20T00:00:00Z"), {"thresholds": [object.union(demand, {"models": ["hf://other/*"]})]})
}

test_age if {
	says(evaluated(0.9, "2026-05-20T00:00:00Z"), {"thresholds": [demand]}, "nothing was recorded in the last 30 days")
	says(evaluated(0.9, null), {"thresholds": [demand]}, "nothing was recorded")
	clean(evaluated(0.9, null), {"thresholds": [demand], "acceptUnrecorded": true})
}

test_the_newest_counts if {
	two := with_evidence([
		{"kind": "evaluation", "metrics": {"auc": 0.9}, "recordedAt": "2026-06-20T00:00:00Z"},
		{"kind": "evaluation", "metrics": {"auc": 0.5}, "recordedAt": "2026-06-21T00:00:00Z"},
	])
	says(two, {"thresholds": [demand]}, "it has 0.5")
}

test_producers if {
	clean(evaluated(0.9, "2026-06-20T00:00:00Z"), {"thresholds": [demand], "producers": ["ci"]})
	says(evaluated(0.9, "2026-06-20T00:00:00Z"), {"thresholds": [demand], "producers": ["other"]}, "nothing says how well it works")
}

test_drift if {
	drifted := with_evidence([{"kind": "drift", "share": 0.4, "recordedAt": "2026-06-20T00:00:00Z"}])
	clean(drifted, {"drift": [{"models": ["*"], "maximumShare": 0.5, "maximumAgeDays": 30}]})
	says(drifted, {"drift": [{"models": ["**"], "maximumShare": 0.3, "maximumAgeDays": 30}]}, "out of bounds by drift share")
	says(with_evidence([]), {"drift": [{"models": ["**"], "maximumShare": 0.3, "maximumAgeDays": 30}]}, "not evaluated by drift share")
}
