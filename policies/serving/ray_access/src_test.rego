package lockgate.serving.ray_access_test

import data.lockgate.serving.ray_access as rule

cluster(spec) := {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"}, "spec": spec}

head(env) := {"headGroupSpec": {"template": {"spec": {"containers": [{"name": "ray-head", "env": env}]}}}}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

token := {"authOptions": {"mode": "token"}}

test_token if {
	said(cluster(token), {}) == set()
	said(cluster(head([{"name": "RAY_AUTH_MODE", "value": "token"}])), {}) == set()
	said(cluster({"authOptions": {"mode": "${MODE}"}}), {}) == set()
	said(cluster({}), {"requireAuth": false}) == set()
	said({"apiVersion": "example.com/v1", "kind": "RayCluster", "spec": {}}, {}) == set()
	said({"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"clusterSelector": {"ray.io/cluster": "r"}}}, {}) == set()
}

# A spec, and where the message is.
without := [
	[{}, "spec.authOptions.mode (not set)"],
	[{"authOptions": {}}, "spec.authOptions.mode (not set)"],
	[{"authOptions": {"mode": "disabled"}}, "spec.authOptions.mode (disabled)"],
	[{"authOptions": {"mode": "Token"}}, "spec.authOptions.mode (Token)"],
	[{"authOptions": {"mode": ["token"]}}, "spec.authOptions.mode (a value of type array)"],
	[{"authOptions": null}, "spec.authOptions (not set)"],
	[{"authOptions": "token"}, "spec.authOptions (token)"],
	["x", "spec (x)"],
]

test_anybody if {
	every row in without {
		found := said(cluster(row[0]), {})
		count(found) == 1
		some message in found
		startswith(message, concat(" at ", ["Ray takes jobs from anybody", row[1]]))
	}
	job := {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"rayClusterSpec": {}}}
	some message in said(job, {})
	contains(message, " at spec.rayClusterSpec.authOptions.mode (")
}

test_tls if {
	parameters := {"requireTLS": true}
	said(cluster(object.union(token, {"tlsOptions": {}})), parameters) == set()
	said(cluster(object.union(token, head([{"name": "RAY_USE_TLS", "value": "1"}]))), parameters) == set()
	every spec in [token, object.union(token, {"tlsOptions": null}), object.union(token, head([{"name": "RAY_USE_TLS", "value": "0"}]))] {
		found := said(cluster(spec), parameters)
		count(found) == 1
		some message in found
		startswith(message, "Ray talks in the clear at spec.tlsOptions (not set)")
	}
}

test_network_policy if {
	parameters := {"requireNetworkPolicy": true}
	every mode in ["DenyAll", "DenyAllIngress", "${MODE}"] {
		said(cluster(object.union(token, {"networkPolicy": {"mode": mode}})), parameters) == set()
	}
	every policy in [null, {}, "x", {"mode": "DenyAllEgress"}, {"mode": 7}] {
		some message in said(cluster(object.union(token, {"networkPolicy": policy})), parameters)
		startswith(message, "Ray is open to every pod at spec.networkPolicy.mode (")
	}
}

test_secrets if {
	every spec in [
		{"gcsFaultToleranceOptions": {"redisPassword": {"value": "hunter2"}}},
		{"gcsFaultToleranceOptions": {"redisPassword": {"value": 7}}},
		{"headGroupSpec": {"rayStartParams": {"redis-password": "hunter2"}}},
		head([{"name": "RAY_AUTH_TOKEN", "value": "hunter2"}]),
		{"workerGroupSpecs": [{"template": {"spec": {"containers": [{"env": [{"name": "RAY_REDIS_PASSWORD", "value": "hunter2"}]}]}}}]},
	] {
		found := said(cluster(spec), {"requireAuth": false})
		count(found) == 1
		some message in found
		startswith(message, "secret is written out at spec.")
		not contains(message, "hunter2")
	}
	every spec in [
		{"gcsFaultToleranceOptions": {"redisPassword": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}}},
		{"headGroupSpec": {"rayStartParams": {"redis-password": "$REDIS_PASSWORD"}}},
		{"headGroupSpec": {"rayStartParams": {"redis-password": ""}}},
		head([{"name": "RAY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
		head([7]),
	] {
		said(cluster(spec), {"requireAuth": false}) == set()
	}
}

test_updates if {
	old := cluster({})
	marked := object.union(old, {"status": {"state": "ready"}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	new := cluster({"rayVersion": "2.52.0"})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}
}
