package lockgate.models.signed_models_test

import data.lib.lockgate.external
import data.lockgate.models.signed_models as rule

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

signed(fields) := with_evidence([object.union(
	{"kind": "signature", "verified": true, "keyId": "k1", "ignorePaths": [".git"], "allowSymlinks": false},
	fields,
)])

parameters := {"signers": [{"keyId": "k1"}, {"identity": "ci@example.com", "issuer": "https://issuer.example.com"}], "ignorePaths": [".git"]}

test_signers if {
	clean(signed({}), parameters)
	says(signed({"keyId": "k2"}), parameters, "it is by key k2")
	says(signed({}), {"ignorePaths": [".git"]}, "it is by key k1")
	clean(signed({"keyId": null, "identity": "ci@example.com", "issuer": "https://issuer.example.com"}), parameters)
	says(signed({"keyId": null, "identity": "ci@example.com", "issuer": "https://other.example.com"}), parameters, "by ci@example.com of https://other")
	says(with_evidence([]), parameters, "model is not signed")
}

test_what_a_signature_leaves_out if {
	says(signed({"ignorePaths": [".git", "code.py"]}), parameters, "it ignores .git, code.py")
	says(signed({"ignorePaths": null}), parameters, "does not say what it ignores")
	says(signed({"allowSymlinks": true}), parameters, "follows symbolic links")
	says(signed({"verified": false}), parameters, "it is not verified")
}

test_one_that_counts_is_enough if {
	both := with_evidence(array.concat(signed({}).evidence, signed({"keyId": "k2"}).evidence))
	clean(both, parameters)
}
