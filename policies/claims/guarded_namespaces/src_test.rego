package lockgate.claims.guarded_namespaces_test

import data.lockgate.claims.guarded_namespaces as rule

namespace(labels) := {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}}

found(labels, old, user) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {
		"review": {"object": namespace(labels), "oldObject": old, "userInfo": {"username": user}},
		"parameters": {"allowedUsers": ["admin"], "guardedLabels": ["tier"]},
	}
}

labels := [
	{"resource.kubernetes.io/admin-access": "true"}, {"admission.gatekeeper.sh/ignore": ""}, {"tier": "gold"},
]

test_setting if {
	every given in labels {
		found(given, null, "mallory") == {"guarded label is set"}
		found(given, namespace({}), "mallory") == {"guarded label is set"}
		found(given, null, "admin") == set()
		found(given, namespace(given), "mallory") == set()
	}
}

test_changing_and_removing if {
	every given in labels {
		found({}, namespace(given), "mallory") == {"guarded label is changed or removed"}
		found({}, namespace(given), "admin") == set()
	}
	found({"tier": "gold"}, namespace({"tier": "silver"}), "mallory") == {"guarded label is changed or removed"}
}

test_others if found({"team": "a"}, null, "mallory") == set()

test_no_labels if {
	count(rule.violation) == 0 with input as {
		"review": {"object": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}, "userInfo": {"username": "m"}},
		"parameters": {"allowedUsers": []},
	}
}
