package lockgate.pipelines.injected_secrets_test

import data.lockgate.pipelines.injected_secrets as rule

default_of(spec) := {"apiVersion": "kubeflow.org/v1alpha1", "kind": "PodDefault", "metadata": {"name": "d"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at ")[0], array.slice(violation.details.path, 1, 9)] |
	some violation in rule.violation with input as {"review": {"object": default_of(spec)}, "parameters": parameters}
}

asking := {"selector": {"matchLabels": {"with-key": "true"}}}

volume := {"volumes": [{"name": "v", "secret": {"secretName": "kaggle"}}]}

every_pod := "secrets go into every pod of the namespace"

test_selectors if {
	said(object.union(asking, volume), {}) == set()
	said(object.union({"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}, volume), {}) == set()
	every selector in [{}, null, {"matchLabels": {}}, {"matchLabels": null}, {"matchExpressions": []}, "odd", 7] {
		said(object.union({"selector": selector}, volume), {}) == {[every_pod, ["selector"]]}
	}
	said(volume, {}) == {[every_pod, ["selector"]]}
	said({"env": [{"name": "A", "value": "b"}]}, {}) == set()
	said({"command": ["sh"]}, {}) == {[every_pod, ["selector"]]}
	said({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}, {}) == {[every_pod, ["selector"]]}
	said({"envFrom": [{"secretRef": {"name": "s"}}]}, {}) == {[every_pod, ["selector"]]}
	said({"volumes": [{"projected": {"sources": [{"secret": {"name": "s"}}]}}]}, {}) == {[every_pod, ["selector"]]}
	said("odd", {}) == set()
}

test_keys if {
	every name in ["WANDB_API_KEY", "password", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"] {
		said(object.union(asking, {"env": [{"name": name, "value": "abc"}]}), {}) == {["a key stands in a PodDefault", ["env", 0, "value"]]}
	}
	every value in ["", "${KEY}", "<your key>", null, 7] {
		said(object.union(asking, {"env": [{"name": "API_KEY", "value": value}]}), {}) == set()
	}
	said(object.union(asking, {"env": ["odd", {"name": 7}, {"name": "KEYS", "value": "a"}]}), {}) == set()
}

test_accounts if {
	said(object.union(asking, {"serviceAccountName": "admin"}), {}) == {["a PodDefault changes the account of pods", ["serviceAccountName"]]}
	said(object.union(asking, {"automountServiceAccountToken": true}), {}) == {["a PodDefault changes the account of pods", ["automountServiceAccountToken"]]}
	said(object.union(asking, {"automountServiceAccountToken": false, "serviceAccountName": ""}), {}) == set()
}

test_allowed_secrets if {
	said(object.union(asking, volume), {"allowedSecrets": ["kaggle"]}) == set()
	said(object.union(asking, volume), {"allowedSecrets": []}) == {["a PodDefault brings a secret that is not approved", ["volumes", 0, "secret", "secretName"]]}
}

test_updates if {
	judged := default_of(volume)
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
