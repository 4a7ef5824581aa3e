# METADATA
# title: Buckets of models keep what was approved, and to themselves
# description: |
#   A model that was approved lies in a bucket. Where anybody may read it, it leaks; where an object is replaced without a trace, another model runs under the
#   name of the approved one; and a bucket that is emptied when its manifest goes takes every model with it.
#
#   Judged are StorageBuckets of Config Connector and Buckets of AWS' S3 controller. Refused always are access for everybody (`publicAccessPrevention: inherited` said aloud, ACLs
#   such as `public-read`, a block of public access that is switched off, a bucket policy for every principal without a condition, a website) and
#   `cnrm.cloud.google.com/force-destroy: "true"`. `require` lists what has to be there besides; without it, all of `versioning`, `uniformAccess` and
#   `publicAccessPrevention`. `buckets` are beginnings of names of buckets; without it, every bucket is judged.
#
#   A placeholder is not judged. S3 blocks public access and access lists of objects by default, so a Bucket need not say it.
#
#   Not covered: who has access by IAM or by an access point, encryption, retention and life cycles that delete versions, and settings of the
#   project, organisation or account, which may be stricter.
# related_resources:
#   - ref: https://cloud.google.com/config-connector/docs/reference/resource-docs/storage/storagebucket
#     description: StorageBucket of Config Connector
#   - ref: https://aws-controllers-k8s.github.io/community/reference/s3/v1alpha1/bucket/
#     description: Bucket of the S3 controller
# custom:
#   id: LG-V006
#   severity: high
#   external: false
#   systems: [config-connector, aws-ack]
#   controls:
#     - NIST SP 800-53 AC-3 (access enforcement)
#     - NIST SP 800-53 SI-7 (software integrity)
#     - NIST SP 800-53 CP-9 (backup)
package lockgate.governance.model_buckets

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

violation contains report.violation(array.concat(bucket.path, found.path), "bucket is open to everybody", settings.shown(found.value), why, fix) if {
	not updates.unchanged_annotated
	some bucket in buckets
	some found in open(bucket)
	why := "models in it can be read, or replaced, by anybody"
	fix := found.fix
}

violation contains report.violation(path, "bucket is emptied when its manifest goes", "force-destroy", why, fix) if {
	not updates.unchanged_annotated
	some bucket in google
	value := object.get(bucket.value, ["metadata", "annotations", force_destroy], "false")
	not value in {"false", false, "", null}
	not settings.unknown(value)
	path := array.concat(bucket.path, ["metadata", "annotations", force_destroy])
	why := "a manifest that is removed by mistake takes every model with it"
	fix := sprintf("remove the annotation %s", [force_destroy])
}

violation contains report.violation(array.concat(bucket.path, need.path), need.what, settings.shown(need.value), need.why, need.fix) if {
	not updates.unchanged_annotated
	some bucket in buckets
	some need in needs(bucket)
	need.name in object.get(review.parameters, "require", ["publicAccessPrevention", "uniformAccess", "versioning"])
	not settings.unknown(need.value)
}

force_destroy := "cnrm.cloud.google.com/force-destroy"

buckets := array.concat(google, amazon)

google := [{"path": at.path, "value": at.value, "of": "google"} |
	some at in gitops.named("storage.cnrm.cloud.google.com/StorageBucket")
	judged(object.get(at.value, ["spec", "resourceID"], gitops.field(at.value, ["metadata", "name"])))
]

amazon := [{"path": at.path, "value": at.value, "of": "amazon"} |
	some at in gitops.named("s3.services.k8s.aws/Bucket")
	judged(object.get(at.value, ["spec", "name"], gitops.field(at.value, ["metadata", "name"])))
]

judged(name) if {
	object.get(review.parameters, "buckets", null) == null
	is_string(name)
}

judged(name) if not is_string(name)

judged(name) if {
	is_string(name)
	some beginning in review.parameters.buckets
	startswith(name, beginning)
}

at(bucket, path) := object.get(bucket.value, path, null)

open(bucket) := [found |
	bucket.of == "google"
	value := at(bucket, ["spec", "publicAccessPrevention"])
	value == "inherited"
	found := {"path": ["spec", "publicAccessPrevention"], "value": value, "fix": "set publicAccessPrevention to enforced"}
] if {
	bucket.of == "google"
} else := array.concat(array.concat(acls(bucket), blocks(bucket)), array.concat(statements(bucket), websites(bucket)))

