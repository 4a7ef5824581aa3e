package lockgate.governance.deletion_policies_test

import data.lockgate.governance.deletion_policies as rule

found(judged, parameters) := {violation.details.path[2] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

of(api_version, kind, annotations, spec) := {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "namespace": "ml", "annotations": annotations}, "spec": spec}

google := "cnrm.cloud.google.com/deletion-policy"

amazon := "services.k8s.aws/deletion-policy"

bucket(annotations) := of("storage.cnrm.cloud.google.com/v1beta1", "StorageBucket", annotations, {})

test_config_connector if {
	found(bucket({google: "abandon"}), {}) == set()
	found(bucket({google: "${POLICY}"}), {}) == set()
	every annotations in [{}, null, {google: "delete"}, {google: "none"}, {google: 7}, {amazon: "retain"}] {
		found(bucket(annotations), {}) == {google}
	}
	found(of("pubsub.cnrm.cloud.google.com/v1beta1", "PubSubSubscription", {}, {}), {}) == set()
	found(of("run.cnrm.cloud.google.com/v1beta1", "RunService", {}, {}), {"kinds": ["run.cnrm.cloud.google.com/RunService"]}) == {google}
}

test_aws if {
	found(of("s3.services.k8s.aws/v1alpha1", "Bucket", {}, {}), {}) == {amazon}
	found(of("s3.services.k8s.aws/v1alpha1", "Bucket", {amazon: "retain"}, {}), {}) == set()
	found(of("lambda.services.k8s.aws/v1alpha1", "Function", {}, {}), {}) == set()
}

test_protection_of_the_thing_itself if {
	found(of("sql.cnrm.cloud.google.com/v1beta1", "SQLInstance", {}, {"settings": {"deletionProtectionEnabled": true}}), {}) == set()
	found(of("sql.cnrm.cloud.google.com/v1beta1", "SQLInstance", {}, {"settings": {"deletionProtectionEnabled": false}}), {}) == {google}
	found(of("rds.services.k8s.aws/v1alpha1", "DBInstance", {}, {"deletionProtection": true}), {}) == set()
}

test_namespaces if {
	found(bucket({}), {"exemptNamespaces": ["ml"]}) == set()
	found(bucket({}), {"exemptNamespaces": ["dev"]}) == {google}
}

test_updates if {
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": bucket({}), "oldObject": bucket({})}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": bucket({}), "oldObject": bucket({google: "abandon"})}}
}
