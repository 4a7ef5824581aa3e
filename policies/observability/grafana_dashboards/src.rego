# METADATA
# title: Dashboards and plugins of Grafana are those that were looked at
# description: |
#   A dashboard says what people believe of a model, and runs queries as whoever looks at it. Refused are dashboards that are fetched over plain HTTP from outside of the cluster, panels with a script in them, and plugins that
#   come from a URL of plain HTTP. With `remote: pinned` what is fetched over https has to be of one state: a URL with a commit (40 hexadecimal digits) or a tag of a release in its path, `grafanaCom` with a `revision`, and plugins with a
#   version that is not `latest`; `remote: refuse` lets no dashboard be fetched.
#
#   GrafanaDashboard and GrafanaDatasource (`plugins`) of the operator, dashboards as files, and ConfigMaps with the label `grafana_dashboard` are judged. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what queries ask for, dashboards of jsonnet, whose libraries are not read, and dashboards that are made in Grafana.
# related_resources:
#   - ref: https://grafana.github.io/grafana-operator/docs/dashboards/
#     description: Dashboards of the operator
#   - ref: https://grafana.com/docs/grafana/latest/panels-visualizations/visualizations/text/
#     description: Panels of text
# custom:
#   id: LG-O017
#   severity: medium
#   external: false
#   systems: [grafana]
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 SI-7 (software and information integrity)
package lockgate.observability.grafana_dashboards

import data.lib.lockgate.hosts
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(array.concat(board.path, ["url"]), "a dashboard is fetched over plain HTTP", board.value.url, why, fix) if {
	not updates.unchanged
	some board in boards
	hosts.plain(board.value.url)
	why := "whoever stands between writes what people see"
	fix := "use the https URL, or put the dashboard into the object"
}

violation contains report.violation(array.concat(board.path, ["url"]), "a dashboard is fetched", board.value.url, why, fix) if {
	not updates.unchanged
	some board in boards
	settings.literal(board.value.url)
	not hosts.plain(board.value.url)
	not accepted(board.value.url)
	why := "what it says can change after it was looked at"
	fix := "name a commit in the URL, or put the dashboard into the object (json, configMapRef)"
}

violation contains report.violation(array.concat(board.path, ["grafanaCom"]), "a dashboard is whatever is newest", shown, why, fix) if {
	not updates.unchanged
	some board in boards
	source := board.value.grafanaCom
	is_object(source)
	not accepted_revision(source)
	shown := sprintf("id %v", [object.get(source, "id", "not given")])
	why := "what it says can change after it was looked at"
	fix := "set grafanaCom.revision"
}

violation contains report.violation(path, "a plugin is of no version", settings.shown(object.get(plugin, "name", null)), why, fix) if {
	not updates.unchanged
	object.get(review.parameters, "remote", "allow") in {"pinned", "refuse"}
	some board in boards
	some i, plugin in board.value.plugins
	is_object(plugin)
	lower(sprintf("%v", [object.get(plugin, "version", "latest")])) in {"", "latest"}
	path := array.concat(board.path, ["plugins", i, "version"])
	why := "a plugin is code that runs in Grafana, and the newest was looked at by nobody"
	fix := "set version to the one that was looked at"
}

violation contains report.violation(path, "a plugin is fetched over plain HTTP", plugin.url, why, fix) if {
	not updates.unchanged
	some board in boards
	some i, plugin in board.value.plugins
	hosts.plain(plugin.url)
	path := array.concat(board.path, ["plugins", i, "url"])
	why := "a plugin is code that runs in Grafana"
	fix := "use the https URL"
}

violation contains report.violation(text.path, "a script stands in a dashboard", "script", why, fix) if {
	not updates.unchanged
	some text in contents
	regex.match(`(?i)<\s*script[\s>/]|<[^>]{0,512}\son(error|load|click|mouseover|focus)\s*=|javascript:`, text.text)
	why := "it runs as whoever looks at it, an administrator too, where Grafana is told not to clean it"
	fix := "remove the script, and show values by a panel"
}

accepted(url) if {
	object.get(review.parameters, "remote", "allow") == "allow"
	is_string(url)
}

accepted(url) if {
	review.parameters.remote == "pinned"
	regex.match(`/([0-9a-f]{40}|v?[0-9]+\.[0-9]+(\.[0-9]+)?)(/|$)`, url)
}

# What the cluster serves itself is for who applied it there.
accepted(url) if hosts.inside(hosts.parse(url).host)

accepted_revision(source) if {
	object.get(review.parameters, "remote", "allow") == "allow"
	is_object(source)
}

accepted_revision(source) if {
	review.parameters.remote == "pinned"
	is_number(source.revision)
}

boards := [{"path": array.concat(at.path, ["spec"]), "value": at.value.spec} |
	some at in workloads.objects
	at.name in {"grafana.integreatly.org/GrafanaDashboard", "grafana.integreatly.org/GrafanaDatasource", "grafana.integreatly.org/GrafanaLibraryPanel"}
	is_object(at.value.spec)
]

# Texts of panels; of a dashboard that is written as a text, the whole of it.
contents := array.concat(
	array.concat(
		[{"path": array.concat(at.path, array.concat(["spec"], rest)), "text": text} |
			some at in workloads.objects
			at.name == "documents.lockgate.dev/GrafanaDashboard"
			walk(at.value.spec, [rest, text])
			is_string(text)
			rest[count(rest) - 1] in {"content", "html"}
		],
		[{"path": array.concat(board.path, ["json"]), "text": board.value.json} |
			some board in boards
			is_string(board.value.json)
		],
	),
	[{"path": path, "text": text} |
		some at in workloads.objects
		at.name == "/ConfigMap"
		object.get(at.value, ["metadata", "labels", "grafana_dashboard"], null) != null
		some name, text in workloads.children(array.concat(at.path, ["data"]))
		is_string(text)
		path := array.concat(at.path, ["data", name])
	],
)
