package lockgate.claims.unused_claims_test

import data.lockgate.claims.unused_claims as rule

spec(field, name) := {"resourceClaims": [{"name": "gpu", field: name}], "containers": [{"name": "c", "image": "i"}]}

inventory := {"namespace": {
	"team-a": {
		"v1": {"Pod": {
			"p": {"apiVersion": "v1", "kind": "Pod", "spec": spec("resourceClaimName", "shared")},
			"q": {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": []}},
		}},
		"apps/v1": {"Deployment": {"d": {
			"apiVersion": "apps/v1", "kind": "Deployment",
			"spec": {"template": {"spec": spec("resourceClaimTemplateName", "one-gpu")}},
		}}},
	},
	"team-b": {"v1": {"Pod": {"p": {"apiVersion": "v1", "kind": "Pod", "spec": spec("resourceClaimName", "theirs")}}}},
}}

made(kind, name) := {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": name}}

messages(judged, more) := {violation.msg |
	some violation in rule.violation with input as {"review": object.union({"object": judged, "namespace": "team-a"}, more)}
		with data.inventory as inventory
}

says(judged, text) if {
	[message] := [message | some message in messages(judged, {})]
	contains(message, text)
}

quiet(judged) if messages(judged, {}) == set()

test_what_is_named_is_used if {
	quiet(made("ResourceClaim", "shared"))
	quiet(made("ResourceClaimTemplate", "one-gpu"))
}

test_what_nothing_names_is_not if {
	says(made("ResourceClaim", "left"), "no workload in namespace team-a uses this ResourceClaim at metadata.name (left)")
	says(made("ResourceClaimTemplate", "left"), "(resourceClaimTemplateName)")
}

test_a_claim_is_no_template_and_others_are_elsewhere if {
	says(made("ResourceClaim", "one-gpu"), "ResourceClaim")
	says(made("ResourceClaimTemplate", "shared"), "ResourceClaimTemplate")
	says(made("ResourceClaim", "theirs"), "team-a")
}

test_what_is_reserved_or_owned_is_left_alone if {
	quiet(object.union(made("ResourceClaim", "left"), {"status": {"reservedFor": [{"resource": "pods", "name": "p"}]}}))
	quiet(object.union(made("ResourceClaim", "left"), {"metadata": {"ownerReferences": [{"kind": "Pod", "name": "p"}]}}))
	says(object.union(made("ResourceClaim", "left"), {"status": {"reservedFor": []}}), "uses this")
}

test_requests_are_not_judged if {
	messages(made("ResourceClaim", "left"), {"uid": "1f0e"}) == set()
	count(messages(made("ResourceClaim", "left"), {"uid": ""})) == 1
}

test_other_kinds if {
	quiet(made("DeviceClass", "left"))
	quiet({"apiVersion": "example.com/v1", "kind": "ResourceClaim", "metadata": {"name": "left"}})
}

test_the_namespace_is_that_of_the_object_where_the_request_has_none if {
	theirs := object.union(made("ResourceClaim", "theirs"), {"metadata": {"namespace": "team-b"}})
	count(rule.violation) == 0 with input as {"review": {"object": theirs}} with data.inventory as inventory
	count(rule.violation) == 1 with input as {"review": {"object": made("ResourceClaim", "theirs")}} with data.inventory as inventory
}

test_templates_may_wait if {
	offered := made("ResourceClaimTemplate", "left")
	count(rule.violation) == 0 with input as {"review": {"object": offered}, "parameters": {"unusedTemplates": "allow"}} with data.inventory as inventory
	left := made("ResourceClaim", "left")
	count(rule.violation) == 1 with input as {"review": {"object": left}, "parameters": {"unusedTemplates": "allow"}} with data.inventory as inventory
}
