package lockgate.identity.public_grants_test

import data.lockgate.identity.public_grants as rule

granted(kind, spec) := {"apiVersion": "iam.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "g"}, "spec": spec}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

one(found, beginning) if {
	count(found) == 1
	some message in found
	startswith(message, beginning)
}

test_members if {
	every member in ["allUsers", "allAuthenticatedUsers", " ALLUSERS "] {
		one(said(granted("IAMPolicyMember", {"member": member}), {}), "a grant is for everybody at spec.member (")
		place := "a grant is for everybody at spec.bindings[0].members[1]"
		one(said(granted("IAMPolicy", {"bindings": [{"members": ["user:a@example.com", member]}]}), {}), place)
		partial := {"bindings": [{"members": [{"memberFrom": {}}, {"member": member}]}]}
		one(said(granted("IAMPartialPolicy", partial), {}), sprintf("%s.member (", [place]))
	}
	every member in ["user:allUsers@example.com", "${MEMBER}", "", null, 7, ["allUsers"]] {
		said(granted("IAMPolicyMember", {"member": member}), {}) == set()
	}
	every bindings in [null, "allUsers", [null], [{}], [{"members": "allUsers"}], [{"members": [null, 7, {}]}]] {
		said(granted("IAMPolicy", {"bindings": bindings}), {}) == set()
	}
	said(granted("IAMServiceAccount", {"member": "allUsers"}), {}) == set()
}

test_buckets if {
	every kind in ["StorageBucketAccessControl", "StorageDefaultObjectAccessControl"] {
		control := {"apiVersion": "storage.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "c"}, "spec": {"entity": "allUsers"}}
		one(said(control, {}), "a grant is for everybody at spec.entity (allUsers)")
		said(object.union(control, {"spec": {"entity": "user-a@example.com"}}), {}) == set()
	}
	bucket := {"apiVersion": "s3.services.k8s.aws/v1alpha1", "kind": "Bucket", "metadata": {"name": "b"}, "spec": {}}
	said(bucket, {}) == set()
	every acl in ["public-read", "public-read-write", "authenticated-read", "Public-Read"] {
		one(said(object.union(bucket, {"spec": {"acl": acl}}), {}), "a bucket is open to the world at spec.acl (")
	}
	every acl in ["private", "bucket-owner-read", null, 7, ["public-read"]] {
		said(object.union(bucket, {"spec": {"acl": acl}}), {}) == set()
	}
}

test_pools if {
	everyone := "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*"
	one(said(granted("IAMPolicyMember", {"member": everyone}), {}), "every identity of a pool is granted something at spec.member (")
	some_of_them := "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/attribute.repository/team/app"
	said(granted("IAMPolicyMember", {"member": some_of_them}), {}) == set()
}

dataset(access) := {"apiVersion": "bigquery.cnrm.cloud.google.com/v1beta1", "kind": "BigQueryDataset", "metadata": {"name": "d"}, "spec": {"access": access}}

test_datasets if {
	one(said(dataset([null, {"specialGroup": "allAuthenticatedUsers"}]), {}), "a grant is for everybody at spec.access[1].specialGroup (")
	one(said(dataset([{"iamMember": "allUsers"}]), {}), "a grant is for everybody at spec.access[0].iamMember (")
	every access in [null, 7, [{"specialGroup": "projectOwners"}], [{"specialGroup": 7}]] {
		said(dataset(access), {}) == set()
	}
}

aws(name, field, statement) := {"apiVersion": group, "kind": kind, "metadata": {"name": "a"}, "spec": {field: json.marshal({"Statement": [statement]})}} if {
	[host, kind] := split(name, "/")
	group := sprintf("%s/v1alpha1", [host])
}

test_policies_of_aws if {
	every name, field in {
		"ecr.services.k8s.aws/Repository": "policy", "iam.services.k8s.aws/Role": "assumeRolePolicyDocument", "kms.services.k8s.aws/Key": "policy",
		"sns.services.k8s.aws/Topic": "policy", "sqs.services.k8s.aws/Queue": "policy",
	} {
		every principal in ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::123456789012:root", "*"]}] {
			statement := {"Effect": "Allow", "Action": "x:*", "Principal": principal}
			one(said(aws(name, field, statement), {}), sprintf("a policy allows everybody at spec.%s (*)", [field]))
			said(aws(name, field, object.union(statement, {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::models"}}})), {}) == set()
			said(aws(name, field, object.union(statement, {"Effect": "Deny"})), {}) == set()
		}
		every principal in [{"Service": "sagemaker.amazonaws.com"}, {"AWS": "arn:aws:iam::123456789012:root"}, null, 7] {
			said(aws(name, field, {"Effect": "Allow", "Principal": principal}), {}) == set()
		}
	}
	federated := {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/example.com"}}
	one(said(aws("iam.services.k8s.aws/Role", "assumeRolePolicyDocument", federated), {}), "a role is open to whoever signs in elsewhere at spec.assumeRolePolicyDocument (")
	limited := object.union(federated, {"Condition": {"StringEquals": {"example.com:sub": "system:serviceaccount:training:trainer"}}})
	said(aws("iam.services.k8s.aws/Role", "assumeRolePolicyDocument", limited), {}) == set()
	said(aws("s3.services.k8s.aws/Bucket", "policy", {"Effect": "Allow", "Principal": "*"}), {}) == set()
}

test_roles if {
	parameters := {"refusedRoles": ["roles/owner"]}
	member := granted("IAMPolicyMember", {"member": "user:a@example.com", "role": "roles/owner"})
	said(member, {}) == set()
	one(said(member, parameters), "a role is too wide at spec.role (roles/owner)")
	policy := granted("IAMPolicy", {"bindings": [{"role": "roles/viewer"}, {"role": "roles/owner"}, {"role": null}]})
	one(said(policy, parameters), "a role is too wide at spec.bindings[1].role (roles/owner)")
}

test_updates if {
	old := granted("IAMPolicyMember", {"member": "allUsers"})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": granted("IAMPolicyMember", {})}}
}
