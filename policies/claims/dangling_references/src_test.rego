package lockgate.claims.dangling_references_test

import data.lockgate.claims.dangling_references as rule

inventory := {
	"cluster": {
		"resource.k8s.io/v1": {"DeviceClass": {"gpu": {}}},
		"example.com/v1": {"DeviceClass": {"impostor": {}}},
	},
	"namespace": {
		"team-a": {
			"resource.k8s.io/v1": {"ResourceClaim": {"shared": {}}},
			"resource.k8s.io/v1beta1": {"ResourceClaimTemplate": {"one-gpu": {}}},
		},
		"team-b": {"resource.k8s.io/v1": {"ResourceClaim": {"theirs": {}}, "ResourceClaimTemplate": {"theirs": {}}}},
	},
}

messages(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged, "namespace": "team-a"}, "parameters": parameters}
		with data.inventory as inventory
}

pod(field, name) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p"},
	"spec": {
		"resourceClaims": [{"name": "gpu", field: name}],
		"containers": [{"name": "c", "image": "i", "resources": {"claims": [{"name": "gpu"}]}}],
	},
}

claim(class) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c"},
	"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": class}}]}},
}

says(judged, text) if {
	[message] := [message | some message in messages(judged, {})]
	contains(message, text)
}

test_what_exists_is_allowed if {
	every judged in [pod("resourceClaimName", "shared"), pod("resourceClaimTemplateName", "one-gpu"), claim("gpu")] {
		count(messages(judged, {})) == 0
	}
}

test_what_does_not_exist_is_told if {
	says(pod("resourceClaimName", "gone"), "ResourceClaim does not exist in namespace team-a at spec.resourceClaims[0].resourceClaimName (gone)")
	says(pod("resourceClaimTemplateName", "gone"), "ResourceClaimTemplate does not exist in namespace team-a")
	says(claim("gone"), "DeviceClass does not exist at spec.devices.requests[0].exactly.deviceClassName (gone)")
}

test_what_exists_elsewhere_or_is_something_else_does_not_exist if {
	says(pod("resourceClaimName", "theirs"), "ResourceClaim does not exist")
	says(pod("resourceClaimName", "one-gpu"), "ResourceClaim does not exist")
	says(pod("resourceClaimTemplateName", "shared"), "ResourceClaimTemplate does not exist")
	says(claim("impostor"), "DeviceClass does not exist")
}

test_workloads if {
	deployment := {
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
		"spec": {"template": {"spec": pod("resourceClaimTemplateName", "gone").spec}},
	}
	says(deployment, "at spec.template.spec.resourceClaims[0].resourceClaimTemplateName (gone)")
}

test_a_resource_that_names_a_class if {
	resources := {"limits": {"deviceclass.resource.kubernetes.io/gone": 1}}
	asking := {
		"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
		"spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]},
	}
	says(asking, "DeviceClass does not exist")
}

test_classes_may_be_left_alone if {
	count(messages(claim("gone"), {"unknownClasses": "allow"})) == 0
	count(messages(pod("resourceClaimName", "gone"), {"unknownClasses": "allow"})) == 1
}

test_the_namespace_is_that_of_the_object_where_the_request_has_none if {
	judged := object.union(pod("resourceClaimName", "theirs"), {"metadata": {"namespace": "team-b"}})
	count(rule.violation) == 0 with input as {"review": {"object": judged}} with data.inventory as inventory
}

test_without_an_inventory_nothing_exists if {
	count(rule.violation) == 1 with input as {"review": {"object": pod("resourceClaimName", "shared")}}
}

test_the_end_of_an_object_is_let_through if {
	count(rule.violation) == 0 with input as {"review": {"object": claim("gone"), "operation": "DELETE"}} with data.inventory as inventory
}

test_what_is_gone_keeps_nobody_from_an_update if {
	old := pod("resourceClaimTemplateName", "gone")
	new := object.union(old, {"metadata": {"labels": {"a": "b"}}})
	review := {"operation": "UPDATE", "object": new, "oldObject": old}
	count(rule.violation) == 0 with input as {"review": review} with data.inventory as inventory
}
