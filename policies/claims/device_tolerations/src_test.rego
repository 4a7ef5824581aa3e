package lockgate.claims.device_tolerations_test

import data.lockgate.claims.device_tolerations as rule

claim(tolerations) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c"},
	"spec": {"devices": {"requests": [{"name": "gpu", "firstAvailable": [{
		"name": "a",
		"deviceClassName": "gpu.nvidia.com",
		"tolerations": tolerations,
	}]}]}},
}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

every_taint := "every taint of devices is tolerated"

failing := "taint of failing devices is tolerated"

other := "taint of devices may not be tolerated"

unread := "the tolerations are no list"

long := "NoExecute is tolerated for too long"

rows := [
	[[], {}, set()],
	[[{"operator": "Exists"}], {}, {every_taint}],
	[[{"key": "", "operator": "Exists"}], {"allowedKeys": ["a/b"]}, {every_taint}],
	[[{"key": null, "operator": "Exists"}], {}, {every_taint}],
	[["x"], {}, {"the toleration is no object"}],
	["x", {}, {unread}],
	[[{"key": "a/b", "operator": "Exists"}], {}, {other}],
	[[{"key": "a/b", "operator": "Exists"}], {"allowedKeys": ["a/b"]}, set()],
	[[{"key": "gpu.nvidia.com/xid", "operator": "Exists"}], {"allowedKeys": ["a/b"]}, {failing}],
	[[{"key": "gpu.nvidia.com/xid", "operator": "Exists"}], {"allowedKeys": ["gpu.nvidia.com/xid"]}, set()],
	[[{"key": "vendor/sick", "operator": "Exists"}], {"healthKeys": ["vendor/sick"]}, {failing}],
	[[{"key": "a/b", "effect": "NoExecute"}], {"allowedKeys": ["a/b"], "maxTolerationSeconds": 300}, {long}],
	[[{"key": "a/b"}], {"allowedKeys": ["a/b"], "maxTolerationSeconds": 300}, {long}],
	[[{"key": "a/b", "tolerationSeconds": 301}], {"allowedKeys": ["a/b"], "maxTolerationSeconds": 300}, {long}],
	[[{"key": "a/b", "tolerationSeconds": 300}], {"allowedKeys": ["a/b"], "maxTolerationSeconds": 300}, set()],
	[[{"key": "a/b", "effect": "NoSchedule"}], {"allowedKeys": ["a/b"], "maxTolerationSeconds": 300}, set()],
]

test_tolerations if {
	every row in rows {
		said(claim(row[0]), row[1]) == row[2]
	}
}

taint_rule(selector, effect) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "DeviceTaintRule",
	"metadata": {"name": "r"},
	"spec": {"deviceSelector": selector, "taint": {"key": "a/b", "effect": effect}},
}

test_taint_rules if {
	said(taint_rule({}, "NoExecute"), {}) == {"a rule taints every device and evicts their pods"}
	said(taint_rule({}, "None"), {}) == set()
	said(taint_rule({"driver": "gpu.nvidia.com"}, "NoExecute"), {}) == set()
}

test_what_cannot_be_read if {
	judged := {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "spec": {"devices": {"requests": [{"name": "gpu", "someday": {}}]}}}
	count(said(judged, {})) > 0
	said(judged, {"unreadable": "allow"}) == set()
}
