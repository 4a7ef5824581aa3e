package lockgate.observability.alert_rules_test

import data.lockgate.observability.alert_rules as rule

found(alert, parameters) := judged({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "r"}, "spec": {"groups": [{"name": "g", "rules": [alert]}]}}, parameters)

judged(object, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": object}, "parameters": parameters}
}

good := {"alert": "ModelIsSlow", "expr": "latency > 0.5", "for": "5m", "labels": {"severity": "page"}, "annotations": {"summary": "slow"}}

with_fields(fields) := {one[0] | some one in found(object.union(object.remove(good, object.keys(fields)), fields), {})}

test_good if {
	found(good, {}) == set()
	found({"record": "a:b", "expr": "sum(a)"}, {}) == set()
	found(good, {"runbook": "required"}) == {["an alert does not say what to do", "spec.groups.0.rules.0.annotations.runbook_url"]}
	found(object.union(good, {"annotations": {"runbook_url": "https://r.example.com"}}), {"runbook": "required"}) == set()
	found(good, {"severities": ["critical"]}) == {["an alert has no severity", "spec.groups.0.rules.0.labels.severity"]}
	found(good, {"severities": ["page"]}) == set()
	found(object.union(good, {"labels": {"severity": "${SEVERITY}"}}), {"severities": ["page"]}) == set()
}

test_fields if {
	every value in ["0s", "", null, 0] {
		with_fields({"for": value}) == {"an alert does not wait"}
	}
	found(object.remove(good, ["for"]), {}) == {["an alert does not wait", "spec.groups.0.rules.0.for"]}
	with_fields({"for": "0s", "expr": "increase(a[1h]) > 1"}) == set()
	every labels in [null, {}, {"severity": ""}, {"severity": 7}, "x"] {
		with_fields({"labels": labels}) == {"an alert has no severity"}
	}
	every annotations in [null, {}, {"other": "x"}, {"summary": " "}, "x"] {
		with_fields({"annotations": annotations}) == {"an alert does not say what is wrong"}
	}
}

test_expressions if {
	every expression in ["", null, "1 > 0", 1, "vector(0) > 0", "up > 1", "up{job=\"m\"} == 2", "absent(up{job=\"m\"}) == 0", "histogram_quantile(95, sum(a) by (le)) > 1"] {
		with_fields({"expr": expression}) == {"an alert is of nothing, or never fires"}
	}
	every expression in ["up == 0", "up < 1", "absent(up)", "histogram_quantile(0.95, sum(a) by (le)) > 1", "quantile(1, a) > 2"] {
		with_fields({"expr": expression}) == set()
	}
	with_fields({"alert": "Watchdog", "expr": "vector(1)", "for": ""}) == set()
}

test_places if {
	bad := object.remove(good, ["for"])
	judged({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "PrometheusRules", "spec": {"groups": [{"rules": [bad]}]}}, {}) == {["an alert does not wait", "spec.groups.0.rules.0.for"]}
	judged({"apiVersion": "v1", "kind": "ConfigMap", "data": {"r.yml": json.marshal({"groups": [{"rules": [bad]}]})}}, {}) == {["an alert does not wait", "data.r.yml"]}
	judged({"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaAlertRuleGroup", "spec": {"rules": [{"title": "t", "isPaused": true, "execErrState": "OK"}, {"title": "u", "execErrState": "Error"}]}}, {}) == {["an alert is paused", "spec.rules.0.isPaused"], ["an alert is well when it cannot be asked", "spec.rules.0.execErrState"]}
}

test_odd_types if {
	every odd in [null, "x", 7, ["x"], {"groups": "x"}, {"groups": [null, {"rules": "x"}, {"rules": [null, 7, {"alert": 7}]}]}] {
		judged({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": odd}, {}) == set()
	}
	given := {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": {"groups": [{"rules": [{"alert": "a"}]}]}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": given, "oldObject": given}, "parameters": {}}
}
