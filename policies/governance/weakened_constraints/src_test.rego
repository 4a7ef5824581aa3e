package lockgate.governance.weakened_constraints_test

import data.lockgate.governance.weakened_constraints as rule

constraint(spec, annotations) := {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K", "metadata": {"name": "k", "annotations": annotations}, "spec": spec}

found(review, parameters) := {concat(".", violation.details.path) |
	some violation in rule.violation with input as {"review": review, "parameters": parameters}
}

update(old, new) := found({"operation": "UPDATE", "object": constraint(new, {}), "oldObject": constraint(old, {})}, {})

test_actions if {
	every weaker in [["deny", "warn"], ["deny", "dryrun"], ["warn", "dryrun"], ["deny", "nothing"]] {
		update({"enforcementAction": weaker[0]}, {"enforcementAction": weaker[1]}) == {"spec.enforcementAction"}
	}
	every other in [["warn", "deny"], ["dryrun", "warn"], ["deny", "deny"], ["dryrun", "deny"]] {
		update({"enforcementAction": other[0]}, {"enforcementAction": other[1]}) == set()
	}
	update({}, {"enforcementAction": "dryrun"}) == {"spec.enforcementAction"}
	update({"enforcementAction": "warn"}, {}) == set()
}

scoped(action, points) := {"enforcementAction": "scoped", "scopedEnforcementActions": [{"action": action, "enforcementPoints": [{"name": name} | some name in points]}]}

test_points if {
	update(scoped("deny", ["validation.gatekeeper.sh", "audit.gatekeeper.sh"]), scoped("deny", ["audit.gatekeeper.sh"])) == {"spec.scopedEnforcementActions"}
	update(scoped("deny", ["audit.gatekeeper.sh"]), scoped("deny", ["audit.gatekeeper.sh", "gator.gatekeeper.sh"])) == set()
	update(scoped("warn", ["audit.gatekeeper.sh"]), scoped("deny", ["audit.gatekeeper.sh"])) == set()
	update(scoped("deny", ["audit.gatekeeper.sh"]), scoped("warn", ["audit.gatekeeper.sh"])) == {"spec.scopedEnforcementActions"}
}

test_matches if {
	update({"match": {}}, {"match": {"excludedNamespaces": ["prod"]}}) == {"spec.match.excludedNamespaces"}
	update({"match": {"excludedNamespaces": ["a", "b"]}}, {"match": {"excludedNamespaces": ["b"]}}) == set()
	update({}, {"match": {"namespaces": ["dev"]}}) == {"spec.match.namespaces"}
	update({"match": {"namespaces": ["dev", "prod"]}}, {"match": {"namespaces": ["dev"]}}) == {"spec.match.namespaces"}
	update({"match": {"namespaces": ["dev"]}}, {"match": {"namespaces": ["dev", "prod"]}}) == set()
	update({"match": {"namespaces": ["dev"]}}, {}) == set()
	update({}, {"match": {"labelSelector": {"matchLabels": {"a": "b"}}}}) == {"spec.match.labelSelector"}
	update({"match": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}, {}) == set()
}

kinds(names) := {"match": {"kinds": [{"apiGroups": ["apps"], "kinds": names}]}}

test_kinds if {
	update(kinds(["Deployment", "StatefulSet"]), kinds(["Deployment"])) == {"spec.match.kinds"}
	update(kinds(["Deployment"]), kinds(["Deployment", "StatefulSet"])) == set()
	update(kinds(["Deployment"]), kinds(["*"])) == set()
	update(kinds(["Deployment"]), {}) == set()
	update({}, kinds(["Deployment"])) == {"spec.match.kinds"}
}

weak(old_annotations, new_annotations) := {
	"operation": "UPDATE",
	"object": constraint({"enforcementAction": "dryrun"}, new_annotations), "oldObject": constraint({}, old_annotations),
}

test_exceptions if {
	named := {"lockgate.dev/exception": "EX-7"}
	found(weak({}, named), {}) == set()
	found(weak(named, named), {}) == {"spec.enforcementAction"}
	found(weak({}, {"lockgate.dev/exception": " "}), {}) == {"spec.enforcementAction"}
	found(weak({}, {"lockgate.dev/exception": 7}), {}) == {"spec.enforcementAction"}
	found(weak({}, named), {"exceptionPattern": "^EX-[0-9]+$"}) == set()
	found(weak({}, named), {"exceptionPattern": "^CHG[0-9]+$"}) == {"spec.enforcementAction"}
	found(weak({}, {"a/b": "x"}), {"exceptionAnnotation": "a/b"}) == set()
}

test_deletion if {
	removed(annotations) == {"metadata.name"}
	removed({"lockgate.dev/exception": "EX-7"}) == set()
	found({"operation": "DELETE", "oldObject": constraint({}, {})}, {"deletion": "allow"}) == set()
	found({"operation": "DELETE", "oldObject": {"apiVersion": "v1", "kind": "Pod"}}, {}) == set()
}

annotations := {}

removed(given) := found({"operation": "DELETE", "oldObject": constraint({}, given)}, {})

test_constraints_that_do_not_deny if {
	given := {"notDenying": "refuse"}
	found({"operation": "CREATE", "object": constraint({"enforcementAction": "dryrun"}, {})}, given) == {"spec.enforcementAction"}
	found({"operation": "CREATE", "object": constraint({"enforcementAction": "warn"}, {"lockgate.dev/exception": "EX-7"})}, given) == set()
	found({"operation": "CREATE", "object": constraint({}, {})}, given) == set()
	found({"object": constraint({"enforcementAction": "dryrun"}, {})}, {}) == set()
}

test_odd_shapes if {
	found({"operation": "CREATE", "object": {"apiVersion": 7, "kind": "K", "spec": {}}}, {"notDenying": "refuse"}) == set()
	every value in [null, "", [], {"match": null}, {"match": {"kinds": "x", "namespaces": 7}}] {
		update(value, value) == set()
	}
}
