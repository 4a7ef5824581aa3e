# METADATA
# title: Nodes hand out no rights of their own
# description: |
#   Whatever runs on a node can ask the cloud's metadata server for the credentials of the node, unless that is shut off: a notebook then has the rights that the node has.
#   Where no account is named, that is the project's default one, which is often its editor.
#
#   Refused are, of Config Connector's ContainerNodePool and ContainerCluster (auto-provisioned pools too): wide scopes (`cloud-platform`, `compute`, `devstorage.full_control`,
#   `iam`) without a `serviceAccountRef`, the node's metadata laid open (`workloadMetadataConfig` with `GCE_METADATA` or `EXPOSE`, `disable-legacy-endpoints: "false"`),
#   and on a cluster `enableLegacyAbac` and client certificates for its administrator (`issueClientCertificate`); of Karpenter's EC2NodeClass and ACK's Instance and LaunchTemplate
#   metadata without a token (`httpTokens: optional`).
#
#   With `account: refuse`, a pool's `nodeConfig` needs a `serviceAccountRef` that is not the default account, and its metadata `GKE_METADATA`, said aloud.
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged.
#
#   Not covered: what the account that is named may do (`identity/cloud_rights`), clusters without a `nodeConfig`, Autopilot, which has its own defaults, and pods in the node's
#   network, who reach the metadata server of the node all the same (`workloads/host_access`).
# related_resources:
#   - ref: https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa
#     description: Accounts of GKE's nodes
#   - ref: https://cloud.google.com/config-connector/docs/reference/resource-docs/container/containernodepool
#     description: ContainerNodePool of Config Connector
#   - ref: https://karpenter.sh/docs/concepts/nodeclasses/#specmetadataoptions
#     description: Metadata options of EC2NodeClass
# custom:
#   id: LG-A006
#   severity: high
#   external: false
#   systems: [config-connector, aws-ack]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - NIST SP 800-190 4.3.1 (unbounded administrative access)
package lockgate.identity.node_pool_scopes

import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "nodes have wide scopes and no account of their own", scope, why, fix) if {
	some node in nodes
	unnamed(node)
	some i, scope in node.value.oauthScopes
	is_string(scope)
	regex.match(`(^|/auth/)(cloud-platform|compute(-rw)?|compute-engine|devstorage\.full_control|storage-full|iam)$`, trim_space(scope))
	path := array.concat(node.path, ["oauthScopes", i])
	why := "whatever runs there acts as the project's default account"
	fix := "name an account with few roles in serviceAccountRef"
}

violation contains report.violation(path, "pods may ask for the node's credentials", value, why, fix) if {
	some node in nodes
	some field in ["mode", "nodeMetadata"]
	value := node.value.workloadMetadataConfig[field]
	value in {"EXPOSE", "EXPOSED", "GCE_METADATA"}
	path := array.concat(node.path, ["workloadMetadataConfig", field])
	why := "the node's credentials are those of every notebook and model on it"
	fix := "set workloadMetadataConfig.mode to GKE_METADATA"
}

violation contains report.violation(path, "an old metadata server answers without a header", settings.shown(value), why, fix) if {
	some node in nodes
	value := node.value.metadata["disable-legacy-endpoints"]
	lower(sprintf("%v", [value])) == "false"
	path := array.concat(node.path, ["metadata", "disable-legacy-endpoints"])
	why := "whoever makes a server fetch a URL has the node's credentials"
	fix := `set disable-legacy-endpoints to "true"`
}

violation contains report.violation(path, "nodes have no account of their own", settings.shown(value), why, fix) if {
	strict
	some node in nodes
	value := object.get(node.value, "serviceAccountRef", null)
	unnamed(node)
	path := array.concat(node.path, ["serviceAccountRef"])
	why := "the project's default account is often its editor"
	fix := "name an account with few roles in serviceAccountRef"
}

violation contains report.violation(path, "pods may ask for the node's credentials", "not set", why, fix) if {
	strict
	some node in nodes
	node.pool
	object.get(node.value, ["workloadMetadataConfig", "mode"], object.get(node.value, ["workloadMetadataConfig", "nodeMetadata"], null)) == null
	path := array.concat(node.path, ["workloadMetadataConfig", "mode"])
	why := "which metadata pods see is left to the cluster's settings"
	fix := "set workloadMetadataConfig.mode to GKE_METADATA"
}

violation contains report.violation(path, told.what, settings.shown(value), told.why, told.fix) if {
	not updates.unchanged
	some at in workloads.objects
	at.name == "container.cnrm.cloud.google.com/ContainerCluster"
	some told in doors
	value := object.get(at.value, told.path, null)
	is_true(value)
	path := array.concat(at.path, told.path)
}

violation contains report.violation(path, "metadata is told without a token", value, why, fix) if {
	not updates.unchanged
	some at in workloads.objects
	some steps in amazon[at.name]
	value := object.get(at.value, steps, null)
	is_string(value)
	lower(trim_space(value)) == "optional"
	path := array.concat(at.path, steps)
	why := "whoever makes a server fetch a URL has the node's credentials"
	fix := "set httpTokens to required"
}

strict if review.parameters.account == "refuse"

nodes := array.concat(
	[{"path": path, "value": value, "pool": true} |
		not updates.unchanged
		some at in workloads.objects
		at.name in {"container.cnrm.cloud.google.com/ContainerCluster", "container.cnrm.cloud.google.com/ContainerNodePool"}
		path := array.concat(at.path, ["spec", "nodeConfig"])
		value := workloads.value_at(path)
		is_object(value)
	],
	[{"path": path, "value": value, "pool": false} |
		not updates.unchanged
		some at in workloads.objects
		at.name == "container.cnrm.cloud.google.com/ContainerCluster"
		path := array.concat(at.path, ["spec", "clusterAutoscaling", "autoProvisioningDefaults"])
		value := workloads.value_at(path)
		is_object(value)
	],
)

unnamed(node) if {
	reference := settings.fields(object.get(node.value, "serviceAccountRef", {}))
	not names_account(reference)
}

names_account(reference) if {
	some field in ["external", "name"]
	name := reference[field]
	settings.text(name)
	not regex.match(`^([0-9]+-compute@developer\.gserviceaccount\.com|default)$`, name)
}

doors := [
	{
		"path": ["spec", "enableLegacyAbac"], "what": "the cluster asks no roles", "why": "legacy authorization lets every account do nearly everything",
		"fix": "set enableLegacyAbac to false, and bind roles",
	},
	{
		"path": ["spec", "masterAuth", "clientCertificateConfig", "issueClientCertificate"], "what": "the cluster gives out a certificate for its administrator",
		"why": "it cannot be taken back, and lies in the state of whoever made the cluster", "fix": "set issueClientCertificate to false, and sign in by accounts",
	},
]

is_true(value) if value in {true, "true"}

amazon := {
	"ec2.services.k8s.aws/Instance": [["spec", "metadataOptions", "httpTokens"]],
	"ec2.services.k8s.aws/LaunchTemplate": [["spec", "data", "metadataOptions", "httpTokens"]],
	"karpenter.k8s.aws/EC2NodeClass": [["spec", "metadataOptions", "httpTokens"]],
}
