# METADATA
# title: Alerting policies of Cloud Monitoring are on, and tell somebody
# description: |
#   A policy that is off, that tells nobody, or whose threshold is never reached looks like a watch on a model and is none. Warned of are policies with `enabled: false`, without
#   `notificationChannels`, without `documentation`, without conditions, and thresholds on a share (`…/utilization`, `…utilized`) that no share passes: above 1, or below 0.
#
#   MonitoringAlertPolicy of Config Connector is judged, and files of policies as the API takes them. Public samples are made to be copied, and name no channel: placeholders are accepted.
#
#   Not covered: whether a channel is read, whether the filter fits any series, and policies of logs, whose conditions have no threshold.
# related_resources:
#   - ref: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
#     description: Alerting policies
#   - ref: https://cloud.google.com/config-connector/docs/reference/resource-docs/monitoring/monitoringalertpolicy
#     description: MonitoringAlertPolicy
# custom:
#   id: LG-O011
#   severity: medium
#   external: false
#   systems: [gcp-monitoring, config-connector]
#   controls:
#     - NIST SP 800-53 SI-4 (system monitoring)
#     - NIST SP 800-53 IR-6 (incident reporting)
package lockgate.observability.cloud_alerts

import data.lib.lockgate.report
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(array.concat(policy.path, ["enabled"]), "an alerting policy is off", "false", why, fix) if {
	not updates.unchanged
	some policy in policies
	policy.value.enabled in {false, "false"}
	why := "it opens no incident, whatever happens"
	fix := "set enabled: true, or remove the policy; a snooze is for an hour of trouble"
}

violation contains report.violation(array.concat(policy.path, ["notificationChannels"]), "an alerting policy tells nobody", "no channel", why, fix) if {
	not updates.unchanged
	some policy in policies
	channels := object.get(policy.value, "notificationChannels", [])
	not settings.unknown(channels)
	not names_channel(channels)
	why := "an incident is found by whoever looks at the console"
	fix := "name a channel in notificationChannels"
}

violation contains report.violation(array.concat(policy.path, ["documentation"]), "an alerting policy does not say what to do", "no documentation", why, fix) if {
	not updates.unchanged
	some policy in policies
	documentation := settings.fields(object.get(policy.value, "documentation", {}))
	not settings.text(object.get(documentation, "content", ""))
	why := "whoever is woken by it has to find out"
	fix := "write documentation.content, with a link to what to do"
}

violation contains report.violation(array.concat(policy.path, ["conditions"]), "an alerting policy has no condition", "none", why, fix) if {
	not updates.unchanged
	some policy in policies
	conditions := object.get(policy.value, "conditions", [])
	not settings.unknown(conditions)
	not has_any(conditions)
	why := "it opens no incident, whatever happens"
	fix := "add a condition, with a filter and a threshold"
}

violation contains report.violation(path, "a threshold is never reached", settings.shown(value), why, fix) if {
	not updates.unchanged
	some policy in policies
	some i, condition in policy.value.conditions
	threshold := condition.conditionThreshold
	regex.match(`(utilization|utilized|_ratio)["' ]*(\s|$|\))`, sprintf("%v ", [threshold.filter]))
	value := threshold.thresholdValue
	never(object.get(threshold, "comparison", ""), value)
	path := array.concat(policy.path, ["conditions", i, "conditionThreshold", "thresholdValue"])
	why := "the metric is a share between 0 and 1"
	fix := "write the share, as 0.9 for 90 %"
}

never("COMPARISON_GT", value) if {
	is_number(value)
	value >= 1
}

never("COMPARISON_LT", value) if {
	is_number(value)
	value <= 0
}

names_channel(channels) if {
	some channel in channels
	not channel in {null, "", {}}
}

has_any(conditions) if {
	some condition in conditions
	is_object(condition)
}

policies := [{"path": array.concat(at.path, ["spec"]), "value": at.value.spec} |
	some at in workloads.objects
	at.name in {"documents.lockgate.dev/AlertPolicy", "monitoring.cnrm.cloud.google.com/MonitoringAlertPolicy"}
	is_object(at.value.spec)
]
