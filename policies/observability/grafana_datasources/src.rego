# METADATA
# title: Data sources of Grafana keep their secrets and know whom they ask
# description: |
#   A data source is asked by everybody who may look at a dashboard, with the credentials that stand in it. Refused are passwords, tokens and keys
#   that stand there as they are (`secureJsonData`, `password`, `basicAuthPassword`, a URL with a password), certificates that are not verified (`tlsSkipVerify`) where the
#   URL is one of TLS, connections out of the cluster over plain HTTP, and `access: direct`, by which every browser asks by itself and holds the credentials.
#
#   Data sources are read in a GrafanaDatasource, in files that Grafana begins with (also in ConfigMaps), and in values of charts.
#   Placeholders (`${TOKEN}`, `$TOKEN`, `$__file{…}`) and `valuesFrom` are accepted. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: Secrets that hold such a file, what the credentials may read, `sslmode` of databases, and data sources that are made in Grafana.
# related_resources:
#   - ref: https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources
#     description: Data sources from files
#   - ref: https://grafana.github.io/grafana-operator/docs/datasources/
#     description: Data sources of the operator
# custom:
#   id: LG-O002
#   severity: high
#   external: false
#   systems: [grafana, evidently]
#   controls:
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
package lockgate.observability.grafana_datasources

import data.lib.lockgate.configurations
import data.lib.lockgate.credentials
import data.lib.lockgate.hosts
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "a secret stands in a data source", paths.field(rest), why, fix) if {
	not updates.unchanged
	some source in sources
	some rest in secrets(source.value)
	path := place(source, rest)
	why := "everybody who may read the file has it"
	fix := "take it from a Secret (valuesFrom of a GrafanaDatasource, $__file{…} or ${VARIABLE} in a file), and replace the secret"
}

violation contains report.violation(place(source, ["jsonData", "tlsSkipVerify"]), "certificates of a data source are not verified", "tlsSkipVerify", why, fix) if {
	not updates.unchanged
	some source in sources
	settings.fields(source.value.jsonData).tlsSkipVerify in {true, "true"}
	not clear(source.value)
	why := "whoever stands between reads the credentials and answers what a dashboard shows"
	fix := "set tlsAuthWithCACert with the authority's certificate, and leave tlsSkipVerify out"
}

violation contains report.violation(place(source, ["url"]), "a data source is asked over plain HTTP", source.value.url, why, fix) if {
	not updates.unchanged
	some source in sources
	hosts.plain(source.value.url)
	why := "queries, answers and credentials leave the cluster unencrypted"
	fix := "use the source's https URL"
}

violation contains report.violation(place(source, ["access"]), "browsers ask a data source by themselves", source.value.access, why, fix) if {
	not updates.unchanged
	some source in sources
	is_string(source.value.access)
	lower(source.value.access) in {"browser", "direct"}
	why := "whoever looks at a dashboard has its credentials, and Grafana's rights do not hold"
	fix := "set access: proxy"
}

# A connection without TLS has no certificate.
clear(source) if {
	is_string(source.url)
	startswith(lower(trim_space(source.url)), "http://")
}

secrets(source) := {rest | some rest in credentials.literals(object.remove(source, ["secureJsonData"]))} | {array.concat(["secureJsonData"], rest) |
	walk(settings.fields(object.get(source, "secureJsonData", {})), [rest, leaf])
	count(rest) == 1 # lists of settings stand in it that are no secrets
	settings.literal(leaf)
}

sources := array.concat(
	array.concat(
		[{"path": path, "how": "field", "value": at.value.spec.datasource} |
			some at in workloads.objects
			at.name == "grafana.integreatly.org/GrafanaDatasource"
			is_object(at.value.spec.datasource)
			path := array.concat(at.path, ["spec", "datasource"])
		],
		[{"path": configurations.place(document, ["datasources", i]), "how": document.how, "value": source} |
			some document in configurations.documents
			document.kind == "GrafanaDatasources"
			not document.path[0] == "stringData"
			some i, source in document.value.datasources
			is_object(source)
		],
	),
	[{"path": array.concat(given.path, rest), "how": "field", "value": source} |
		some given in configurations.values
		walk(given.value, [rest, source])
		some name in ["additionalDataSources", "datasources"]
		name in rest
		is_object(source)
		is_string(source.type)
		is_string(source.name)
	],
)

place(source, rest) := array.concat(source.path, rest) if {
	source.how == "field"
} else := source.path
