package lockgate.observability.prometheus_access_test

import data.lockgate.observability.prometheus_access as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

of(spec) := {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": {"name": "p"}, "spec": spec}

running(args) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "p", "image": "prom/prometheus:v3.0.0", "args": args}]}}

test_fields if {
	found(of({"enableAdminAPI": true}), {}) == {"spec.enableAdminAPI"}
	every odd in [{"enableAdminAPI": false}, {"enableAdminAPI": null}, {}, null, "x", 7, {"additionalArgs": "x"}, {"additionalArgs": [7]}] {
		found(of(odd), {}) == set()
	}
	found(of({"additionalArgs": [{"name": "web.enable-admin-api"}, {"name": "web.enable-lifecycle", "value": "false"}]}), {"lifecycle": "refuse"}) == {"spec.additionalArgs.0"}
	found({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "spec": {"values": {"prometheus": {"prometheusSpec": {"enableAdminAPI": true}}}}}, {}) == {"spec.values.prometheus.prometheusSpec.enableAdminAPI"}
}

test_arguments if {
	found(running(["--config.file=/a", "--web.enable-admin-api"]), {}) == {"spec.containers.0.args.1"}
	found(running(["exec prometheus --web.enable-admin-api"]), {}) == {"spec.containers.0.args.0"}
	found(running(["--web.enable-admin-api=false", "--no-web.enable-admin-api", 7]), {}) == set()
	found(running(["--web.enable-lifecycle"]), {}) == set()
	found(running(["--web.enable-lifecycle"]), {"lifecycle": "refuse"}) == {"spec.containers.0.args.0"}
}

test_updates if {
	judged := of({"enableAdminAPI": true})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
