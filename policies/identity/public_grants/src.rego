# METADATA
# title: Nothing is granted to everybody
# description: |
#   A grant to `allUsers` is one to the internet, and one to `allAuthenticatedUsers` is one to everybody who has an account of Google's, which is the same:
#   whoever can call a service, read a bucket of models or take a role needs to be named. Refused are these two as `member` of an IAMPolicyMember, among the `members` of an
#   IAMPolicy or IAMPartialPolicy, as `entity` of access controls of Cloud Storage, and of AWS a Bucket's canned `acl` that is public
#   (`public-read`, `public-read-write`, `authenticated-read`), and statements that allow every principal without a condition: of who may take a Role, and in policies of a Queue, a Topic,
#   a Key and a Repository. A Role that whoever signs in elsewhere may take (a federated principal, without a condition) is refused too, and so are all identities of a pool of workload identity
#   (`principalSet://…/workloadIdentityPools/POOL/*`), and a dataset of BigQuery for `allAuthenticatedUsers`.
#
#   With `refusedRoles`, roles are refused to anybody; `identity/cloud_rights` refuses basic ones by itself.
#
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: `memberFrom` and other references, which name one account of Config Connector's, bucket policies (`governance/model_buckets`), conditions that hold for everybody, and what a project's
#   organisation policy forbids anyway. Functions and services that ask nobody are for `serving/public_exposure`.
# related_resources:
#   - ref: https://cloud.google.com/iam/docs/principals-overview
#     description: Principals of IAM
#   - ref: https://cloud.google.com/iam/docs/roles-overview#basic
#     description: Basic roles
#   - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
#     description: Canned ACLs of S3
# custom:
#   id: LG-A001
#   severity: critical
#   external: false
#   systems: [config-connector, aws-ack]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 AC-6 (least privilege)
package lockgate.identity.public_grants

import data.lib.lockgate.iam_policies
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "a grant is for everybody", value, why, fix) if {
	not updates.unchanged
	some path in grantees
	value := workloads.value_at(path)
	everybody(value)
	why := "whoever finds it can use it, from anywhere"
	fix := "name the accounts or the group that need it"
}

violation contains report.violation(path, "a bucket is open to the world", value, why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "s3.services.k8s.aws/Bucket"
	path := array.concat(at.path, ["spec", "acl"])
	value := workloads.value_at(path)
	is_string(value)
	lower(trim_space(value)) in {"authenticated-read", "public-read", "public-read-write"}
	why := "models and data in it can be read by whoever knows its name"
	fix := "set acl: private, and grant by a bucket policy"
}

violation contains report.violation(path, "every identity of a pool is granted something", member, why, fix) if {
	not updates.unchanged
	some path in members
	member := workloads.value_at(path)
	regex.match(`^principalSet://iam\.googleapis\.com/.*/workloadIdentityPools/[^/]+/\*$`, trim_space(member))
	why := "where the pool's provider is shared, as those of hosts of code are, that is everybody there"
	fix := "name one subject, or an attribute such as attribute.repository/OWNER/NAME"
}

violation contains report.violation(document.path, what, principal, why, fix) if {
	not updates.unchanged
	some document in iam_policies.documents
	document.use != "identity"
	not is_bucket(document)
	some statement in document.statements
	statement.allows
	not statement.conditioned
	some principal in statement.principals
	opened := opens(document, statement, principal)
	what := opened.what
	why := opened.why
	fix := opened.fix
}

violation contains report.violation(path, "a role is too wide", value, why, fix) if {
	not updates.unchanged
	some path in roles
	value := workloads.value_at(path)
	is_string(value)
	value in object.get(review.parameters, "refusedRoles", [])
	why := "it holds rights to nearly all of a project"
	fix := "grant a role for what is done, such as roles/storage.objectViewer"
}

everybody(value) if {
	is_string(value)
	lower(trim_space(value)) in {"allauthenticatedusers", "allusers"}
}

opens(_, _, "*") := {
	"what": "a policy allows everybody", "why": "any account of AWS will do", "fix": "name the accounts or roles in Principal, or add a Condition",
}

opens(document, statement, principal) := {
	"what": "a role is open to whoever signs in elsewhere", "why": "any subject of that provider may take it",
	"fix": "add a Condition with the subjects that may: StringEquals on the provider's sub and aud",
} if {
	document.use == "trust"
	statement.federated
	principal != "*"
}

is_bucket(document) if {
	some at in workloads.objects
	at.name == "s3.services.k8s.aws/Bucket"
	array.slice(document.path, 0, count(at.path)) == at.path
}

grantees := array.concat(array.concat(members, entities), special_groups)

# An entry of `members` is a text in an IAMPolicy and an object in an IAMPartialPolicy; both are read in both.
members := [path |
	some at in granting
	some path in array.concat(
		[array.concat(at.path, ["spec", "member"])],
		[place |
			some listed in workloads.below(array.concat(at.path, ["spec", "bindings"]), ["members"])
			some entry in workloads.below(listed, [])
			some place in [entry, array.concat(entry, ["member"])]
		],
	)
	is_string(workloads.value_at(path))
]

entities := [array.concat(at.path, ["spec", "entity"]) |
	some at in workloads.objects
	at.name in {"storage.cnrm.cloud.google.com/StorageBucketAccessControl", "storage.cnrm.cloud.google.com/StorageDefaultObjectAccessControl"}
]

special_groups := [path |
	some at in workloads.objects
	at.name == "bigquery.cnrm.cloud.google.com/BigQueryDataset"
	some entry in workloads.below(array.concat(at.path, ["spec", "access"]), [])
	some field in ["iamMember", "specialGroup"]
	path := array.concat(entry, [field])
]

roles := [path |
	some at in granting
	some path in array.concat(
		[array.concat(at.path, ["spec", "role"])],
		workloads.below(array.concat(at.path, ["spec", "bindings"]), ["role"]),
	)
]

granting := [at |
	some at in workloads.objects
	at.name in {
		"iam.cnrm.cloud.google.com/IAMPartialPolicy",
		"iam.cnrm.cloud.google.com/IAMPolicy",
		"iam.cnrm.cloud.google.com/IAMPolicyMember",
	}
]
