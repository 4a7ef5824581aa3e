package lockgate.governance.model_buckets_test

import data.lockgate.governance.model_buckets as rule

found(judged, parameters) := {concat(".", [sprintf("%v", [one]) | some one in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

open := {"require": []}

google(spec, annotations) := {"apiVersion": "storage.cnrm.cloud.google.com/v1beta1", "kind": "StorageBucket", "metadata": {"name": "models-prod", "annotations": annotations}, "spec": spec}

amazon(spec) := {"apiVersion": "s3.services.k8s.aws/v1alpha1", "kind": "Bucket", "metadata": {"name": "models-prod"}, "spec": object.union({"name": "models-prod"}, spec)}

good := {"versioning": {"enabled": true}, "uniformBucketLevelAccess": true, "publicAccessPrevention": "enforced"}

test_google if {
	found(google(good, {}), {}) == set()
	found(google({}, {}), {}) == {"spec.versioning.enabled", "spec.uniformBucketLevelAccess", "spec.publicAccessPrevention"}
	found(google({}, {}), open) == set()
	found(google({}, {}), {"require": ["versioning"]}) == {"spec.versioning.enabled"}
	found(google(object.union(good, {"versioning": {"enabled": false}}), {}), {}) == {"spec.versioning.enabled"}
	found(google(object.union(good, {"versioning": "odd"}), {}), {}) == {"spec.versioning.enabled"}
	found(google(object.union(good, {"uniformBucketLevelAccess": "${UNIFORM}"}), {}), {}) == set()
	found(google(object.union(good, {"publicAccessPrevention": "inherited"}), {}), open) == {"spec.publicAccessPrevention"}
	found(google(null, {}), open) == set()
}

test_force_destroy if {
	name := "cnrm.cloud.google.com/force-destroy"
	found(google(good, {name: "true"}), {}) == {concat(".", ["metadata.annotations", name])}
	found(google(good, {name: "false"}), {}) == set()
	found(google(good, {name: "True"}), open) == {concat(".", ["metadata.annotations", name])}
}

closed := {
	"versioning": {"status": "Enabled"}, "ownershipControls": {"rules": [{"objectOwnership": "BucketOwnerEnforced"}]},
	"publicAccessBlock": {"blockPublicACLs": true, "blockPublicPolicy": true, "ignorePublicACLs": true, "restrictPublicBuckets": true},
}

test_amazon if {
	found(amazon(closed), {}) == set()
	found(amazon({}), open) == set()
	found(amazon({}), {}) == {"spec.versioning.status"}
	found(amazon(object.union(closed, {"ownershipControls": {"rules": [{"objectOwnership": "ObjectWriter"}]}})), {}) == {"spec.ownershipControls.rules.0.objectOwnership"}
	count(found(amazon({"versioning": {"status": "Enabled"}, "publicAccessBlock": {}}), {})) == 4
	found(amazon(object.union(closed, {"versioning": {"status": "Suspended"}})), {}) == {"spec.versioning.status"}
	found(amazon(object.union(closed, {"acl": "public-read"})), {}) == {"spec.acl"}
	found(amazon({"acl": "private"}), open) == set()
	found(amazon({"grantRead": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}), open) == {"spec.grantRead"}
	found(amazon(object.union(closed, {"publicAccessBlock": object.union(closed.publicAccessBlock, {"blockPublicPolicy": false})})), {}) == {"spec.publicAccessBlock.blockPublicPolicy"}
	found(amazon({"website": {"indexDocument": {"suffix": "index.html"}}}), open) == {"spec.website"}
}

statement(principal, more) := json.marshal({"Version": "2012-10-17", "Statement": [object.union({"Effect": "Allow", "Action": "s3:GetObject", "Principal": principal}, more)]})

test_policies if {
	every principal in ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::111122223333:root", "*"]}] {
		found(amazon({"policy": statement(principal, {})}), open) == {"spec.policy"}
	}
	found(amazon({"policy": statement("*", {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}})}), open) == set()
	found(amazon({"policy": statement("*", {"Effect": "Deny"})}), open) == set()
	every policy in ["", "not json", "[]", `{"Statement": "x"}`, 7] {
		found(amazon({"policy": policy}), open) == set()
	}
}

test_names if {
	found(google({}, {}), {"buckets": ["models-"]}) != set()
	found(google({}, {}), {"buckets": ["logs-"]}) == set()
	found(google({"resourceID": "logs-1"}, {}), {"buckets": ["logs-"]}) != set()
}

test_updates if {
	old := google({}, {})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": old}}
	count(rule.violation) > 0 with input as {"review": {"operation": "UPDATE", "object": google({}, {"cnrm.cloud.google.com/force-destroy": "true"}), "oldObject": old}}
}
