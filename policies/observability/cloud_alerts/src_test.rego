package lockgate.observability.cloud_alerts_test

import data.lockgate.observability.cloud_alerts as rule

found(spec) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in array.slice(violation.details.path, 1, 20)])] |
	some violation in rule.violation with input as {"review": {"object": {"apiVersion": "monitoring.cnrm.cloud.google.com/v1beta1", "kind": "MonitoringAlertPolicy", "metadata": {"name": "a"}, "spec": spec}}, "parameters": {}}
}

condition(filter, comparison, value) := {"displayName": "c", "conditionThreshold": {"filter": filter, "comparison": comparison, "thresholdValue": value}}

good := {
	"notificationChannels": [{"name": "on-call"}], "documentation": {"content": "See the page."},
	"conditions": [condition("metric.type = \"run.googleapis.com/request_latencies\"", "COMPARISON_GT", 500)],
}

with_fields(fields) := found(object.union(object.remove(good, object.keys(fields)), fields))

test_good if {
	found(good) == set()
	with_fields({"enabled": true}) == set()
	with_fields({"notificationChannels": ["projects/p/notificationChannels/1"]}) == set()
	with_fields({"notificationChannels": "${CHANNELS}"}) == set()
}

test_bad if {
	with_fields({"enabled": false}) == {["an alerting policy is off", "enabled"]}
	every channels in [[], null, {}, [""], [{}], "x", 7] {
		with_fields({"notificationChannels": channels}) == {["an alerting policy tells nobody", "notificationChannels"]}
	}
	every documentation in [null, {}, {"content": " "}, "x", 7] {
		with_fields({"documentation": documentation}) == {["an alerting policy does not say what to do", "documentation"]}
	}
	every conditions in [[], null, {}, "x", [null]] {
		with_fields({"conditions": conditions}) == {["an alerting policy has no condition", "conditions"]}
	}
	count(found({})) == 3
}

test_thresholds if {
	never := {["a threshold is never reached", "conditions.0.conditionThreshold.thresholdValue"]}
	share := "resource.type = \"k8s_container\" AND metric.type = \"kubernetes.io/container/memory/limit_utilization\""
	with_fields({"conditions": [condition(share, "COMPARISON_GT", 90)]}) == never
	with_fields({"conditions": [condition(share, "COMPARISON_GT", 1)]}) == never
	with_fields({"conditions": [condition(share, "COMPARISON_LT", 0)]}) == never
	with_fields({"conditions": [condition(share, "COMPARISON_GT", 0.9)]}) == set()
	with_fields({"conditions": [condition("metric.type = \"custom.googleapis.com/utilization_percent\"", "COMPARISON_GT", 90)]}) == set()
	with_fields({"conditions": [condition(share, "COMPARISON_GT", "90")]}) == set()
}

test_updates if {
	judged := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "AlertPolicy", "metadata": {"name": "a"}, "spec": {"enabled": false}}
	count(rule.violation) == 4 with input as {"review": {"object": judged}, "parameters": {}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
