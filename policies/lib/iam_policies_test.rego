package lib.lockgate.iam_policies_test

import data.lib.lockgate.iam_policies

role(spec) := {"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": "Role", "metadata": {"name": "r"}, "spec": spec}

found(object) := documents if {
	documents := iam_policies.documents with input as {"review": {"object": object}}
}

trust(text) := document.statements if {
	some document in found(role({"assumeRolePolicyDocument": text}))
}

test_places if {
	text := `{"Statement": []}`
	[[document.use, document.path] | some document in found(role({"assumeRolePolicyDocument": text, "inlinePolicies": {"a": text, "b": text}}))] == [
		["trust", ["spec", "assumeRolePolicyDocument"]], ["identity", ["spec", "inlinePolicies", "a"]], ["identity", ["spec", "inlinePolicies", "b"]],
	]
	every name, field in {"ecr.services.k8s.aws/Repository": "policy", "iam.services.k8s.aws/Policy": "policyDocument", "kms.services.k8s.aws/Key": "policy"} {
		[group, kind] := split(name, "/")
		count(found({"apiVersion": sprintf("%s/v1alpha1", [group]), "kind": kind, "spec": {field: text}})) == 1
	}
	every spec in [null, 7, {}, {"assumeRolePolicyDocument": null}, {"assumeRolePolicyDocument": ""}, {"assumeRolePolicyDocument": 7}, {"inlinePolicies": 7}, {"inlinePolicies": {"a": null}}] {
		found(role(spec)) == []
	}
}

test_readable if {
	every text, expected in {"{]": false, "words": false, `[]`: false, "${POLICY}": true, "{}": true, `{"Statement": [{"Action": ["a",]}]}`: true} {
		[document.readable | some document in found(role({"assumeRolePolicyDocument": text}))] == [expected]
	}
}

test_statements if {
	trust(`{"Statement": {"Effect": "Allow", "Action": "S3:Get*", "Resource": "*", "Principal": "*"}}`) == [{
		"allows": true, "actions": {"s3:get*"}, "resources": {"*"}, "principals": {"*"}, "federated": false, "conditioned": false,
	}]
	trust(`{"statement": [{"effect": "Deny", "notaction": "a:B", "NotResource": ["x"], "Principal": {"AWS": ["1", "2"], "Federated": "f"}, "Condition": {"Bool": {}}}]}`) == [{
		"allows": false, "actions": {"*"}, "resources": {"*"}, "principals": {"1", "2", "f"}, "federated": true, "conditioned": true,
	}]
	trust(`{"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Condition": {}}]}`) == [{
		"allows": true, "actions": set(), "resources": set(), "principals": {"*"}, "federated": false, "conditioned": false,
	}]
	every statement in [`null`, `7`, `"x"`, `[null]`, `{"Effect": 7, "Action": {"a": 1}, "Principal": 7, "Condition": 7}`] {
		[one.allows | some one in trust(sprintf(`{"Statement": [%s]}`, [statement]))] == [false]
	}
	trust(`{"Version": "2012-10-17"}`) == []
}
