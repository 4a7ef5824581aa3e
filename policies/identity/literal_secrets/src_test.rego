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
