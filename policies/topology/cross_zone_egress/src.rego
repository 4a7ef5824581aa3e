# METADATA
# title: Traffic between zones stays below a price
# description: |
#   Estimates what a Service's traffic between zones costs in a month, and refuses what is above `maxMonthly`: expected bytes a
#   second (the annotation `lockgate.dev/expected-bytes-per-second`, such as `50Mi`), by the share that crosses zones, by
#   `pricePerGB`. Without a preference that share is (zones - 1) / zones; with `trafficDistribution`, or the annotation
#   `service.kubernetes.io/topology-mode: Auto`, it is taken as nothing. A month has 30 days, and a GB is 10^9 bytes. Providers
#   that bill both directions need both in `pricePerGB`. Prices change: they stand in the constraint, and none is built in.
#
#   Not covered: Services without the annotation (`require: always` demands it), zones that clients or backends are unevenly in,
#   a zone without backends (`topology/zone_spread`), and model downloads, which often cost more than requests do.
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/services-networking/service/#traffic-distribution
#     description: Traffic distribution
# custom:
#   id: LG-T003
#   severity: low
#   external: false
#   controls:
#     - FinOps (anticipated cost)
#   systems: [kubernetes, topology]
package lockgate.topology.cross_zone_egress

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "traffic between zones costs more than is allowed", text, why, fix) if {
	not updates.unchanged_annotated
	some [path, text] in expectations
	service := array.slice(path, 0, count(path) - 3)
	not keeps_zone(service)
	monthly := ((bytes(text) * seconds) / 1000000000) * (share * price)
	monthly > review.parameters.maxMonthly
	why := sprintf("it is estimated at %v %s a month, of %v that are allowed", [round(monthly * 100) / 100, currency, review.parameters.maxMonthly])
	fix := "set spec.trafficDistribution to PreferSameZone, and spread the backends over the zones"
}

violation contains report.violation(path, "expected traffic cannot be read", text, why, fix) if {
	not updates.unchanged_annotated
	some [path, text] in expectations
	not bytes(text)
	why := "what it costs cannot be told"
	fix := "write bytes a second, such as \"50Mi\" or \"1000000\""
}

violation contains report.violation(path, "expected traffic is not told", "absent", why, fix) if {
	review.parameters.require == "always"
	not updates.unchanged_annotated
	some service in services
	path := array.concat(service, ["metadata", "annotations", annotation])
	workloads.value_at(path) == null
	why := "what it costs cannot be told"
	fix := sprintf("add the annotation %s with bytes a second, such as \"50Mi\"", [annotation])
}

annotation := "lockgate.dev/expected-bytes-per-second"

seconds := ((30 * 24) * 60) * 60

services := [at.path | some at in workloads.objects; at.name == "/Service"]

expectations := [[path, text] |
	some service in services
	path := array.concat(service, ["metadata", "annotations", annotation])
	text := workloads.value_at(path)
	text != null
]

# 0 is a number too, and no undefined one.
bytes(text) := units.parse_bytes(text) if {
	is_string(text)
	regex.match(`^[0-9]{1,15}(\.[0-9]{1,6})?([KMGT]i?)?$`, text)
}

keeps_zone(service) if {
	value := workloads.value_at(array.concat(service, ["spec", "trafficDistribution"]))
	value in {"PreferClose", "PreferSameZone", "PreferSameNode"}
}

keeps_zone(service) if {
	some name in ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"]
	workloads.value_at(array.concat(service, ["metadata", "annotations", name])) in {"Auto", "auto"}
}

share := (zones - 1) / zones if zones := review.parameters.zones

price := review.parameters.pricePerGB

currency := object.get(review.parameters, "currency", "USD")
