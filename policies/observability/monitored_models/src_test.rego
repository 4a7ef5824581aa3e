package lockgate.observability.monitored_models_test

import data.lockgate.observability.monitored_models as rule

model := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "fraud", "namespace": "team-a", "labels": {"tier": "prod"}}, "spec": {"predictor": {}}}

found(judged, parameters, namespaced, cluster) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters} with data.inventory as {"namespace": namespaced, "cluster": cluster}
}

monitored(where, spec) := found(model, {}, {where: {"monitoring.coreos.com/v1": {"ServiceMonitor": {"m": {"spec": spec}}}}}, {})

unseen := {"nothing measures the model"}

test_monitors if {
	found(model, {}, {}, {}) == unseen
	monitored("team-a", {"selector": {"matchLabels": {"serving.kserve.io/inferenceservice": "fraud"}}}) == set()
	monitored("team-a", {"selector": {"matchLabels": {"tier": "prod"}}}) == set()
	monitored("team-a", {"selector": {}}) == set()
	monitored("team-a", {"selector": {"matchLabels": {"tier": "test"}}}) == unseen
	monitored("team-a", {}) == unseen
	monitored("team-a", {"selector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["prod"]}, {"key": "tier", "operator": "Exists"}, {"key": "x", "operator": "DoesNotExist"}, {"key": "tier", "operator": "NotIn", "values": ["test"]}]}}) == set()
	every expression in [{"key": "tier", "operator": "In", "values": ["test"]}, {"key": "x", "operator": "Exists"}, {"key": "tier", "operator": "DoesNotExist"}, {"key": "tier", "operator": "NotIn", "values": ["prod"]}, {"key": "tier", "operator": "Odd"}, 7] {
		monitored("team-a", {"selector": {"matchExpressions": [expression]}}) == unseen
	}
	monitored("team-a", {"selector": {"matchExpressions": "odd"}}) == unseen
}

test_namespaces if {
	monitored("monitoring", {"selector": {}}) == unseen
	monitored("monitoring", {"selector": {}, "namespaceSelector": {"any": true}}) == set()
	monitored("monitoring", {"selector": {}, "namespaceSelector": {"matchNames": ["team-a"]}}) == set()
	monitored("monitoring", {"selector": {}, "namespaceSelector": {"matchNames": ["team-b"]}}) == unseen
	found(model, {}, {"team-a": {"monitoring.googleapis.com/v1": {"PodMonitoring": {"m": {"spec": {"selector": {}}}}}}}, {}) == set()
	found(model, {}, {}, {"monitoring.googleapis.com/v1": {"ClusterPodMonitoring": {"m": {"spec": {"selector": {}}}}}}) == set()
}

test_namespace_of_the_request if {
	selecting := {"namespace": {"team-b": {"monitoring.coreos.com/v1": {"ServiceMonitor": {"m": {"spec": {"selector": {}}}}}}}, "cluster": {}}
	count(rule.violation) == 0 with input as {"review": {"object": model, "namespace": "team-b"}, "parameters": {}} with data.inventory as selecting
	count(rule.violation) == 1 with input as {"review": {"object": model, "namespace": "team-a"}, "parameters": {}} with data.inventory as selecting
}

test_other_ways if {
	annotated := object.union(model, {"metadata": {"annotations": {"serving.kserve.io/enable-prometheus-scraping": "true"}}})
	found(annotated, {}, {}, {}) == set()
	found(object.union(model, {"metadata": {"annotations": {"prometheus.io/scrape": "false"}}}), {}, {}, {}) == unseen
	found(object.union(model, {"metadata": {"labels": {"watched-by": "zabbix"}}}), {"watchedBy": ["watched-by"]}, {}, {}) == set()
	found(object.union(model, {"metadata": {"labels": {"watched-by": ""}}}), {"watchedBy": ["watched-by"]}, {}, {}) == unseen
	found({"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "r", "namespace": "team-a"}}, {}, {"team-a": {"monitoring.coreos.com/v1": {"PodMonitor": {"m": {"spec": {"selector": {"matchLabels": {"ray.io/node-type": "head"}}}}}}}}, {}) == set()
}

alerted(spec) := found(object.union(model, {"metadata": {"annotations": {"prometheus.io/scrape": "true"}}}), {"alerts": "required"}, {"monitoring": {"monitoring.coreos.com/v1": {"PrometheusRule": {"r": {"spec": spec}}}}}, {})

test_alerts if {
	silent := {"no alert names the model"}
	alerted({"groups": [{"rules": [{"alert": "a", "expr": "latency{inferenceservice=\"fraud\"} > 1"}]}]}) == set()
	alerted({"groups": [{"rules": [{"alert": "a", "expr": "latency{service=~\"fraud-predictor\"} > 1"}]}]}) == set()
	alerted({"groups": [{"rules": [{"alert": "a", "expr": "latency{inferenceservice=\"fraud-two\"} > 1"}]}]}) == silent
	alerted({"groups": [{"rules": [{"record": "a", "expr": "latency{inferenceservice=\"fraud\"}"}]}]}) == silent
	alerted({"groups": "odd"}) == silent
	scraped := object.union(model, {"metadata": {"annotations": {"prometheus.io/scrape": "true"}}})
	found(scraped, {"alerts": "required"}, {"team-a": {"monitoring.cnrm.cloud.google.com/v1beta1": {"MonitoringAlertPolicy": {"p": {"spec": {"conditions": [{"conditionThreshold": {"filter": "resource.labels.service_name = \"fraud\""}}]}}}}}}, {}) == set()
	found(scraped, {"alerts": "required"}, {}, {"monitoring.googleapis.com/v1": {"ClusterRules": {"r": {"spec": {"groups": [{"rules": [{"alert": "a", "expr": "x{m=\"fraud\"} > 1"}]}]}}}}}) == set()
}

test_others if {
	found({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}, {}, {}, {}) == set()
	found({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": null}, {}, {}, {}) == unseen
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": model, "oldObject": model}, "parameters": {}} with data.inventory as {}
}
