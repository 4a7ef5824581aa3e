package lockgate.pipelines.tracked_runs_test

import data.lockgate.pipelines.tracked_runs as rule

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}

said(container, parameters) := {[split(violation.msg, " at spec.")[0], array.slice(violation.details.path, 3, 9)] |
	some violation in rule.violation with input as {"review": {"object": pod(container)}, "parameters": parameters}
}

env(name, value) := {"env": [{"name": name, "value": value}]}

at := ["env", 0, "value"]

open := "key of a tracking server stands in the manifest"

key := "0123456789abcdef0123456789abcdef01234567"

test_keys if {
	every name in ["WANDB_API_KEY", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "COMET_API_KEY"] {
		said(env(name, key), {}) == {[open, at]}
		said({"env": [{"name": name, "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}, {}) == set()
	}
	every value in ["", "  ", "${WANDB_KEY}", "{{workflow.parameters.key}}", "<your key>", "YOUR_API_KEY", "xxxx", null, 7] {
		said(env("WANDB_API_KEY", value), {}) == set()
	}
	said(env("OTHER", key), {}) == set()
}

test_keys_are_not_shown if {
	some violation in rule.violation with input as {"review": {"object": pod(env("WANDB_API_KEY", key))}}
	not contains(json.marshal(violation), key)
}

test_passwords_in_urls if {
	said(env("MLFLOW_TRACKING_URI", "https://user:secret@mlflow.example.com"), {}) == {[open, at]}
	said(env("MLFLOW_TRACKING_URI", "https://user:${PASSWORD}@mlflow.example.com"), {}) == set()
	said(env("MLFLOW_TRACKING_URI", "https://user@mlflow.example.com"), {}) == set()
}

test_login if {
	said({"args": ["-c", sprintf("pip list && wandb login --relogin %s && python train.py", [key])]}, {}) == {[open, ["args", 1]]}
	said({"command": ["wandb", "login", key]}, {}) == {[open, ["command", 2]]}
	said({"args": ["-c", "wandb login $WANDB_API_KEY"]}, {}) == set()
	said({"args": ["login", key, 7]}, {}) == set()
	said({"args": "odd"}, {}) == set()
}

plain := "tracking server is spoken to unprotected"

test_protection if {
	said(env("MLFLOW_TRACKING_URI", "http://mlflow.example.com:5000"), {}) == {[plain, at]}
	said(env("MLFLOW_TRACKING_URI", "http://mlflow.example.com:5000"), {"allowedHosts": ["mlflow.example.com"]}) == set()
	said(env("MLFLOW_TRACKING_INSECURE_TLS", "TRUE"), {}) == {[plain, at]}
	every value in ["http://mlflow.mlflow.svc:5000", "http://mlflow:5000", "https://mlflow.example.com", "file:///mlruns", "databricks", "http://${HOST}"] {
		said(env("MLFLOW_TRACKING_URI", value), {}) == set()
	}
}

astray := "run is tracked at a host that is not approved"

test_hosts if {
	given := {"allowedHosts": ["mlflow.mlflow.svc", "wandb.example.com"]}
	said(env("WANDB_BASE_URL", "https://api.wandb.ai"), given) == {[astray, at]}
	said(env("WANDB_BASE_URL", "https://wandb.example.com"), given) == set()
	said(env("MLFLOW_TRACKING_URI", "http://other.svc"), given) == {[astray, at]}
	said(env("WANDB_API_KEY", "${KEY}"), given) == {[astray, at]}
	said({"env": [{"name": "WANDB_API_KEY", "value": "${KEY}"}, {"name": "WANDB_BASE_URL", "valueFrom": {}}]}, given) == set()
	said(env("WANDB_API_KEY", "${KEY}"), {"allowedHosts": ["api.wandb.ai"]}) == set()
}

test_tracking if {
	given := {"requireTracking": true}
	every row in [["WANDB_MODE", "offline"], ["WANDB_MODE", "Disabled"], ["WANDB_DISABLED", "true"]] {
		said(env(row[0], row[1]), given) == {["run is not tracked", at]}
		said(env(row[0], row[1]), {}) == set()
	}
	said(env("WANDB_MODE", "online"), given) == set()
}

test_updates if {
	judged := pod(env("WANDB_API_KEY", key))
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
