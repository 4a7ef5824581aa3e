package lockgate.serving.lambda_code_test

import data.lockgate.serving.lambda_code as rule

made(kind, spec) := {"apiVersion": "lambda.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {"name": "f"}, "spec": spec}

function(fields) := made("Function", object.union({"runtime": "python3.13", "code": {"s3Bucket": "b", "s3Key": "k.zip", "s3ObjectVersion": "v"}}, fields))

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_pinned if {
	said(function({}), {}) == set()
	said(function({"code": {"s3ObjectVersion": "${VERSION}"}}), {}) == set()
	said(function({"code": {"s3ObjectVersion": "", "sha256": "abc="}}), {}) == set()
	said(made("Function", {"packageType": "Image", "code": {"imageURI": "x@sha256:00"}}), {}) == set()
	said(made("Function", {"code": null}), {}) == set()
	said({"apiVersion": "example.com/v1", "kind": "Function", "spec": {"code": {"s3Key": "x"}}}, {}) == set()
}

test_not_pinned if {
	every version in ["", " ", null, 7, ["v"]] {
		found := said(function({"code": {"s3ObjectVersion": version}}), {})
		count(found) == 1
		some message in found
		startswith(message, "archive of the function is not pinned at spec.code.s3Key (k.zip)")
		said(function({"code": {"s3ObjectVersion": version}}), {"requirePinned": false}) == set()
	}
	count(said(made("Function", {"code": {"s3Key": 7}}), {})) == 1
}

test_signing if {
	parameters := {"requireSigning": true}
	said(function({"codeSigningConfigARN": "arn:aws:lambda:x"}), parameters) == set()
	said(function({"codeSigningConfigRef": {"from": {"name": "c"}}}), parameters) == set()
	said(made("Function", {"packageType": "Image"}), parameters) == set()
	said(made("Function", {"code": {"imageURI": "x@sha256:00"}}), parameters) == set()
	every fields in [{}, {"codeSigningConfigARN": ""}, {"codeSigningConfigRef": {}}, {"codeSigningConfigARN": 7}] {
		some message in said(function(fields), parameters)
		startswith(message, "code of the function need not be signed at spec.codeSigningConfigARN (not set)")
	}
}

policy(value) := made("CodeSigningConfig", {"codeSigningPolicies": {"untrustedArtifactOnDeployment": value}})

test_signing_configurations if {
	said(policy("Enforce"), {}) == set()
	said(policy("$POLICY"), {}) == set()
	every value in ["Warn", "enforce", null, 7] {
		some message in said(policy(value), {})
		startswith(message, "code signing refuses nothing at spec.codeSigningPolicies.untrustedArtifactOnDeployment (")
	}
	count(said(made("CodeSigningConfig", {}), {})) == 1
}

test_runtimes if {
	every value in ["python3.9", "Python3.9", "nodejs18.x", "go1.x", "provided"] {
		some message in said(function({"runtime": value}), {})
		startswith(message, "runtime is not mended any more at spec.runtime (")
	}
	every value in ["python3.14", "provided.al2023", "$RUNTIME", null, 7] {
		said(function({"runtime": value}), {}) == set()
	}
	said(function({"runtime": "python3.9"}), {"unsupportedRuntimes": []}) == set()
	count(said(function({"runtime": "python3.13"}), {"unsupportedRuntimes": ["python3.13"]})) == 1
}

test_aliases if {
	said(made("Alias", {"functionVersion": "7"}), {}) == set()
	said(made("Alias", {"functionVersion": "$FUNCTION_VERSION"}), {}) == set()
	some message in said(made("Alias", {"functionVersion": "$LATEST"}), {})
	startswith(message, "alias follows whatever is newest at spec.functionVersion ($LATEST)")
}

test_updates if {
	old := function({"runtime": "python3.9"})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	new := function({"runtime": "python3.9", "timeout": 9})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": new, "oldObject": old}}
}
