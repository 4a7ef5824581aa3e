package lockgate.topology.cross_zone_egress_test

import data.lockgate.topology.cross_zone_egress as rule

parameters := {"zones": 3, "pricePerGB": 0.02, "maxMonthly": 100}

service(expected, spec) := {
	"apiVersion": "v1",
	"kind": "Service",
	"metadata": {"name": "s", "annotations": {"lockgate.dev/expected-bytes-per-second": expected}},
	"spec": spec,
}

said(judged, given) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": given}
}

test_cheap if {
	every expected in ["0", "1000", "1Mi", "2.5M"] {
		said(service(expected, {}), parameters) == set()
	}
}

# 50 MiB/s for 2,592,000 s are 135,895 GB; two thirds of it at 0.02 are 1,811.94.
test_dear if {
	some message in said(service("50Mi", {}), parameters)
	contains(message, "it is estimated at 1811.94 USD a month, of 100 that are allowed")
	contains(message, "expected-bytes-per-second\"] (50Mi)")
}

test_preference_keeps_it if {
	every value in ["PreferClose", "PreferSameZone", "PreferSameNode"] {
		said(service("50Mi", {"trafficDistribution": value}), parameters) == set()
	}
	count(said(service("50Mi", {"trafficDistribution": "Any"}), parameters)) == 1
}

test_unreadable if {
	every expected in ["", "fast", "50MiB/s", "-1", "1e9", 7, {"a": 1}] {
		some message in said(service(expected, {}), parameters)
		startswith(message, "expected traffic cannot be read")
	}
}

test_required if {
	judged := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
	said(judged, parameters) == set()
	some message in said(judged, object.union(parameters, {"require": "always"}))
	startswith(message, "expected traffic is not told")
}

test_what_was_made_before if {
	dear := service("50Mi", {})
	ready := object.union(dear, {"metadata": {"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}, "status": {}})
	count(rule.violation) == 0 with input as {"parameters": parameters, "review": {"operation": "UPDATE", "object": ready, "oldObject": dear}}
	count(rule.violation) == 1 with input as {"parameters": parameters, "review": {"operation": "UPDATE", "object": dear, "oldObject": service("1Mi", {})}}
	bare := {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
	always := object.union(parameters, {"require": "always"})
	count(rule.violation) == 0 with input as {"parameters": always, "review": {"operation": "UPDATE", "object": bare, "oldObject": bare}}
}
