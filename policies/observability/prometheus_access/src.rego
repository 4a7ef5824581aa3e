# METADATA
# title: Prometheus' API of administrators stays closed
# description: |
#   Prometheus asks nobody who they are. With its API for administrators on (`enableAdminAPI`, `--web.enable-admin-api`), whoever reaches it deletes series, and with them what an
#   auditor or an alert would have seen, and makes snapshots of all of it. With `lifecycle: refuse` no container may turn on reloading and stopping over HTTP either (`--web.enable-lifecycle`), which charts
#   that reload by it need.
#
#   Judged are Prometheus and PrometheusAgent of the operator, `additionalArgs` too, containers, and values of charts. An update that changes nothing but metadata and status is not judged.
#
#   Not covered: what stands in front of Prometheus, and who reaches it: reading all metrics needs no such setting.
# related_resources:
#   - ref: https://prometheus.io/docs/operating/security/#prometheus
#     description: Prometheus' model of security
# custom:
#   id: LG-O004
#   severity: high
#   external: false
#   systems: [prometheus]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 AU-9 (protection of audit information)
package lockgate.observability.prometheus_access

import data.lib.lockgate.configurations
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "Prometheus' API for administrators is on", "without a sign-in", why, fix) if {
	not updates.unchanged
	some path in (fields | arguments("enable-admin-api"))
	why := "whoever reaches Prometheus deletes what it has stored"
	fix := "leave the setting out, and delete series from inside of the pod when it is needed"
}

violation contains report.violation(path, "Prometheus is stopped over HTTP", "web.enable-lifecycle", why, fix) if {
	not updates.unchanged
	review.parameters.lifecycle == "refuse"
	some path in arguments("enable-lifecycle")
	why := "whoever reaches Prometheus stops it, and every alert with it"
	fix := "leave it out, and reload by a signal"
}

fields := {array.concat(at.path, rest) |
	some at in workloads.objects
	startswith(at.name, "monitoring.coreos.com/Prometheus")
	rest := ["spec", "enableAdminAPI"]
	object.get(at.value, rest, false) in {true, "true"}
} | {array.concat(given.path, rest) |
	some given in configurations.values
	walk(given.value, [rest, value])
	rest[count(rest) - 1] == "enableAdminAPI"
	value in {true, "true"}
}

arguments(name) := {array.concat(container.path, [field, i]) |
	some container in workloads.containers
	some field in ["command", "args"]
	some i, word in container.value[field]
	is_string(word)
	some line in split(word, " ")
	turns_on(line, name)
} | {array.concat(at.path, ["spec", "additionalArgs", i]) |
	some at in workloads.objects
	startswith(at.name, "monitoring.coreos.com/Prometheus")
	some i, argument in at.value.spec.additionalArgs
	argument.name == sprintf("web.%s", [name])
	not argument.value == "false"
}

turns_on(word, name) if {
	trimmed := trim(word, "\"'")
	trimmed in {sprintf("--web.%s", [name]), sprintf("--web.%s=true", [name]), sprintf("-web.%s", [name])}
}
