# METADATA
# title: What keeps state outlives its manifest
# description: |
#   Config Connector and AWS' controllers delete the real thing when its object goes: a file that is removed by mistake, a namespace that is cleaned up, or a
#   prune of GitOps takes a bucket of models, a database of features or a key with it. A kind that keeps state must say that it stays.
#
#   Judged are kinds of Config Connector (buckets, SQL, Spanner, Bigtable, BigQuery, Firestore, Filestore, disks, Redis, keys, secrets, registries and topics) with
#   `cnrm.cloud.google.com/deletion-policy: abandon`, and kinds of AWS' controllers (S3, RDS, DynamoDB, EFS, ECR, KMS, Secrets Manager, ElastiCache) with
#   `services.k8s.aws/deletion-policy: retain`. A protection of the thing itself is as good: `deletionProtectionEnabled` of a SQLInstance, `deletionProtection` of a
#   Spanner or RDS instance, `preventDestroy` in `lifecycle`. `kinds` names further kinds, as `group/Kind`; `exemptNamespaces` may delete.
#
#   A placeholder is not judged.
#
#   Not covered: deletions in the cloud itself, retention, backups, and a default of the namespace or the controller (then exempt the namespace).
# related_resources:
#   - ref: https://cloud.google.com/config-connector/docs/how-to/managing-deleting-resources
#     description: Deleting with Config Connector
#   - ref: https://aws-controllers-k8s.github.io/community/docs/user-docs/deletion-policy/
#     description: Deletion policies of AWS' controllers
# custom:
#   id: LG-V007
#   severity: medium
#   external: false
#   systems: [config-connector, aws-ack]
#   controls:
#     - NIST SP 800-53 CP-9 (backup)
#     - NIST SP 800-53 SI-12 (information management and retention)
package lockgate.governance.deletion_policies

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "what keeps state goes with its manifest", settings.shown(value), why, fix) if {
	not updates.unchanged_annotated
	some at in workloads.objects
	keeps_state(at.name)
	some way in ways
	endswith(split(at.name, "/")[0], way.group)
	not gitops.field(at.value, ["metadata", "namespace"]) in object.get(review.parameters, "exemptNamespaces", [])
	value := object.get(at.value, ["metadata", "annotations", way.annotation], null)
	value != way.wanted
	not settings.unknown(value)
	not protected(at.value)
	path := gitops.below(at, ["metadata", "annotations", way.annotation])
	why := "a file that is removed by mistake deletes the data"
	fix := sprintf("set the annotation %s to %s", [way.annotation, way.wanted])
}

ways := [
	{"group": ".cnrm.cloud.google.com", "annotation": "cnrm.cloud.google.com/deletion-policy", "wanted": "abandon"},
	{"group": ".services.k8s.aws", "annotation": "services.k8s.aws/deletion-policy", "wanted": "retain"},
]

kinds := {
	"alloydb.cnrm.cloud.google.com/AlloyDBCluster", "artifactregistry.cnrm.cloud.google.com/ArtifactRegistryRepository", "bigquery.cnrm.cloud.google.com/BigQueryDataset",
	"bigquery.cnrm.cloud.google.com/BigQueryTable", "bigtable.cnrm.cloud.google.com/BigtableInstance", "bigtable.cnrm.cloud.google.com/BigtableTable",
	"compute.cnrm.cloud.google.com/ComputeDisk", "filestore.cnrm.cloud.google.com/FilestoreInstance", "firestore.cnrm.cloud.google.com/FirestoreDatabase",
	"kms.cnrm.cloud.google.com/KMSCryptoKey", "pubsub.cnrm.cloud.google.com/PubSubTopic", "redis.cnrm.cloud.google.com/RedisInstance",
	"secretmanager.cnrm.cloud.google.com/SecretManagerSecret", "spanner.cnrm.cloud.google.com/SpannerDatabase", "spanner.cnrm.cloud.google.com/SpannerInstance",
	"sql.cnrm.cloud.google.com/SQLDatabase", "sql.cnrm.cloud.google.com/SQLInstance", "storage.cnrm.cloud.google.com/StorageBucket",
	"dynamodb.services.k8s.aws/Table", "ecr.services.k8s.aws/Repository", "efs.services.k8s.aws/FileSystem", "elasticache.services.k8s.aws/ReplicationGroup",
	"kms.services.k8s.aws/Key", "rds.services.k8s.aws/DBCluster", "rds.services.k8s.aws/DBInstance", "s3.services.k8s.aws/Bucket", "secretsmanager.services.k8s.aws/Secret",
}

keeps_state(name) if name in kinds

keeps_state(name) if name in object.get(review.parameters, "kinds", [])

protected(value) if {
	some path in [
		["spec", "settings", "deletionProtectionEnabled"], ["spec", "deletionProtection"], ["spec", "deletionProtectionEnabled"], ["spec", "lifecycle", "preventDestroy"],
		["spec", "enableDropProtection"],
	]
	object.get(value, path, false) == true
}
