package lockgate.observability.zabbix_triggers_test

import data.lockgate.observability.zabbix_triggers as rule

found(triggers, parameters) := {[split(violation.msg, " at ")[0], violation.details.path[count(violation.details.path) - 1]] |
	some violation in rule.violation with input as {
		"review": {"object": {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "ZabbixExport", "metadata": {"name": "z"}, "spec": {"zabbix_export": {"templates": [{"items": [{"triggers": triggers}]}]}}}},
		"parameters": parameters,
	}
}

good := {"name": "GPU is hot", "expression": "min(/h/gpu.temp,5m)>90", "priority": "HIGH", "description": "See the page."}

test_good if {
	found([good], {}) == set()
	found([good], {"description": "required"}) == set()
	found([object.union(object.remove(good, ["description"]), {"url": "https://r.example.com"})], {"description": "required"}) == set()
}

test_bad if {
	found([object.remove(good, ["priority"])], {}) == {["a trigger has no severity", "priority"]}
	found([object.union(good, {"priority": "NOT_CLASSIFIED"})], {}) == {["a trigger has no severity", "priority"]}
	found([object.union(good, {"status": "DISABLED"})], {}) == {["a trigger is disabled", "status"]}
	found([object.union(good, {"recovery_mode": "NONE"})], {}) == {["a problem never ends", "recovery_mode"]}
	found([object.union(good, {"recovery_mode": "NONE", "manual_close": "YES"})], {}) == set()
	every odd in ["last(/h/gpu.temp)", "1", "", 7, ["x"]] {
		found([object.union(object.remove(good, ["expression"]), {"expression": odd})], {}) == {["a trigger compares nothing", "expression"]}
	}
	found([object.remove(good, ["description"])], {"description": "required"}) == {["a trigger does not say what to do", "description"]}
	found([object.remove(good, ["description"])], {}) == set()
}

test_what_only_names_a_trigger if {
	count(rule.violation) == 0 with input as {
		"review": {"object": {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "ZabbixExport", "metadata": {"name": "z"}, "spec": {"zabbix_export": {"templates": [{"dashboards": [{"triggers": [{"name": "n", "expression": "x"}]}]}]}}}},
		"parameters": {},
	}
}

test_odd_types if {
	every odd in [null, "x", 7, [null, 7, "x", {}], {"a": 1}] {
		found(odd, {"description": "required"}) == set()
	}
}
