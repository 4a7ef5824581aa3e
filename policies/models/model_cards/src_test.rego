package lockgate.models.model_cards_test

import data.lib.lockgate.external
import data.lockgate.models.model_cards as rule

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

card(fields) := with_evidence([object.union({"kind": "card"}, fields)])

test_licences if {
	clean(card({"licenses": ["Apache-2.0"]}), {"licences": ["apache-2.0"]})
	says(card({"licenses": ["other"]}), {"licences": ["MIT"]}, "it has other; approved are: mit")
	says(card({"licenses": []}), {"licences": ["MIT"]}, "model names no licence")
	says(card({}), {"licences": ["MIT"]}, "model names no licence")
	says(with_evidence([]), {"licences": ["MIT"]}, "model has no card")
	says(with_evidence([{"kind": "card", "licenses": ["mit"]}, {"kind": "bom", "licenses": ["gpl"]}]), {"licences": ["MIT"]}, "it has gpl")
}

test_what_is_required if {
	says(card({"licenses": ["mit"]}), {"licences": ["MIT"], "require": ["datasets"]}, "model names no data set")
	clean(card({"licenses": ["mit"], "datasets": ["d"], "baseModels": ["b"]}), {"licences": ["MIT"], "require": ["datasets", "baseModels"]})
}
