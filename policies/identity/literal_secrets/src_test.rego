package lockgate.identity.literal_secrets_test

import data.lockgate.identity.literal_secrets as rule

pod(container) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "p"},
	"spec": {"containers": [object.union({"name": "c", "image": "registry.example.com/c:1"}, container)]},
}

found(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_variables if {
	found(pod({"env": [{"name": "HF_TOKEN", "value": "kT9vQ2mX7pLr4sWz8nBc"}]}), {}) == {["spec", "containers", 0, "env", 0, "value"]}
	count(found(pod({"env": [{"name": "HF_TOKEN", "value": "kT9vQ2mX7pLr4sWz8nBc"}]}), {"exemptNames": ["HF_TOKEN"]})) == 0
	every variable in [
		{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}},
		{"name": "HF_TOKEN", "value": "$(TOKEN)"},
		{"name": "HF_TOKEN", "value": "dummy"},
		{"name": "HF_TOKEN", "value": 7},
		{"name": "HF_HOME", "value": "/models"},
		{"name": "MAX_TOKENS", "value": "2048"},
	] {
		count(found(pod({"env": [variable]}), {})) == 0
	}
}

test_flags if {
	found(pod({"args": ["--api-key=kT9vQ2mX7pLr4sWz8nBc"]}), {}) == {["spec", "containers", 0, "args", 0]}
	count(found(pod({"args": ["--api-key", "kT9vQ2mX7pLr4sWz8nBc", "--port=8000"]}), {})) == 1
	count(found(pod({"args": ["--api-key", "$(API_KEY)"]}), {})) == 0
	count(found(pod({"args": ["--api-key", "--port=8000"]}), {})) == 0
	count(found(pod({"args": ["--max-token=12"]}), {})) == 0
}

test_shapes_anywhere if {
	found(pod({"command": ["sh", "-c", "git clone https://bot:hunter2secret@git.corp.net/app"]}), {}) == {["spec", "containers", 0, "command", 2]}
	found(pod({"env": [{"name": "NOTE", "value": "AKIAQ3EGTRB7KWMZ2LSD"}]}), {}) == {["spec", "containers", 0, "env", 0, "value"]}

	# Once, though both its name and its shape tell.
	found(pod({"env": [{"name": "GITHUB_TOKEN", "value": "ghp_16C7e42F292c6912E7710c838347Ae178B4a"}]}), {}) == {["spec", "containers", 0, "env", 0, "value"]}
}

test_config_maps if {
	map := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"db-password": "hunter2", "level": "info", "key.pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIE"}}
	found(map, {}) == {["data", "db-password"], ["data", "key.pem"]}
	count(found(object.union(map, {"data": {"db-password": "", "key.pem": ""}}), {})) == 0
}

test_values_of_charts if {
	release := {
		"apiVersion": "helm.toolkit.fluxcd.io/v2",
		"kind": "HelmRelease",
		"metadata": {"name": "mlflow"},
		"spec": {"values": {"backend": {"postgres": {"password": "hunter2", "existingSecret": "mlflow-db"}}}},
	}
	found(release, {}) == {["spec", "values", "backend", "postgres", "password"]}
	application := {
		"apiVersion": "argoproj.io/v1alpha1",
		"kind": "Application",
		"metadata": {"name": "mlflow"},
		"spec": {"sources": [{"helm": {"valuesObject": {"auth": {"adminPassword": "hunter2"}}, "parameters": [{"name": "auth.token", "value": "kT9vQ2mX7p"}]}}]},
	}
	found(application, {}) == {
		["spec", "sources", 0, "helm", "valuesObject", "auth", "adminPassword"],
		["spec", "sources", 0, "helm", "parameters", 0, "value"],
	}
}

test_values_as_text if {
	application := {
		"apiVersion": "argoproj.io/v1alpha1",
		"kind": "ApplicationSet",
		"metadata": {"name": "mlflow"},
		"spec": {"template": {"spec": {"source": {"helm": {"values": "auth:\n  adminPassword: hunter2\n  existingSecret: mlflow\n"}}}}},
	}
	found(application, {}) == {["spec", "template", "spec", "source", "helm", "values"]}
	count(found(object.union(application, {"spec": {"template": {"spec": {"source": {"helm": {"values": "auth: [\n"}}}}}}), {})) == 0
}

test_parameters_of_workflows if {
	workflow := {
		"apiVersion": "argoproj.io/v1alpha1",
		"kind": "Workflow",
		"metadata": {"name": "w"},
		"spec": {
			"arguments": {"parameters": [{"name": "registry-token", "value": "kT9vQ2mX7pLr"}, {"name": "epochs", "value": "3"}]},
			"templates": [{"name": "t", "inputs": {"parameters": [{"name": "api-key", "value": "{{workflow.parameters.registry-token}}"}]}}],
		},
	}
	found(workflow, {}) == {["spec", "arguments", "parameters", 0, "value"]}
}

