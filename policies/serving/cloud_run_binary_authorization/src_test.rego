package lockgate.serving.cloud_run_binary_authorization_test

import data.lockgate.serving.cloud_run_binary_authorization as rule

connector(kind, spec) := {"apiVersion": "run.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "s"}, "spec": spec}

knative(annotations) := {
	"apiVersion": "serving.knative.dev/v1",
	"kind": "Service",
	"metadata": {"name": "s", "annotations": annotations},
	"spec": {},
}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_authorized if {
	every kind in ["RunService", "RunJob"] {
		said(connector(kind, {"binaryAuthorization": {"useDefault": true}}), {}) == set()
		said(connector(kind, {"binaryAuthorization": {"policy": "projects/p/platforms/cloudRun/strict"}}), {}) == set()
	}
	said(knative({"run.googleapis.com/binary-authorization": "default"}), {}) == set()
	said(knative({}), {}) == set() # a Service of a cluster
	said({"apiVersion": "v1", "kind": "Service", "spec": {}}, {}) == set()
}

# What is written, and what the message begins with.
missing := [
	[{}, "image is not put before Binary Authorization at spec.binaryAuthorization.useDefault (not set)"],
	[{"binaryAuthorization": {}}, "image is not put before Binary Authorization at spec.binaryAuthorization.useDefault (not set)"],
	[{"binaryAuthorization": null}, "image is not put before Binary Authorization at spec.binaryAuthorization (not set)"],
	[{"binaryAuthorization": "yes"}, "image is not put before Binary Authorization at spec.binaryAuthorization (yes)"],
	[{"binaryAuthorization": {"useDefault": false}}, "image is not put before Binary Authorization at spec.binaryAuthorization.useDefault (false)"],
	[{"binaryAuthorization": {"useDefault": "true"}}, "image is not put before Binary Authorization at spec.binaryAuthorization.useDefault (true)"],
	[{"binaryAuthorization": {"policy": ""}}, "image is not put before Binary Authorization at spec.binaryAuthorization.useDefault (not set)"],
]

test_missing if {
	every row in missing {
		found := said(connector("RunService", row[0]), {})
		count(found) == 1
		some message in found
		startswith(message, row[1])
		said(connector("RunService", row[0]), {"require": false}) == set()
	}
	some message in said(knative({"run.googleapis.com/ingress": "internal"}), {})
	endswith(message, "fix: set the annotation run.googleapis.com/binary-authorization to default")
}

test_broken_glass if {
	every value in ["incident 7", ["x"], 7, true] {
		spec := {"binaryAuthorization": {"useDefault": true, "breakglassJustification": value}}
		found := said(connector("RunJob", spec), {"require": false})
		count(found) == 1
		some message in found
		startswith(message, "Binary Authorization is bypassed at spec.binaryAuthorization.breakglassJustification")
	}
	annotations := {"run.googleapis.com/binary-authorization": "default", "run.googleapis.com/binary-authorization-breakglass": "x"}
	count(said(knative(annotations), {})) == 1
	said(connector("RunJob", {"binaryAuthorization": {"useDefault": true, "breakglassJustification": ""}}), {}) == set()
}

test_updates if {
	old := connector("RunService", {})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	before := knative({"run.googleapis.com/binary-authorization": "default"})
	after := knative({"run.googleapis.com/ingress": "all"})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": after, "oldObject": before}}
}
