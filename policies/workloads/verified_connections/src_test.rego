package lockgate.workloads.verified_connections_test

import data.lockgate.workloads.verified_connections as rule

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [object.union({"name": "c", "image": "registry.example.com/c:1"}, container)]}}

found(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

variable(name, value) := pod({"env": [{"name": name, "value": value}]})

test_variables if {
	every name, value in {
		"GIT_SSL_NO_VERIFY": "true", "PYTHONHTTPSVERIFY": "0", "NODE_TLS_REJECT_UNAUTHORIZED": "0", "MLFLOW_TRACKING_INSECURE_TLS": "True",
		"S3_VERIFY_SSL": "0", "VAULT_SKIP_TLS_VERIFY": "1", "OTEL_TLS_INSECURE_SKIP_VERIFY": "true", "APP_VERIFY_SSL": "false", "SSL_VERIFY": "no",
	} {
		found(variable(name, value), {}) == {["spec", "containers", 0, "env", 0, "value"]}
		count(found(variable(name, "$(X)"), {})) == 0
		count(found(variable(name, value), {"exempt": [name]})) == 0
	}
	every name, value in {
		"GIT_SSL_NO_VERIFY": "false", "PYTHONHTTPSVERIFY": "1", "S3_VERIFY_SSL": "1", "VERIFY_SSL": "true", "INSECURE": "true", "VERIFY": "0",
		"TLS_SKIP_VERIFY": "",
	} {
		count(found(variable(name, value), {})) == 0
	}
}

test_flags if {
	every words in [
		["--insecure-skip-tls-verify"], ["--insecure-skip-tls-verify=true"], ["-tls-skip-verify"], ["--insecure_skip_verify"], ["--tls-verify=false"],
		["--tls-verify", "false"], ["--insecure-ignore-tlog=true"],
	] {
		found(pod({"args": words}), {}) == {["spec", "containers", 0, "args", 0]}
	}
	every words in [
		["--insecure-skip-tls-verify=false"], ["--insecure-skip-tls-verify", "false"], ["--tls-verify=true"], ["--tls-verify"], ["--insecure-port=0"],
		["--insecure-skip-tls-verify=$(SKIP)"], ["--port=8080"],
	] {
		count(found(pod({"args": words}), {})) == 0
	}
	count(found(pod({"args": ["--kubelet-insecure-tls"]}), {"exempt": ["--kubelet-insecure-tls"]})) == 0
}

test_shell_lines if {
	every line in [
		"curl -k https://models.example.com/m -o m", "curl -fsSLk https://x", "set -e; curl --insecure https://x", "wget --no-check-certificate https://x",
		"git -c http.sslVerify=false clone https://x", "git config --global http.sslVerify false", "GIT_SSL_NO_VERIFY=1 git clone https://x",
		"python -c 'import requests; requests.get(url, verify=False)'",
	] {
		found(pod({"command": ["sh", "-c", line]}), {}) == {["spec", "containers", 0, "command", 2]}
	}
	every line in ["curl -fsSL https://x | grep -k y", "curl https://k", "tar -k x", "git config http.sslVerify true", "python train.py --verify=False", "echo curl"] {
		count(found(pod({"command": ["sh", "-c", line]}), {})) == 0
	}
	found(pod({"command": ["curl", "-k", "https://x"]}), {}) == {["spec", "containers", 0, "command"]}
}

test_api_services if {
	every value in [true, "true"] {
		found(service(value), {}) == {["spec", "insecureSkipTLSVerify"]}
	}
	count(found(service(false), {})) == 0
	count(found(service(true), {"exempt": ["insecureSkipTLSVerify"]})) == 0
}

service(value) := {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "a"}, "spec": {"insecureSkipTLSVerify": value}}

test_credentials_of_stores if {
	name := "serving.kserve.io/s3-verifyssl"
	found(secret("0"), {}) == {["metadata", "annotations", name]}
	count(found(secret("1"), {})) == 0
}

secret(value) := {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s3", "annotations": {"serving.kserve.io/s3-verifyssl": value}}}

test_an_update_that_leaves_it if {
	judged := variable("GIT_SSL_NO_VERIFY", "1")
	count({1 |
		some _ in rule.violation with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}}
	}) == 0
}
