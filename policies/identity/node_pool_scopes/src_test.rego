package lockgate.identity.node_pool_scopes_test

import data.lockgate.identity.node_pool_scopes as rule

made(kind, spec) := {"apiVersion": "container.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "n"}, "spec": spec}

pool(config) := made("ContainerNodePool", {"nodeConfig": config})

found(judged, parameters) := {concat(".", [sprintf("%v", [step]) | some step in violation.details.path]) |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

platform := "https://www.googleapis.com/auth/cloud-platform"

refuse := {"account": "refuse"}

test_scopes if {
	every scope in [platform, "cloud-platform", "https://www.googleapis.com/auth/devstorage.full_control", "https://www.googleapis.com/auth/compute"] {
		found(pool({"oauthScopes": ["x", scope]}), {}) == {"spec.nodeConfig.oauthScopes.1"}
		found(pool({"oauthScopes": [scope], "serviceAccountRef": {"name": "nodes"}}), {}) == set()
		found(pool({"oauthScopes": [scope], "serviceAccountRef": {"external": "nodes@example-ml.iam.gserviceaccount.com"}}), {}) == set()
		every reference in [null, 7, {}, {"name": ""}, {"external": "default"}, {"external": "123-compute@developer.gserviceaccount.com"}] {
			found(pool({"oauthScopes": [scope], "serviceAccountRef": reference}), {}) == {"spec.nodeConfig.oauthScopes.0"}
		}
	}
	every scope in ["https://www.googleapis.com/auth/logging.write", "https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/compute.readonly", null, 7] {
		found(pool({"oauthScopes": [scope]}), {}) == set()
	}
	defaults := {"clusterAutoscaling": {"autoProvisioningDefaults": {"oauthScopes": [platform]}}}
	found(made("ContainerCluster", defaults), {}) == {"spec.clusterAutoscaling.autoProvisioningDefaults.oauthScopes.0"}
	every config in [null, 7, [], {"oauthScopes": platform}] {
		found(pool(config), {}) == set()
	}
}

test_metadata if {
	every field, value in {"mode": "GCE_METADATA", "nodeMetadata": "EXPOSE"} {
		found(pool({"workloadMetadataConfig": {field: value}}), {}) == {sprintf("spec.nodeConfig.workloadMetadataConfig.%s", [field])}
	}
	every value in ["GKE_METADATA", "${MODE}", null, 7] {
		found(pool({"workloadMetadataConfig": {"mode": value}}), {}) == set()
	}
	every value in ["false", "False", false] {
		found(pool({"metadata": {"disable-legacy-endpoints": value}}), {}) == {"spec.nodeConfig.metadata.disable-legacy-endpoints"}
	}
	every value in ["true", true, null] {
		found(pool({"metadata": {"disable-legacy-endpoints": value}}), {}) == set()
	}
}

test_strict if {
	account := "spec.nodeConfig.serviceAccountRef"
	mode := "spec.nodeConfig.workloadMetadataConfig.mode"
	found(pool({}), refuse) == {account, mode}
	found(pool({}), {}) == set()
	found(pool({"serviceAccountRef": {"name": "nodes"}, "workloadMetadataConfig": {"mode": "GKE_METADATA"}}), refuse) == set()
	found(pool({"serviceAccountRef": {"name": "nodes"}, "workloadMetadataConfig": {"nodeMetadata": "GKE_METADATA_SERVER"}}), refuse) == set()
	found(made("ContainerCluster", {"clusterAutoscaling": {"autoProvisioningDefaults": {}}}), refuse) == {"spec.clusterAutoscaling.autoProvisioningDefaults.serviceAccountRef"}
	found(made("ContainerCluster", {"enableAutopilot": true}), refuse) == set()
}

test_clusters if {
	found(made("ContainerCluster", {"enableLegacyAbac": true}), {}) == {"spec.enableLegacyAbac"}
	found(made("ContainerCluster", {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": true}}}), {}) == {"spec.masterAuth.clientCertificateConfig.issueClientCertificate"}
	every spec in [null, {}, {"enableLegacyAbac": false}, {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": false}}}, {"masterAuth": 7}] {
		found(made("ContainerCluster", spec), {}) == set()
	}
}

node_class(value) := {"apiVersion": "karpenter.k8s.aws/v1", "kind": "EC2NodeClass", "metadata": {"name": "n"}, "spec": {"metadataOptions": {"httpTokens": value}}}

template := {
	"apiVersion": "ec2.services.k8s.aws/v1alpha1", "kind": "LaunchTemplate", "metadata": {"name": "n"},
	"spec": {"data": {"metadataOptions": {"httpTokens": "optional"}}},
}

test_tokens if {
	found(node_class("optional"), {}) == {"spec.metadataOptions.httpTokens"}
	found(node_class("Optional"), {}) == {"spec.metadataOptions.httpTokens"}
	found(template, {}) == {"spec.data.metadataOptions.httpTokens"}
	every value in ["required", "${TOKENS}", null, 7] {
		found(node_class(value), {}) == set()
	}
}

test_updates if {
	old := pool({"oauthScopes": [platform]})
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": pool({})}}
}
