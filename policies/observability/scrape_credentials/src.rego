# METADATA
# title: Prometheus verifies whom it asks, and keeps its credentials
# description: |
#   Prometheus sends the credentials of a scrape to whatever answers at the target, and takes what it answers for the truth. Refused are certificates that are not
#   verified (`insecureSkipVerify`), passwords and tokens that stand in a configuration as they are, in a URL too, `bearerTokenFile` that names another file than a service account's token (whoever may write a ServiceMonitor
#   reads that file with it), or sends that token over plain HTTP, and addresses out of the cluster by plain HTTP: of remote writing and reading,
#   of lists of targets, and of targets to which credentials go. With `tokenFiles: refuse` no `bearerTokenFile` is accepted.
#
#   Judged are the kinds of Prometheus' operator and of Google's Managed Service for Prometheus, and configurations of Prometheus, also in ConfigMaps and values of charts.
#   The kubelet, whose certificate few clusters let anybody verify, may go unverified: monitors whose selector names `kubelet`, and jobs of its nodes. Placeholders are accepted.
#   An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what Secrets hold, who may read the metrics, and whether TLS is used inside of the cluster.
# related_resources:
#   - ref: https://prometheus-operator.dev/docs/api-reference/api/
#     description: Kinds of Prometheus' operator
#   - ref: https://prometheus.io/docs/prometheus/latest/configuration/configuration/
#     description: Prometheus' configuration
# custom:
#   id: LG-O003
#   severity: high
#   external: false
#   systems: [prometheus, gcp-monitoring]
#   controls:
#     - NIST SP 800-53 IA-5 (authenticator management)
#     - NIST SP 800-53 SC-8 (transmission confidentiality and integrity)
package lockgate.observability.scrape_credentials

import data.lib.lockgate.configurations
import data.lib.lockgate.credentials
import data.lib.lockgate.hosts
import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(place(judged, rest), "certificates are not verified", paths.field(rest), why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, value])
	rest[count(rest) - 1] in {"insecureSkipVerify", "insecure_skip_verify"}
	value in {true, "true"}
	not of_kubelet(judged, rest)
	why := "whoever stands between is sent the credentials, and answers what is stored"
	fix := "name the authority in tlsConfig.ca, and leave the setting out"
}

violation contains report.violation(place(judged, rest), "a secret stands in a configuration of Prometheus", paths.field(rest), why, fix) if {
	not updates.unchanged
	some judged in configured
	some rest in credentials.literals(judged.value)
	why := "everybody who may read the object has it"
	fix := "refer to a Secret (key and name, or a …_file in Prometheus' own configuration), and replace the secret"
}

violation contains report.violation(place(judged, rest), "a monitor sends a file of Prometheus", file, why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, file])
	rest[count(rest) - 1] == "bearerTokenFile"
	is_string(file)
	not trim_space(file) == ""
	not accepted_file(file)
	why := "whoever may write the object reads that file of Prometheus' container, at a target of theirs"
	fix := "use authorization.credentials with a Secret of the object's namespace"
}

violation contains report.violation(place(judged, rest), "a token is sent over plain HTTP", "bearerTokenFile", why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, endpoint])
	is_object(endpoint)
	accepted_file(endpoint.bearerTokenFile)
	endpoint.scheme in {"HTTP", "http"}
	why := "whoever stands between has the token of Prometheus"
	fix := "set scheme: https, and tlsConfig"
}

violation contains report.violation(place(judged, rest), "plain HTTP leads out of the cluster", value, why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, value])
	rest[count(rest) - 1] in {"proxyUrl", "proxy_url", "url"}
	hosts.plain(value)
	some part in rest
	part in senders
	why := "metrics and credentials are read on the way, and lists of targets replaced"
	fix := "use the https URL"
}

violation contains report.violation(place(judged, array.concat(rest, [lists, i, "targets", j])), "credentials go to a target over plain HTTP", target, why, fix) if {
	not updates.unchanged
	some judged in configured
	walk(judged.value, [rest, job])
	is_object(job)
	some lists in ["staticConfigs", "static_configs"]
	some i, list in job[lists]
	some j, target in list.targets
	is_string(target)
	not lower(sprintf("%v", [object.get(job, "scheme", "http")])) == "https"
	sends_credentials(job)
	hosts.plain(concat("", ["http://", target]))
	why := "whoever stands between has them"
	fix := "set scheme: https"
}

senders := {
	"additionalRemoteRead", "additionalRemoteWrite", "alertmanagers", "httpSDConfigs", "http_sd_configs",
	"remoteRead", "remoteWrite", "remote_read", "remote_write", "tracingConfig",
}

sends_credentials(job) if {
	some field in ["authorization", "basicAuth", "basic_auth", "bearerTokenSecret", "bearer_token", "bearer_token_file", "oauth2"]
	object.get(job, field, null) != null
}

accepted_file(file) if {
	not review.parameters.tokenFiles == "refuse"
	is_string(file)
	startswith(file, "/var/run/secrets/kubernetes.io/serviceaccount/")
	not contains(file, "..")
}

# Monitors of the kubelet say so in their selector.
of_kubelet(judged, _) if {
	some name in ["app", "app.kubernetes.io/name", "k8s-app"]
	judged.value.selector.matchLabels[name] == "kubelet"
}

of_kubelet(judged, rest) if {
	rest[0] == "scrape_configs"
	regex.match(`(?i)(kubelet|cadvisor|kubernetes-nodes)`, judged.value.scrape_configs[rest[1]].job_name)
}

configured := array.concat(
	[{"path": array.concat(at.path, ["spec"]), "how": "field", "value": at.value.spec} |
		some at in workloads.objects
		parts := split(at.name, "/")
		parts[0] in {"monitoring.coreos.com", "monitoring.googleapis.com"}
		not parts[1] in {"AlertmanagerConfig", "ClusterRules", "GlobalRules", "PrometheusRule", "Rules"}
		is_object(at.value.spec)
	],
	[document |
		some document in configurations.with_values
		document.kind == "PrometheusConfig"
		not document.path[0] in {"stringData"}
	],
)

place(judged, rest) := configurations.place(judged, rest)
