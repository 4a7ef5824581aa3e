package lockgate.claims.admin_namespaces_test

import data.lockgate.claims.admin_namespaces as rule

asking := {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "adminAccess": true}}

claim(namespace, request) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c", "namespace": namespace},
	"spec": {"devices": {"requests": [request]}},
}

template := {
	"apiVersion": "resource.k8s.io/v1beta1",
	"kind": "ResourceClaimTemplate",
	"metadata": {"name": "t", "namespace": "team-a"},
	"spec": {"spec": {"devices": {"requests": [{"name": "gpu", "deviceClassName": "gpu.nvidia.com", "adminAccess": true}]}}},
}

found(judged, names) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": {"allowedNamespaces": names}}
}

test_named_namespaces_alone if {
	count(found(claim("team-a", asking), [])) == 1
	count(found(claim("team-a", asking), ["monitoring"])) == 1
	count(found(claim("monitoring", asking), ["monitoring"])) == 0
	count(found(template, [])) == 1
	count(found(template, ["team-a"])) == 0
}

test_without_parameters if {
	some violation in rule.violation with input as {"review": {"object": template}}
	startswith(violation.msg, "administrative access is asked for at spec.spec.devices.requests[0].adminAccess ")
	contains(violation.msg, "it may be asked for in: none")
}

test_the_request_says_where if {
	count({1 |
		some _ in rule.violation with input as {
			"review": {"object": object.remove(template, ["metadata"]), "namespace": "monitoring"},
			"parameters": {"allowedNamespaces": ["monitoring"]},
		}
	}) == 0

	# What the object says does not count then.
	some _ in rule.violation with input as {
		"review": {"object": claim("monitoring", asking), "namespace": "team-a"},
		"parameters": {"allowedNamespaces": ["monitoring"]},
	}
}

test_no_access_is_no_matter if {
	every value in [false, null] {
		count(found(claim("team-a", {"name": "g", "exactly": {"deviceClassName": "c", "adminAccess": value}}), [])) == 0
	}
	every value in ["false", "true", 0, {}] {
		count(found(claim("team-a", {"name": "g", "exactly": {"deviceClassName": "c", "adminAccess": value}}), [])) == 1
	}
}

test_an_update_that_leaves_it if {
	count({1 |
		some _ in rule.violation with input as {"review": {
			"operation": "UPDATE",
			"object": claim("team-a", asking),
			"oldObject": claim("team-a", asking),
		}}
	}) == 0
}

labelled(value) := {
	"apiVersion": "v1",
	"kind": "Namespace",
	"metadata": {"name": "team", "labels": {"resource.kubernetes.io/admin-access": value}},
}

opened(judged) if {
	some violation in rule.violation with input as {"review": judged, "parameters": {"allowedNamespaces": ["monitors"]}}
	startswith(violation.msg, "namespace is opened for administrative access at metadata.labels")
}

test_labels_of_namespaces if {
	opened({"object": labelled("true")})
	opened({"object": labelled("${ADMIN}")})
	opened({"object": labelled("true"), "oldObject": labelled("false"), "operation": "UPDATE"})
	not opened({"object": labelled("false")})
	not opened({"object": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}})
	not opened({"object": object.union(labelled("true"), {"metadata": {"name": "monitors"}})})
	not opened({"object": labelled("true"), "oldObject": labelled("true"), "operation": "UPDATE"})
}
