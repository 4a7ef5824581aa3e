# METADATA
# title: Services keep traffic in its zone by means that the server knows
# description: |
#   `spec.trafficDistribution` of a Service must be a value that the declared Kubernetes version takes: `PreferClose` from 1.31,
#   `PreferSameZone` and `PreferSameNode` from 1.34. A server that does not know the value refuses the Service, and one that does
#   not know the field drops it, so that traffic crosses zones without a word. The annotations
#   `service.kubernetes.io/topology-mode` and `service.kubernetes.io/topology-aware-hints` take precedence over the field where
#   they say `Auto`; with both, the field has no effect. `topologyKeys` was removed in 1.22.
#
#   With `require: always` every Service that routes (neither headless nor of type ExternalName) must have the field. With
#   `deprecated: refuse` the name `PreferClose` is refused where `PreferSameZone`, which means the same, is known, and so is the
#   annotation `topology-aware-hints`. With `localOnly: refuse` so is `internalTrafficPolicy: Local`, which overrides the field and
#   drops the requests of every node that has no backend.
#
#   Not covered: whether each zone has a backend (`topology/zone_spread`), and annotations of load balancers.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution
#     description: Traffic distribution
#   - ref: https://github.com/kubernetes/enhancements/tree/master/keps/sig-network/4444-service-traffic-distribution
#     description: KEP-4444
# custom:
#   id: LG-T001
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [kubernetes, topology]
package lockgate.topology.traffic_distribution

import data.lib.lockgate.paths
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "the Kubernetes version is not known", value, why, fix) if {
	not updates.unchanged
	some [path, value] in distributions
	not minor
	why := "whether the server takes the value depends on it"
	fix := "set kubernetesVersion in the constraint, such as \"1.34\""
}

violation contains report.violation(path, "traffic distribution is none that Kubernetes has", value, why, fix) if {
	not updates.unchanged
	some [path, value] in distributions
	not known(value)
	why := "the API server refuses it"
	fix := sprintf("set %s to %s", [paths.field(path), best])
}

violation contains report.violation(path, "traffic distribution is not known to this Kubernetes version", value, why, fix) if {
	not updates.unchanged
	some [path, value] in distributions
	known(value)
	minor < since[value]
	why := sprintf("it is there since 1.%d, and the server has 1.%d", [since[value], minor])
	fix := sprintf("set %s to %s", [paths.field(path), best])
}

violation contains report.violation(path, "traffic distribution has a deprecated name", value, why, fix) if {
	not updates.unchanged
	review.parameters.deprecated == "refuse"
	some [path, value] in distributions
	value == "PreferClose"
	minor >= since.PreferSameZone
	why := "PreferSameZone is its name now, and means the same"
	fix := sprintf("set %s to PreferSameZone", [paths.field(path)])
}

violation contains report.violation(path, "annotation overrides spec.trafficDistribution", value, why, fix) if {
	not updates.unchanged
	some service in services
	workloads.value_at(array.concat(service, field)) != null
	some path in overriding(service)
	value := workloads.value_at(path)
	why := "where both are set the annotation counts, and it gives up where backends cannot be split evenly"
	fix := sprintf("remove the annotation %s", [path[count(path) - 1]])
}

violation contains report.violation(path, "topologyKeys is not a field of Services any more", "topologyKeys", why, fix) if {
	not updates.unchanged
	some service in services
	path := array.concat(service, ["spec", "topologyKeys"])
	workloads.value_at(path) != null
	why := "Kubernetes removed it in 1.22 and drops it, so traffic goes anywhere"
	fix := sprintf("remove it, and set spec.trafficDistribution to %s", [best])
}

violation contains report.violation(path, "Service has no traffic distribution", "absent", why, fix) if {
	not updates.unchanged
	review.parameters.require == "always"
	some service in services
	routes(service)
	path := array.concat(service, field)
	workloads.value_at(path) == null
	why := "its traffic goes to all zones alike"
	fix := sprintf("set %s to %s", [paths.field(path), best])
}

violation contains report.violation(path, "annotation has a deprecated name", value, why, fix) if {
	not updates.unchanged
	review.parameters.deprecated == "refuse"
	some service in services
	workloads.value_at(array.concat(service, field)) == null # beside the field it is told above
	path := array.concat(service, ["metadata", "annotations", "service.kubernetes.io/topology-aware-hints"])
	value := workloads.value_at(path)
	value != null
	why := "service.kubernetes.io/topology-mode is its name now, and it gives up where backends cannot be split evenly"
	fix := sprintf("remove it, and set spec.trafficDistribution to %s", [best])
}

violation contains report.violation(path, "requests go to the same node only", value, why, fix) if {
	not updates.unchanged
	review.parameters.localOnly == "refuse"
	some service in services
	path := array.concat(service, ["spec", "internalTrafficPolicy"])
	value := workloads.value_at(path)
	value == "Local"
	why := "nodes without a backend drop their requests, and trafficDistribution has no effect"
	fix := sprintf("remove it, and set spec.trafficDistribution to %s", [local_best])
}

# Prefers the node, where the server knows how.
local_best := "PreferSameNode" if {
	minor >= since.PreferSameNode
} else := best

field := ["spec", "trafficDistribution"]

services := [at.path | some at in workloads.objects; at.name == "/Service"]

# Path and value of each.
distributions := [[path, value] |
	some service in services
	path := array.concat(service, field)
	value := workloads.value_at(path)
	value != null
]

# The first minor version that has the value without a feature gate.
since := {"PreferClose": 31, "PreferSameNode": 34, "PreferSameZone": 34}

known(value) if {
	is_string(value)
	since[value]
}

best := "PreferClose" if {
	minor < since.PreferSameZone
} else := "PreferSameZone"

# The minor version that is declared: 34 of "1.34", "v1.34.2" or "1.34+".
minor := to_number(found[0][1]) if {
	version := review.parameters.kubernetesVersion
	is_string(version)
	found := regex.find_all_string_submatch_n(`^v?1\.([0-9]{1,3})(?:[.+-].*)?$`, version, 1)
	count(found) == 1
}

overriding(service) := [path |
	some name in ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"]
	path := array.concat(service, ["metadata", "annotations", name])
	workloads.value_at(path) in {"Auto", "auto"}
]

# No proxy stands before a Service without an address, and one by name alone has no backends.
routes(service) if {
	spec := workloads.value_at(array.concat(service, ["spec"]))
	is_object(spec)
	object.get(spec, "clusterIP", "") != "None"
	object.get(spec, "type", "ClusterIP") != "ExternalName"
}
