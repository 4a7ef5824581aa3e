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