test_the_value_is_not_shown if {
	every judged in [
		pod({"env": [{"name": "HF_TOKEN", "value": "kT9vQ2mX7pLr4sWz8nBc"}]}),
		pod({"args": ["--api-key=kT9vQ2mX7pLr4sWz8nBc"]}),
		pod({"args": ["curl https://bot:kT9vQ2mX7pLr4sWz8nBc@git.corp.net"]}),
	] {
		some violation in rule.violation with input as {"review": {"object": judged}}
		not contains(json.marshal(violation), "kT9vQ2mX7pLr4sWz8nBc")
	}
}

test_what_servers_write if {
	judged := object.union(pod({}), {"metadata": {
		"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "postgres://u:hunter2@db/x"},
		"managedFields": [{"manager": "postgres://u:hunter2@db/x"}],
	}})
	count(found(judged, {})) == 0
}

test_an_update_that_leaves_it if {
	judged := pod({"env": [{"name": "HF_TOKEN", "value": "kT9vQ2mX7pLr4sWz8nBc"}]})
	count({1 |
		some _ in rule.violation with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
	}) == 0
}

test_maps_and_pairs if {
	every spec, path in {
		{"environment": {"variables": {"DB_PASSWORD": "hunter2"}}}: ["spec", "environment", "variables", "DB_PASSWORD"],
		{"hyperParameters": {"wandb_api_key": "kT9vQ2mX7p"}}: ["spec", "hyperParameters", "wandb_api_key"],
		{"postBuild": {"substitute": {"DB_PASSWORD": "hunter2"}}}: ["spec", "postBuild", "substitute", "DB_PASSWORD"],
		{"password": {"value": "hunter2"}}: ["spec", "password", "value"],
		{"parameters": {"db_password": {"defaultValue": "hunter2"}}}: ["spec", "parameters", "db_password", "defaultValue"],
		{"parameters": {"db_password": {"runtimeValue": {"constant": "hunter2"}}}}: ["spec", "parameters", "db_password", "runtimeValue", "constant"],
		{"args": [{"name": "api-token", "value": "kT9vQ2mX7p"}]}: ["spec", "args", 0, "value"],
		{"inputs": [{"name": "api-token", "default": "kT9vQ2mX7p"}]}: ["spec", "inputs", 0, "default"],
		{"source": "export DB_PASSWORD=Tr0ub4dor"}: ["spec", "source"],
	} {
		found({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}, {}) == {path}
	}
	every spec in [
		{"password": {"valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}}, {"args": [{"name": "api-token", "value": "{{args.token}}"}]},
		{"environment": {"variables": {"DB_PASSWORD": null}}}, {"source": "export DB_PASSWORD=$(cat /run/password)"}, "DB_PASSWORD", null,
	] {
		count(found({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}, {})) == 0
	}
	found({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "t", "annotations": {"db-password": "hunter2"}}}, {}) == {["metadata", "annotations", "db-password"]}
	count(found({"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"source": "export DB_PASSWORD=Tr0ub4dor"}}, {"exemptNames": ["DB_PASSWORD"]})) == 0
}

test_generators if {
	made := {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "secretGenerator": [{"name": "s", "literals": ["user=ml", "password=hunter2", 7]}]}
	found(made, {}) == {["secretGenerator", 0, "literals", 1]}
	count(found(object.union(made, {"secretGenerator": [{"name": "s", "literals": ["password=${PASSWORD}", "password"]}]}), {})) == 0
}

version(value) := {"apiVersion": "secretmanager.cnrm.cloud.google.com/v1beta1", "kind": "SecretManagerSecretVersion", "metadata": {"name": "s"}, "spec": {"secretData": {"value": value}}}

test_secrets_of_a_cloud if {
	found(version("hunter2"), {}) == {["spec", "secretData", "value"]}
	count(found(version("${PASSWORD}"), {})) == 0
	count(found(version(null), {})) == 0
}

test_updates_are_judged_by_what_they_write if {
	token := {"name": "HF_TOKEN", "value": "kT9vQ2mX7pLr4sWz8nBc"}
	old := object.union(pod({"env": [token]}), {"metadata": {"annotations": {"db-password": "hunter2", "note": "https://bot:hunter2secret@git.corp.net/app"}}})

	# Finalizers and the status of what was there before.
	count(updated(old, {"metadata": {"finalizers": ["example.com/x"]}})) == 0
	count(updated(old, {"status": {"message": "cannot log in as postgres://u:hunter2pass@db/x"}})) == 0
	count(updated(old, {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "2"}}})) == 0

	# An annotation is written by itself too.
	updated(old, {"metadata": {"annotations": {"api-token": "kT9vQ2mX7pLr4sWz8nBc"}}}) == {["metadata", "annotations", "api-token"]}
	updated(old, {"metadata": {"annotations": {"note": "https://bot:another8secret@git.corp.net/app"}}}) == {["metadata", "annotations", "note"]}

	# What people change is judged whole.
	count(updated(old, {"spec": {"hostname": "h"}})) == 3
}

updated(old, patch) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"operation": "UPDATE", "object": object.union(old, patch), "oldObject": old}}
}
