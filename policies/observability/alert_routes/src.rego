# METADATA
# title: Alerts reach somebody, and nobody else
# description: |
#   An alert tells what is broken, and where. Refused are receivers over plain HTTP out of the cluster, mail to hosts outside without TLS (`require_tls: false`), certificates that are not
#   verified, keys, passwords and URLs of chat channels that stand in the configuration as they are, and routes to a receiver that is not defined, with which
#   Alertmanager does not start. With `silentRoot: refuse` the route at the root, which takes every alert that nothing else takes, has to lead to
#   a receiver that sends.
#
#   Judged are AlertmanagerConfig, GrafanaContactPoint, and configurations of Alertmanager: files, texts of ConfigMaps and Secrets (whose secrets are where they
#   belong, and are not refused), and values of charts. Placeholders are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: whether anybody reads what is sent, templates, and receivers of Grafana that are defined in other objects.
# related_resources:
#   - ref: https://prometheus.io/docs/alerting/latest/configuration/
#     description: Alertmanager's configuration
#   - ref: https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1alpha1.AlertmanagerConfig
#     description: AlertmanagerConfig
# custom:
#   id: LG-O005
#   severity: high
#   external: false
#   systems: [prometheus, grafana]
#   controls:
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
#     - NIST SP 800-53 SI-4 (system monitoring)
package lockgate.observability.alert_routes

import data.lib.lockgate.configurations
import data.lib.lockgate.credentials
import data.lib.lockgate.hosts
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(configurations.place(judged, rest), "alerts leave the cluster over plain HTTP", value, why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, value])
	rest[0] in parts
	hosts.plain(value)
	regex.match(`(?i)url$`, last_name(rest))
	why := "what is broken is read on the way, and alerts are kept from arriving"
	fix := "use the https URL"
}

violation contains report.violation(configurations.place(judged, rest), "a secret stands in a configuration of alerts", paths.field(rest), why, fix) if {
	not updates.unchanged
	some judged in configured
	not judged.secret
	some rest in credentials.literals(judged.value)
	rest[0] in parts
	why := "whoever may read the object writes to the channel, or in the account's name"
	fix := "refer to a Secret (a …_file in Alertmanager's own configuration, valuesFrom of a contact point), and replace the secret"
}

violation contains report.violation(configurations.place(judged, rest), "certificates are not verified", paths.field(rest), why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, value])
	last_name(rest) in {"insecureSkipVerify", "insecure_skip_verify", "tlsSkipVerify"}
	value in {true, "true"}
	why := "whoever stands between takes the alerts, and the credentials"
	fix := "name the authority (ca_file, tlsConfig.ca), and leave the setting out"
}

violation contains report.violation(configurations.place(judged, rest), "mail goes out without TLS", paths.field(rest), why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, value])
	last_name(rest) in {"requireTLS", "require_tls", "smtp_require_tls"}
	value in {false, "false"}
	some host in smart_hosts(judged)
	not hosts.inside(host)
	why := "alerts and the password of the account are read on the way"
	fix := "leave the setting out: TLS is required unless it is there"
}

violation contains report.violation(configurations.place(judged, rest), "a route leads to no receiver", value, why, fix) if {
	not updates.unchanged
	some judged in configured
	is_array(object.get(judged.value, "receivers", null))
	names := {receiver.name | some receiver in judged.value.receivers}
	walk(object.get(judged.value, "route", {}), [inner, value])
	inner[count(inner) - 1] == "receiver"
	settings.literal(value)
	not value in names
	rest := array.concat(["route"], inner)
	why := sprintf("Alertmanager refuses the configuration; there are: %s", [report.names({name | some name in names; is_string(name)})])
	fix := "define the receiver, or name one that there is"
}

violation contains report.violation(configurations.place(judged, ["route", "receiver"]), "alerts go nowhere", value, why, fix) if {
	not updates.unchanged
	review.parameters.silentRoot == "refuse"
	some judged in configured
	value := judged.value.route.receiver
	some receiver in judged.value.receivers
	receiver.name == value
	not sends(receiver)
	why := "what no other route takes is told to nobody"
	fix := "name a receiver that sends, and route what may be dropped to this one"
}

# Where receivers stand.
parts := {"global", "receivers", "settings"}

last_name(rest) := paths.field(rest) if count(rest) > 0

sends(receiver) if {
	some field, list in receiver
	regex.match(`(?i)configs$`, field)
	is_array(list)
	count(list) > 0
}

smart_hosts(judged) := {split(value, ":")[0] |
	walk(judged.value, [rest, value])
	last_name(rest) in {"smarthost", "smtp_smarthost"}
	settings.literal(value)
}

configured := array.concat(
	[{"path": array.concat(at.path, ["spec"]), "how": "field", "value": at.value.spec, "secret": false} |
		some at in workloads.objects
		at.name in {"grafana.integreatly.org/GrafanaContactPoint", "monitoring.coreos.com/AlertmanagerConfig"}
		is_object(at.value.spec)
	],
	[object.union(document, {"secret": review.target.kind == "Secret"}) |
		some document in configurations.with_values
		document.kind == "AlertmanagerConfiguration"
	],
)
