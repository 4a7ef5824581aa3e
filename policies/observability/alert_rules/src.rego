# METADATA
# title: Alerts say how bad it is, and can fire
# description: |
#   An alert on a model is worth what happens when it fires. Warned of are alerts of Prometheus without `for`, which fire for one bad scrape, without a label `severity` (or with none of
#   `severities`, where that is given), and without a text that says what is wrong (`summary`, `description` or `message`), expressions that tell nothing (empty, or of no metric) or are never true (`up > 1`,
#   `absent(…) == 0`), and quantiles outside of 0 to 1. With `runbook: required` an annotation `runbook_url` has to say what to do. Of Grafana's alerts those that are paused, and those that are well when the query
#   fails (`execErrState: OK`).
#
#   PrometheusRule, Rules, ClusterRules and GlobalRules of Google's Managed Service, files of rules (in ConfigMaps and values of charts too), and GrafanaAlertRuleGroup are judged. Alerts called `Watchdog` and
#   `InfoInhibitor` fire always, on purpose.
#
#   Not covered: whether a metric exists, and PromQL that does not parse, which Prometheus refuses.
# related_resources:
#   - ref: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
#     description: Alerting rules
#   - ref: https://prometheus.io/docs/practices/alerting/
#     description: Alerting, by those who made Prometheus
# custom:
#   id: LG-O015
#   severity: low
#   external: false
#   systems: [prometheus, grafana, gcp-monitoring]
#   controls:
#     - NIST SP 800-53 SI-4 (system monitoring)
#     - NIST SP 800-53 IR-6 (incident reporting)
package lockgate.observability.alert_rules

import data.lib.lockgate.configurations
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place(found, ["for"]), "an alert does not wait", found.rule.alert, why, fix) if {
	not updates.unchanged
	some found in alerts
	not found.rule.alert in always
	object.get(found.rule, "for", "0s") in {"", "0", "0m", "0s", 0, null}
	not waits(object.get(found.rule, "expr", ""))
	why := "one bad scrape wakes somebody, and the next alert is not believed"
	fix := "set for, to 5m for instance"
}

violation contains report.violation(place(found, ["labels", "severity"]), "an alert has no severity", found.rule.alert, why, fix) if {
	not updates.unchanged
	some found in alerts
	severity := object.get(settings.fields(object.get(found.rule, "labels", {})), "severity", "")
	not accepted(severity)
	why := sprintf("routes go by it; accepted are: %s", [shown_severities])
	fix := "set labels.severity"
}

violation contains report.violation(place(found, ["annotations"]), "an alert does not say what is wrong", found.rule.alert, why, fix) if {
	not updates.unchanged
	some found in alerts
	not says(found.rule, {"description", "message", "summary"})
	why := "whoever is woken by it has to find out"
	fix := "set annotations.summary"
}

violation contains report.violation(place(found, ["annotations", "runbook_url"]), "an alert does not say what to do", found.rule.alert, why, fix) if {
	not updates.unchanged
	review.parameters.runbook == "required"
	some found in alerts
	not says(found.rule, {"runbook", "runbook_url", "runbookURL"})
	why := "whoever is woken by it has to find out"
	fix := "set annotations.runbook_url"
}

violation contains report.violation(place(found, ["expr"]), "an alert is of nothing, or never fires", expression, why, fix) if {
	not updates.unchanged
	some found in alerts
	not found.rule.alert in always
	expression := text(object.get(found.rule, "expr", null))
	vain(expression)
	why := "it looks like a watch, and watches nothing"
	fix := "compare a metric with a value that it can pass"
}

violation contains report.violation(place(found, ["isPaused"]), "an alert is paused", settings.shown(object.get(found.rule, "title", null)), why, fix) if {
	not updates.unchanged
	some found in grafana_alerts
	found.rule.isPaused in {true, "true"}
	why := "it looks like a watch, and watches nothing"
	fix := "leave isPaused out, or remove the alert"
}

violation contains report.violation(place(found, ["execErrState"]), "an alert is well when it cannot be asked", settings.shown(object.get(found.rule, "title", null)), why, fix) if {
	not updates.unchanged
	some found in grafana_alerts
	found.rule.execErrState in {"OK", "Ok", "ok"}
	why := "when the data source is gone, all is well"
	fix := "set execErrState: Error"
}

# Fire always, on purpose.
always := {"InfoInhibitor", "Watchdog"}

text(null) := ""

text(value) := sprintf("%v", [value]) if value != null

# What looks back over a time waits by itself.
waits(expression) if regex.match(`\[[0-9]+[hdw]|\b(predict_linear|absent_over_time)\(`, sprintf("%v", [expression]))

accepted(severity) if {
	settings.text(severity)
	not is_array(object.get(review.parameters, "severities", null))
}

accepted(severity) if severity in review.parameters.severities

accepted(severity) if settings.unknown(severity)

shown_severities := report.names({one | some one in review.parameters.severities}) if {
	is_array(review.parameters.severities)
} else := "any"

says(rule, names) if {
	some name in names
	settings.text(rule.annotations[name])
}

vain(expression) if not regex.match(`[A-Za-z_:][A-Za-z0-9_:]*`, regex.replace(expression, `\b(vector|scalar|time|bool|and|or|unless)\b`, ""))

vain(expression) if regex.match(`^\s*up(\{[^}]*\})?\s*(>=?\s*([2-9]|1[0-9.])|>\s*1|==\s*[2-9]|<\s*0)`, expression)

vain(expression) if regex.match(`^\s*absent(_over_time)?\(.*\)\s*(==\s*0|<\s*1)\s*$`, expression)

vain(expression) if regex.match(`\b(histogram_quantile|quantile_over_time|quantile)\(\s*([2-9]|1\.[0-9]*[1-9]|[1-9][0-9]|-)`, expression)

place(found, rest) := configurations.place(found, array.concat(found.rest, rest))

alerts := [{"path": found.path, "how": found.how, "rest": ["groups", i, "rules", j], "rule": rule} |
	some found in rule_files
	some i, group in found.value.groups
	some j, rule in group.rules
	settings.text(rule.alert)
]

rule_files := array.concat(
	[{"path": array.concat(at.path, ["spec"]), "how": "field", "value": at.value.spec} |
		some at in workloads.objects
		at.name in {
			"monitoring.coreos.com/PrometheusRule", "monitoring.googleapis.com/ClusterRules",
			"monitoring.googleapis.com/GlobalRules", "monitoring.googleapis.com/Rules",
		}
		is_object(at.value.spec)
	],
	[document | some document in configurations.with_values; document.kind == "PrometheusRules"],
)

grafana_alerts := [{"path": array.concat(at.path, ["spec"]), "how": "field", "rest": ["rules", i], "rule": rule} |
	some at in workloads.objects
	at.name == "grafana.integreatly.org/GrafanaAlertRuleGroup"
	some i, rule in at.value.spec.rules
	is_object(rule)
]
