package lockgate.governance.template_calls_test

import data.lockgate.governance.template_calls as rule

template(target) := {"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": "t"}, "spec": {"targets": [target]}}

found(target, parameters) := {[concat(".", [sprintf("%v", [one]) | some one in violation.details.path]), violation.details.value] |
	some violation in rule.violation with input as {"review": {"object": template(target)}, "parameters": parameters}
}

call := "package a\n\nviolation contains {\"msg\": m} if {\n\tm := http.send({\"url\": \"https://x\"}).body\n}\n"

test_calls if {
	found({"rego": call}, {}) == {["spec.targets.0.rego", "http.send"]}
	found({"rego": "x := opa.runtime().env"}, {}) == {["spec.targets.0.rego", "opa.runtime"]}
	found({"rego": "x := net.lookup_ip_addr(\"a\")"}, {}) == {["spec.targets.0.rego", "net.lookup_ip_addr"]}
	found({"rego": "import x", "libs": ["package lib.a", call]}, {}) == {["spec.targets.0.libs.1", "http.send"]}
	found({"code": [{"engine": "K8sNativeValidation", "source": {}}, {"engine": "Rego", "source": {"rego": call, "libs": [call]}}]}, {}) == {
		["spec.targets.0.code.1.source.rego", "http.send"], ["spec.targets.0.code.1.source.libs.0", "http.send"],
	}
}

test_calls_by_parts_in_brackets if {
	every text in [
		"x := http[\"send\"]({})", "x := http[`send`]({})", "x := http[\"\\u0073end\"]({})", "x := http[\n\"send\"\n]({})",
		"\t# http\nx := http[\"send\"]({})", "x := f(http[\"send\"]({}))",
		"x := http[\"send\" # ]\n]({})", "x := \"#\"; y := http[\"send\" # ]\n]({})",
	] {
		found({"rego": text}, {}) == {["spec.targets.0.rego", "http.send"]}
	}
}

test_what_is_no_call if {
	every text in [
		"x := {\"http.send\": 1}", "y if f(\"http.send\")", "z if true with http.send as mock", "x := https[\"send\"](1)",
		"# http.send is not used", "\t# x := http.send({})", "x := myhttp.send(1)", "x := data.http.send", "x := http.sender(1)", "", "package a",
	] {
		found({"rego": text}, {}) == set()
	}
}

test_further_functions if {
	found({"rego": "x := time.now_ns()"}, {"functions": ["time.now_ns"]}) == {["spec.targets.0.rego", "time.now_ns"]}
	found({"rego": "x := time.now_ns()"}, {}) == set()
}

test_text_that_is_none if {
	found({"rego": 7}, {}) == {["spec.targets.0.rego", "a value of type number"]}
	found({"libs": [{}]}, {}) == {["spec.targets.0.libs.0", "a value of type object"]}
	found(null, {}) == set()
	found({"libs": "x", "code": "y"}, {}) == set()
}

test_updates_that_change_nothing if {
	judged := template({"rego": call})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
