package lockgate.claims.team_device_classes_test

import data.lockgate.claims.team_device_classes as rule

claim(class) := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaim",
	"metadata": {"name": "c", "namespace": "vision-dev"},
	"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": class}}]}},
}

pod(resource) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p", "namespace": "vision-dev"},
	"spec": {"containers": [{"name": "c", "resources": {"limits": {resource: 1}}}]},
}

said(judged, namespace, labels, grants) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {
		"review": {"object": judged, "namespace": namespace, "namespaceObject": {"metadata": {"labels": labels}}},
		"parameters": {"grants": grants},
	}
}

class_refused := "DeviceClass is not approved for the namespace"

vision := {"namespaceLabels": {"team": "vision"}, "allowedDeviceClasses": ["gpu.nvidia.com"], "allowedExtendedResources": ["nvidia.com/gpu"]}

speech := {"namespaces": ["speech-*", "shared"], "allowedDeviceClasses": ["tpu.google.com"]}

everyone := {"allowedDeviceClasses": ["small"]}

grants := [vision, speech, everyone]

rows := [
	["gpu.nvidia.com", "vision-dev", {"team": "vision"}, set()],
	["gpu.nvidia.com", "vision-dev", {"team": "speech"}, {class_refused}],
	["gpu.nvidia.com", "vision-dev", {}, {class_refused}],
	["gpu.nvidia.com", "speech-dev", {}, {class_refused}],
	["tpu.google.com", "speech-dev", {}, set()],
	["tpu.google.com", "speech", {}, {class_refused}],
	["tpu.google.com", "shared", {"team": "vision"}, set()],
	["small", "anywhere", {}, set()],
	["unheard", "vision-dev", {"team": "vision"}, {class_refused}],
]

test_classes_by_team if {
	every row in rows { said(claim(row[0]), row[1], row[2], grants) == row[3] }
}

test_both_must_hold if {
	both := [{"namespaces": ["a"], "namespaceLabels": {"team": "vision", "tier": "prod"}, "allowedDeviceClasses": ["x"]}]
	said(claim("x"), "a", {"team": "vision", "tier": "prod"}, both) == set()
	said(claim("x"), "a", {"team": "vision"}, both) == {class_refused}
	said(claim("x"), "b", {"team": "vision", "tier": "prod"}, both) == {class_refused}
}

test_nothing_is_granted_by_nothing if {
	said(claim("x"), "a", {"team": "vision"}, []) == {class_refused}
	said(claim("x"), "a", {"team": "vision"}, [{"namespaces": [], "allowedDeviceClasses": ["x"]}]) == {class_refused}
}

test_extended_resources if {
	said(pod("nvidia.com/gpu"), "v", {"team": "vision"}, grants) == set()
	said(pod("nvidia.com/gpu"), "speech-dev", {}, grants) == {"extended resource is not approved for the namespace"}
	said(pod("example.com/licence"), "speech-dev", {}, grants) == set()
	said(pod("deviceclass.resource.kubernetes.io/gpu.nvidia.com"), "speech-dev", {}, grants) == {class_refused}
}

# Engines that know no namespace: the object's own name of it, and no labels.
test_without_a_namespace_object if {
	granted := [{"namespaces": ["vision-*"], "allowedDeviceClasses": ["x"]}]
	count(rule.violation) == 0 with input as {"review": {"object": claim("x")}, "parameters": {"grants": granted}}
	count(rule.violation) == 1 with input as {"review": {"object": claim("gpu.nvidia.com"), "namespaceObject": {}}, "parameters": {"grants": grants}}
}

test_what_cannot_be_read_is_refused if {
	judged := object.union(claim("small"), {"spec": {"devices": {"requests": [{"name": "gpu", "someday": {}}]}}})
	count(said(judged, "a", {}, grants)) > 0
}
