package lockgate.serving.sagemaker_approval_test

import data.lockgate.serving.sagemaker_approval as rule

made(kind, spec) := {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {"name": "m"}, "spec": spec}

package_of(fields) := made("ModelPackage", object.union({"modelPackageGroupName": "churn"}, fields))

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_allowed if {
	every fields in [
		{},
		{"modelApprovalStatus": "PendingManualApproval"},
		{"modelApprovalStatus": "Rejected"},
		{"modelApprovalStatus": ""},
		{"modelApprovalStatus": "${STATUS}"},
		{"modelPackageGroupName": "${GROUP}"},
	] {
		said(package_of(fields), {}) == set()
	}
	said(package_of({"modelApprovalStatus": "Approved"}), {"allowApproved": true}) == set()
	said(made("Model", {"primaryContainer": {"modelDataURL": "s3://a/b"}}), {}) == set()
	said({"apiVersion": "example.com/v1", "kind": "ModelPackage", "spec": {"modelApprovalStatus": "Approved"}}, {}) == set()
}

test_approves_itself if {
	every value in ["Approved", "approved", "APPROVED"] {
		found := said(package_of({"modelApprovalStatus": value}), {})
		count(found) == 1
		some message in found
		startswith(message, "manifest approves its own model at spec.modelApprovalStatus (")
	}
}

test_unknown_status if {
	every value in ["Yes", 7, true, ["Approved"]] {
		found := said(package_of({"modelApprovalStatus": value}), {})
		count(found) == 1
		some message in found
		startswith(message, "status of the package is unknown at spec.modelApprovalStatus (")
	}
}

test_no_group if {
	every value in [null, "", 7] {
		some message in said(package_of({"modelPackageGroupName": value}), {})
		startswith(message, "package has no versions at spec.modelPackageGroupName (")
	}
	count(said(made("ModelPackage", {}), {})) == 1
}

test_metrics if {
	parameters := {"requireMetrics": true}
	said(package_of({"modelMetrics": {"modelQuality": {"statistics": {"s3URI": "s3://a/b.json"}}}}), parameters) == set()
	every metrics in [null, "x", {}, {"modelQuality": {"statistics": {"s3URI": ""}}}, {"bias": {"report": {"s3URI": "s3://a"}}}] {
		some message in said(package_of({"modelMetrics": metrics}), parameters)
		startswith(message, "package names no measurements at spec.modelMetrics.modelQuality.statistics.s3URI (")
	}
}

arn := "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/14"

test_models_of_packages if {
	parameters := {"requirePackage": true}
	said(made("Model", {"primaryContainer": {"modelPackageName": arn}}), parameters) == set()
	said(made("Model", {"containers": [{"modelPackageName": arn}, {"modelPackageName": "$PACKAGE"}]}), parameters) == set()
	every value in [null, "churn", trim_suffix(arn, "/14"), concat("", [arn, "/x"]), 7] {
		found := said(made("Model", {"primaryContainer": {"modelPackageName": value}}), parameters)
		count(found) == 1
		some message in found
		startswith(message, "model is not of a package at spec.primaryContainer.modelPackageName (")
	}
	some message in said(made("Model", {"containers": [{"modelPackageName": arn}, {"modelDataURL": "s3://a/b"}]}), parameters)
	startswith(message, "model is not of a package at spec.containers[1].modelPackageName (not set)")
	some other in said(made("Model", {"containers": [{"modelPackageName": arn, "modelDataURL": "s3://a/b"}]}), parameters)
	startswith(other, "model brings an archive beside its package at spec.containers[0].modelDataURL (s3://a/b)")
	count(said(made("Model", {"primaryContainer": "x"}), parameters)) == 1
}

test_updates if {
	pending := package_of({"modelApprovalStatus": "PendingManualApproval"})
	approved := package_of({"modelApprovalStatus": "Approved"})
	marked := object.union(approved, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": approved}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": approved, "oldObject": pending}}
}
