package lockgate.models.scanned_models_test

import data.lib.lockgate.external
import data.lockgate.models.scanned_models as rule

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

safe := {"digest": "sha256:1", "tier": "safe", "facts": {"findings": []}, "attested": [{"producer": "ci", "at": "2026-06-20T00:00:00Z"}], "evidence": []}

with_finding(tier, finding) := object.union(safe, {"tier": tier, "facts": {"findings": [finding]}})

call := {"rule": "pickle-global", "severity": "unsafe", "detail": "calls os.system", "offset": 3}

unvetted := {"rule": "pickle-global", "severity": "unvetted", "detail": "imports my.Model", "name": "my.Model", "offset": 3}

test_tiers if {
	clean(safe, {})
	says(with_finding("unsafe", call), {}, "model is unsafe at spec.predictor.model.storageUri (hf://o/m:main); calls os.system (pickle-global)")
	says(with_finding("unvetted", unvetted), {}, "model is unvetted")
	clean(with_finding("unvetted", unvetted), {"tiers": ["safe", "unvetted"]})
	says(object.union(safe, {"tier": "unreadable"}), {}, "its facts do not say why")
	says(object.union(safe, {"tier": "fine"}), {}, "the provider said nothing of it")
}

test_waivers if {
	clean(with_finding("unvetted", unvetted), {"waivers": ["my.Model"]})
	says(with_finding("unvetted", unvetted), {"waivers": ["my"]}, "model is unvetted")
	says(with_finding("unsafe", object.union(call, {"name": "os.system"})), {"waivers": ["os.system"]}, "model is unsafe")
	says(with_finding("unvetted", {"rule": "opaque", "severity": "unvetted", "detail": "x"}), {"waivers": ["my.Model"]}, "model is unvetted")
	says(object.union(safe, {"tier": "unvetted"}), {"waivers": ["my.Model"]}, "model is unvetted")
}

test_age if {
	clean(safe, {"maximumAgeDays": 10})
	says(safe, {"maximumAgeDays": 9}, "facts of the model are too old")
	says(object.union(safe, {"attested": [{"producer": "ci", "at": null}]}), {"maximumAgeDays": 9}, "too old")
	says(object.union(safe, {"attested": [{"producer": "ci", "at": "today"}]}), {"maximumAgeDays": 9}, "too old")
}

test_producers if {
	clean(safe, {"producers": ["ci", "other"]})
	says(safe, {"producers": ["other"]}, "they are of: ci; approved are: other")
	says(object.union(safe, {"attested": []}), {"producers": ["other"]}, "they are of: none")
}
