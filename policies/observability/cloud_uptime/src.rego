# METADATA
# title: Uptime checks and channels of Cloud Monitoring keep their secrets
# description: |
#   An uptime check goes over the internet, with the credentials that it is given, and a notification channel carries what is broken to a place outside. Refused are passwords and tokens that stand in them as
#   they are (`authInfo.password.value`, a header such as `Authorization`, `sensitiveLabels.*.value`), checks that send credentials without TLS, or with TLS and without `validateSsl: true`, TLS whose
#   certificate is not compared (`validateSsl: false`, said aloud), and webhooks by plain HTTP. With `disabledChannels: refuse` a channel has to be on.
#
#   MonitoringUptimeCheckConfig and MonitoringNotificationChannel of Config Connector are judged. References to Secrets and placeholders are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what the check looks for in the answer, and who reads the channel.
# related_resources:
#   - ref: https://cloud.google.com/config-connector/docs/reference/resource-docs/monitoring/monitoringuptimecheckconfig
#     description: MonitoringUptimeCheckConfig
#   - ref: https://cloud.google.com/config-connector/docs/reference/resource-docs/monitoring/monitoringnotificationchannel
#     description: MonitoringNotificationChannel
# custom:
#   id: LG-O012
#   severity: high
#   external: false
#   systems: [gcp-monitoring, config-connector]
#   controls:
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
package lockgate.observability.cloud_uptime

import data.lib.lockgate.credentials
import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(secret.path, "a secret stands in a check or a channel", secret.name, why, fix) if {
	not updates.unchanged
	some secret in secrets
	settings.literal(secret.value)
	why := "everybody who may read the object has it"
	fix := "refer to a Secret (valueFrom.secretKeyRef), and replace the secret"
}

violation contains report.violation(array.concat(check.path, ["useSsl"]), "credentials go over plain HTTP", "useSsl is not true", why, fix) if {
	not updates.unchanged
	some check in checks
	signs_in(check.value)
	not settings.on(object.get(check.value, "useSsl", false))
	why := "they go over the internet, and whoever stands between has them"
	fix := "set useSsl: true and validateSsl: true"
}

violation contains report.violation(array.concat(check.path, ["validateSsl"]), "a check does not verify whom it asks", "validateSsl is not true", why, fix) if {
	not updates.unchanged
	some check in checks
	unverified(check.value)
	why := "whoever stands between answers that all is well, and has the credentials"
	fix := "set validateSsl: true"
}

violation contains report.violation(path, "alerts go out over plain HTTP", url, why, fix) if {
	not updates.unchanged
	some channel in channels
	path := array.concat(channel.path, ["labels", "url"])
	url := workloads.value_at(path)
	hosts.plain(url)
	why := "what is broken is read on the way, with the password of the channel"
	fix := "use the https URL"
}

violation contains report.violation(array.concat(channel.path, ["enabled"]), "a notification channel is off", "false", why, fix) if {
	not updates.unchanged
	review.parameters.disabledChannels == "refuse"
	some channel in channels
	channel.value.enabled in {false, "false"}
	why := "policies that name it tell nobody"
	fix := "set enabled: true, or remove the channel"
}

unverified(check) if check.validateSsl in {false, "false"}

unverified(check) if {
	signs_in(check)
	settings.on(check.useSsl)
	object.get(check, "validateSsl", null) == null
}

signs_in(check) if count(settings.fields(check.authInfo)) > 0

signs_in(check) if {
	some name, _ in settings.fields(check.headers)
	credentials.named(name)
}

secrets := array.concat(
	array.concat(
		[{"path": path, "name": "authInfo.password", "value": workloads.value_at(path)} |
			some check in checks
			path := array.concat(check.path, ["authInfo", "password", "value"])
		],
		[{"path": array.concat(check.path, ["headers", name]), "name": name, "value": value} |
			some check in checks
			some name, value in settings.fields(check.value.headers)
			credentials.named(name)
		],
	),
	[{"path": path, "name": sprintf("sensitiveLabels.%v", [name]), "value": value} |
		some channel in channels
		some name, label in settings.fields(channel.value.sensitiveLabels)
		path := array.concat(channel.path, ["sensitiveLabels", name, "value"])
		value := settings.fields(label).value
	],
)

checks := [{"path": path, "value": value} |
	some at in workloads.objects
	at.name == "monitoring.cnrm.cloud.google.com/MonitoringUptimeCheckConfig"
	path := array.concat(at.path, ["spec", "httpCheck"])
	value := workloads.value_at(path)
	is_object(value)
]

channels := [{"path": array.concat(at.path, ["spec"]), "value": at.value.spec} |
	some at in workloads.objects
	at.name == "monitoring.cnrm.cloud.google.com/MonitoringNotificationChannel"
	is_object(at.value.spec)
]
