package lockgate.claims.admin_access_test

import data.lockgate.claims.admin_access as rule

request(version, holder) := {
	"apiVersion": sprintf("resource.k8s.io/%s", [version]),
	"kind": "ResourceClaim",
	"metadata": {"name": "c"},
	"spec": {"devices": {"requests": [holder]}},
}

flat := {"name": "gpu", "deviceClassName": "gpu.nvidia.com", "adminAccess": true}

split_form := {"name": "gpu", "exactly": {"deviceClassName": "gpu.nvidia.com", "adminAccess": true}}

template := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaimTemplate",
	"metadata": {"name": "t"},
	"spec": {"spec": {"devices": {"requests": [split_form]}}},
}

denied(judged, user) if {
	some violation in rule.violation with input as {
		"review": {"object": judged, "userInfo": {"username": user}},
		"parameters": {"allowedUsers": ["monitor"]},
	}
	startswith(violation.msg, "administrative access is not allowed to this account at ")
}

test_every_version_and_shape if {
	every judged in [
		request("v1alpha3", flat), request("v1beta1", flat), request("v1beta2", split_form), request("v1", split_form),
		request("v1", flat), request("v1beta1", split_form), template,
	] {
		denied(judged, "mallory")
		not denied(judged, "monitor")
	}
}

test_controllers_make_claims_only if {
	controller := "system:serviceaccount:kube-system:resource-claim-controller"
	not denied(request("v1", split_form), controller)
	denied(template, controller)
}

test_no_access_is_no_matter if {
	every value in [false, null] {
		not denied(request("v1", {"name": "g", "exactly": {"deviceClassName": "c", "adminAccess": value}}), "mallory")
	}
	denied(request("v1", {"name": "g", "exactly": {"deviceClassName": "c", "adminAccess": "false"}}), "mallory")
}

test_unknown_user if {
	some violation in rule.violation with input as {"review": {"object": template}, "parameters": {"allowedUsers": ["monitor"]}}
	contains(violation.msg, "(nobody that is known)")
}
