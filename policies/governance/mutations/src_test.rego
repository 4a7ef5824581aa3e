package lockgate.governance.mutations_test

import data.lockgate.governance.mutations as rule

of(kind, spec) := {"apiVersion": "mutations.gatekeeper.sh/v1", "kind": kind, "metadata": {"name": "m"}, "spec": spec}

found(judged, parameters) := {concat(".", violation.details.path) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_locations if {
	every location in [
		"spec.containers[name: *].image", `spec."containers"[name:server].image`, "spec.predictor.model.storageUri", "spec.containers[name: *].args", "spec.containers[name: *].env[name: A].value",
		`spec.template.spec.containers[name: "a.b"].command`, 7, null, {},
	] {
		found(of("Assign", {"location": location}), {}) == {"spec.location"}
	}
	found(of("ModifySet", {"location": "spec.containers[name: *].args"}), {}) == {"spec.location"}
	every location in [
		"spec.containers[name: *].imagePullPolicy", "spec.securityContext.seccompProfile", "spec.containers[name: image].resources", "spec.trafficDistribution", "",
	] {
		found(of("Assign", {"location": location}), {}) == set()
	}
}

test_images if {
	found(of("AssignImage", {"parameters": {"assignTag": ":v2"}}), {"domains": "allow"}) == {"spec.parameters"}
	found(of("AssignImage", {"parameters": {"assignDomain": "mirror.example.com"}}), {}) == {"spec.parameters"}
	found(of("AssignImage", {"parameters": {"assignDomain": "mirror.example.com"}}), {"domains": "allow"}) == set()
	found(of("AssignImage", {"parameters": {"assignDomain": "mirror.example.com", "assignPath": "other"}}), {"domains": "allow"}) == {"spec.parameters"}
	found(of("AssignImage", {}), {"domains": "allow"}) == {"spec.parameters"}
}

test_further_fields if {
	judged := of("Assign", {"location": "spec.serviceAccountName"})
	found(judged, {}) == set()
	found(judged, {"fields": ["serviceAccountName"]}) == {"spec.location"}
}

test_others if {
	found(of("AssignMetadata", {"location": "metadata.labels.env"}), {}) == set()
	found(of("Assign", null), {}) == set()
	judged := of("AssignImage", {})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
}
