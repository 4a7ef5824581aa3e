package lockgate.claims.controller_fields_test

import data.lockgate.claims.controller_fields as rule

claim(fields) := object.union({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "c"}}, fields)

extended := claim({"metadata": {"annotations": {"resource.kubernetes.io/extended-resource-claim": "true"}}})

named := claim({"metadata": {"annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"}}})

owned := claim({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]}})

allocated := claim({"status": {"allocation": {"devices": {"results": []}}}})

devices := claim({"status": {"devices": [{"driver": "gpu.nvidia.com"}]}})

template := {
	"apiVersion": "resource.k8s.io/v1",
	"kind": "ResourceClaimTemplate",
	"metadata": {"name": "t"},
	"spec": {"metadata": {"annotations": {"resource.kubernetes.io/extended-resource-claim": "true"}}, "spec": {}},
}

found(judged, user, old) := {violation.msg |
	some violation in rule.violation with input as {
		"review": {"object": judged, "oldObject": old, "userInfo": {"username": user}},
		"parameters": {"drivers": ["driver"]},
	}
}

test_forged if {
	every judged in [extended, named, owned, allocated, devices, template] {
		count(found(judged, "mallory", null)) == 1
		count(found(judged, "system:kube-scheduler", null)) == 0
		count(found(judged, "system:serviceaccount:kube-system:resource-claim-controller", null)) == 0
	}
}

test_drivers_write_devices_only if {
	count(found(devices, "driver", null)) == 0
	count(found(allocated, "driver", null)) == 1
}

test_what_was_there_is_not_judged if {
	every judged in [extended, named, owned, allocated, devices] {
		count(found(judged, "mallory", judged)) == 0
		count(found(judged, "mallory", claim({}))) == 1
	}
}

test_honest_claims if {
	owner := claim({"metadata": {"ownerReferences": [{"kind": "Deployment", "name": "d"}], "annotations": {"a": "b"}}})
	every judged in [claim({}), owner] {
		count(found(judged, "mallory", null)) == 0
	}
}
