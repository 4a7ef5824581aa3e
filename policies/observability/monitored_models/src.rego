# METADATA
# title: Models in production are watched over
# description: |
#   A model that nobody measures fails in silence. An InferenceService, LLMInferenceService or RayService must be scraped: by a ServiceMonitor, PodMonitor, PodMonitoring or ClusterPodMonitoring of the inventory whose selector
#   fits its labels (its own, and those that its controller gives to its pods) and that looks into its namespace, or by an annotation (`prometheus.io/scrape`, `serving.kserve.io/enable-prometheus-scraping`). With `alerts: required` an alert of the
#   inventory (PrometheusRule, Rules, ClusterRules, MonitoringAlertPolicy) must name it as a whole word in its expression or filter. A label of `watchedBy`, set to anything, says that something else watches: Zabbix, for instance.
#
#   Lockgate does not evaluate the rule unless the inventory has ServiceMonitors, PodMonitors and PrometheusRules in full, as `requires-sync-data` says. Which models are in production is said by the constraint's `match`. A monitor that
#   is applied after its model is not seen yet: let the constraint warn in a cluster, and deny in CI, where all manifests are known together. An update that leaves the spec as it was is not judged.
#
#   Not covered: whether Prometheus selects the monitor, whether the metrics are those that matter, and models in other kinds of workload.
# related_resources:
#   - ref: https://prometheus-operator.dev/docs/developer/getting-started/
#     description: Monitors of Prometheus' operator
#   - ref: https://kserve.github.io/website/docs/model-serving/predictive-inference/observability/prometheus-metrics
#     description: Metrics of KServe
# custom:
#   id: LG-O016
#   severity: medium
#   external: false
#   systems: [prometheus, gcp-monitoring, zabbix, kserve, ray]
#   controls:
#     - NIST SP 800-53 SI-4 (system monitoring)
#     - NIST AI RMF MEASURE 2.4 (monitoring in production)
package lockgate.observability.monitored_models

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(array.concat(model.path, ["metadata", "labels"]), "nothing measures the model", model.name, why, fix) if {
	not updates.unchanged
	some model in models
	not watched_elsewhere(model)
	not is_scraped(model)
	why := sprintf("no monitor of the inventory selects it in namespace %s", [namespace])
	fix := "add a ServiceMonitor or a PodMonitor whose selector fits its labels"
}

violation contains report.violation(array.concat(model.path, ["metadata", "name"]), "no alert names the model", model.name, why, fix) if {
	not updates.unchanged
	review.parameters.alerts == "required"
	some model in models
	not watched_elsewhere(model)
	not has_alert(model)
	why := "that it is slow or wrong is found by whoever uses it"
	fix := "add an alert (PrometheusRule) on its latency and errors whose expression selects it by its name"
}

models := [{"path": at.path, "name": name, "labels": object.union(given, own_labels(at)), "annotations": settings.fields(object.get(metadata, "annotations", {}))} |
	some at in workloads.objects
	at.name in {"ray.io/RayService", "serving.kserve.io/InferenceService", "serving.kserve.io/LLMInferenceService"}
	metadata := settings.fields(object.get(at.value, "metadata", {}))
	name := settings.shown(object.get(metadata, "name", null))
	given := settings.fields(object.get(metadata, "labels", {}))
]

# What controllers label the pods of a model with.
own_labels(at) := {
	"serving.kserve.io/InferenceService": {"app": sprintf("isvc.%v-predictor", [at.value.metadata.name]), "component": "predictor", "serving.kserve.io/inferenceservice": at.value.metadata.name},
	"serving.kserve.io/LLMInferenceService": {"app.kubernetes.io/name": at.value.metadata.name, "app.kubernetes.io/part-of": "llminferenceservice"},
	"ray.io/RayService": {"app.kubernetes.io/created-by": "kuberay-operator", "app.kubernetes.io/name": "kuberay", "ray.io/node-type": "head"},
}[at.name] if {
	is_string(at.value.metadata.name)
} else := {}

watched_elsewhere(model) if {
	some label in object.get(review.parameters, "watchedBy", [])
	settings.text(model.labels[label])
}

is_scraped(model) if {
	some name in ["prometheus.io/scrape", "serving.kserve.io/enable-prometheus-scraping"]
	model.annotations[name] == "true"
}

is_scraped(model) if {
	some monitor in monitors
	selects(object.get(monitor, "selector", null), model.labels)
}

# Monitors that look into the namespace of the model.
monitors := array.concat(
	[value.spec |
		some where, versions in data.inventory.namespace
		some version, kinds in versions
		some kind in group_kinds[split(version, "/")[0]]
		some _, value in kinds[kind]
		is_object(value.spec)
		looks_into(where, object.get(value.spec, "namespaceSelector", {}))
	],
	[value.spec |
		some version, kinds in data.inventory.cluster
		startswith(version, "monitoring.googleapis.com/")
		some _, value in kinds.ClusterPodMonitoring
		is_object(value.spec)
	],
)

group_kinds := {"monitoring.coreos.com": ["PodMonitor", "ServiceMonitor"], "monitoring.googleapis.com": ["PodMonitoring"]}

looks_into(where, _) if where == namespace

looks_into(_, selector) if selector.any == true

looks_into(_, selector) if namespace in selector.matchNames

# A selector that is not there selects nothing, and an empty one everything.
selects(selector, labels) if {
	is_object(selector)
	every name, value in settings.fields(object.get(selector, "matchLabels", {})) {
		labels[name] == value
	}
	every expression in list(object.get(selector, "matchExpressions", [])) {
		fits(expression, labels)
	}
}

fits(expression, labels) if {
	expression.operator == "In"
	labels[expression.key] in expression.values
}

fits(expression, labels) if {
	expression.operator == "NotIn"
	not object.get(labels, expression.key, null) in expression.values
}

fits(expression, labels) if {
	expression.operator == "Exists"
	object.get(labels, expression.key, null) != null
}

fits(expression, labels) if {
	expression.operator == "DoesNotExist"
	object.get(labels, expression.key, null) == null
}

list(value) := value if {
	is_array(value)
} else := [null]

has_alert(model) if {
	some text in alert_texts
	contains(text, model.name)
	some word in regex.split(`[^A-Za-z0-9.-]+`, text)
	word in {model.name, sprintf("isvc.%s-predictor", [model.name]), sprintf("%s-predictor", [model.name])}
}

alert_texts := array.concat(
	[rule.expr |
		some object in alert_objects
		some group in object.spec.groups
		some rule in group.rules
		settings.text(rule.alert)
		is_string(rule.expr)
	],
	[text |
		some object in alert_objects
		some condition in object.spec.conditions
		is_object(condition)
		walk(condition, [path, text])
		is_string(text)
		path[count(path) - 1] in {"filter", "query"}
	],
)

alert_objects := array.concat(
	[value |
		some _, versions in data.inventory.namespace
		some version, kinds in versions
		some kind in alert_kinds[split(version, "/")[0]]
		some _, value in kinds[kind]
	],
	[value |
		some version, kinds in data.inventory.cluster
		startswith(version, "monitoring.googleapis.com/")
		some kind in ["ClusterRules", "GlobalRules"]
		some _, value in kinds[kind]
	],
)

alert_kinds := {
	"monitoring.cnrm.cloud.google.com": ["MonitoringAlertPolicy"],
	"monitoring.coreos.com": ["PrometheusRule"],
	"monitoring.googleapis.com": ["Rules"],
}

namespace := name if {
	name := input.review.namespace
	is_string(name)
	name != ""
} else := name if {
	name := review.target.metadata.namespace
	is_string(name)
} else := "default"