acls(bucket) := [{"path": ["spec", name], "value": value, "fix": sprintf("remove %s", [name])} |
	some name in ["acl", "grantFullControl", "grantRead", "grantReadACP", "grantWrite", "grantWriteACP"]
	value := at(bucket, ["spec", name])
	is_string(value)
	regex.match(`(?i)^(public-read(-write)?|authenticated-read)$|groups/global/(AllUsers|AuthenticatedUsers)`, value)
]

blocks(bucket) := [{"path": ["spec", "publicAccessBlock", name], "value": false, "fix": sprintf("set %s to true", [name])} |
	some name in block_names
	at(bucket, ["spec", "publicAccessBlock", name]) in {false, "false"}
]

block_names := ["blockPublicACLs", "blockPublicPolicy", "ignorePublicACLs", "restrictPublicBuckets"]

statements(bucket) := [{"path": ["spec", "policy"], "value": policy, "fix": "name the roles that may read in Principal, or add a Condition"} |
	policy := at(bucket, ["spec", "policy"])
	is_string(policy)
	json.is_valid(policy)
	document := json.unmarshal(policy)
	some statement in as_list(object.get(settings.fields(document), "Statement", []))
	object.get(settings.fields(statement), "Effect", "") == "Allow"
	everybody(object.get(settings.fields(statement), "Principal", ""))
	object.get(settings.fields(statement), "Condition", {}) == {}
]

everybody(principal) if principal == "*"

everybody(principal) if {
	some one in as_list(object.get(settings.fields(principal), "AWS", []))
	one == "*"
}

websites(bucket) := [{"path": ["spec", "website"], "value": "website", "fix": "remove website, and serve models by their own servers"} |
	is_object(at(bucket, ["spec", "website"]))
]

as_list(value) := value if {
	is_array(value)
} else := [value]

replaced := "an object can be replaced without a trace, and the model that was approved is gone"

# What a bucket has to say, by whose it is; `wanted` are the values that say it.
wanted := {
	"google": [
		{
			"name": "versioning", "path": ["spec", "versioning", "enabled"], "wanted": {true}, "what": "bucket keeps no versions",
			"why": replaced, "fix": "set versioning.enabled to true",
		},
		{
			"name": "uniformAccess", "path": ["spec", "uniformBucketLevelAccess"], "wanted": {true}, "what": "objects have access lists of their own",
			"why": "who may read a model cannot be told from the bucket", "fix": "set uniformBucketLevelAccess to true",
		},
		{
			"name": "publicAccessPrevention", "path": ["spec", "publicAccessPrevention"], "wanted": {"enforced", "inherited"}, "what": "bucket may be made public",
			"why": "one binding for allUsers shows every model to everybody", "fix": "set publicAccessPrevention to enforced",
		},
	],
	"amazon": array.concat(
		[
			{
				"name": "versioning", "path": ["spec", "versioning", "status"], "wanted": {"Enabled"}, "what": "bucket keeps no versions",
				"why": replaced, "fix": "set versioning.status to Enabled",
			},
			{
				"name": "uniformAccess", "path": ["spec", "ownershipControls", "rules", 0, "objectOwnership"], "wanted": {"BucketOwnerEnforced"}, "what": "objects have access lists of their own",
				"why": "who may read a model cannot be told from the bucket", "fix": "set objectOwnership of the rule in ownershipControls to BucketOwnerEnforced",
			},
		],
		[{
			"name": "publicAccessPrevention", "path": ["spec", "publicAccessBlock", name], "wanted": {true, false}, "what": "bucket may be made public",
			"why": "one statement of its policy shows every model to everybody", "fix": sprintf("set %s to true", [name]),
		} |
			some name in block_names
		],
	),
}

# Public access is blocked in part or not at all; `false` is told by `open`.
needs(bucket) := [object.union(need, {"value": value}) |
	some need in wanted[bucket.of]
	not by_default(bucket, need)
	value := at(bucket, need.path)
	not value in need.wanted
]

# S3 blocks public access to new buckets and gives objects no lists of their own, unless a bucket says otherwise. What a block leaves out is off.
by_default(bucket, need) if {
	bucket.of == "amazon"
	need.path[1] in {"ownershipControls", "publicAccessBlock"}
	at(bucket, array.slice(need.path, 0, 2)) == null
}
