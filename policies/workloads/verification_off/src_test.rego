package lockgate.workloads.verification_off_test

import data.lockgate.workloads.verification_off as rule

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}

said(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
	startswith(violation.msg, "verification is off at ")
}

set(name, value) := pod({"env": [{"name": name, "value": value}]})

test_variables if {
	every pair in [
		["NODE_TLS_REJECT_UNAUTHORIZED", "0"], ["PYTHONHTTPSVERIFY", "0"], ["GIT_SSL_NO_VERIFY", "true"], ["MLFLOW_TRACKING_INSECURE_TLS", "True"],
		["WANDB_INSECURE_DISABLE_SSL", "true"], ["S3_VERIFY_SSL", "0"], ["VAULT_SKIP_VERIFY", "1"], ["MY_SKIP_TLS_VERIFY", "yes"], ["CURL_CA_BUNDLE", ""],
		["PIP_TRUSTED_HOST", "pypi.example.com"], ["PIP_INDEX_URL", "http://pypi.example.com/simple"], ["APP_TLS_VERIFY", " false "],
		["ELASTICSEARCH_SSL_VERIFICATIONMODE", "none"],
	] {
		said(set(pair[0], pair[1]), {}) == {["spec", "containers", 0, "env", 0]}
		said(set(pair[0], pair[1]), {"exceptions": [pair[0]]}) == set()
	}
	every pair in [
		["NODE_TLS_REJECT_UNAUTHORIZED", "1"], ["GIT_SSL_NO_VERIFY", "false"], ["S3_VERIFY_SSL", "1"], ["CURL_CA_BUNDLE", "/etc/ca.pem"], ["PIP_TRUSTED_HOST", ""],
		["PIP_INDEX_URL", "https://pypi.example.com/simple"], ["PIP_INDEX_URL", "http://pypi.tools.svc/simple"], ["SKIP", "true"], ["VERIFY_SSL", "${VERIFY}"],
		["PIP_TRUSTED_HOST", "${HOST}"],
	] {
		said(set(pair[0], pair[1]), {}) == set()
	}
}

test_flags if {
	every args in [
		["--insecure-skip-tls-verify"], ["--skip-tls-verify=true"], ["--insecure_skip_tls_verify"], ["push", "--tls-verify=false"], ["-tls-skip-verify"], ["sh -c 'x --plain-http y'"],
		["cosign verify --insecure-ignore-tlog --key k x"],
	] {
		said(pod({"args": args}), {}) == {["spec", "containers", 0, "args", count(args) - 1]}
	}
	every args in [["--insecure-skip-tls-verify=false"], ["--insecure-skip-tls-verify", "false"], ["--tls-verify", "true"], ["--tls-verify"], ["--tls-verify=true"], ["--insecure"], ["--verify"], ["insecure-skip-tls-verify"]] {
		said(pod({"args": args}), {}) == set()
	}
	said(pod({"args": ["--tls-verify", "false"]}), {}) == {["spec", "containers", 0, "args", 0]}
	said(pod({"args": ["--plain-http"]}), {"exceptions": ["--plain-http"]}) == set()
}

test_calls if {
	every text in [
		"curl -k https://models.example.com", "curl -sSLk https://models.example.com -o m", "curl https://models.example.com --insecure", "curl \\\n  -k https://a.example.com",
		"wget -q --no-check-certificate https://a.example.com", "git -c http.sslVerify=false clone https://a.example.com", "requests.get(u, verify=False)",
		"ssl._create_unverified_context()", "ctx.check_hostname = False", "kfp.Client(verify_ssl=False)", "pip install -i http://pypi.example.com/simple a",
		"context.verify_mode = ssl.CERT_NONE", "curl -o /m http://files.example.com/m",
	] {
		said(pod({"command": ["sh", "-c", text]}), {}) & {["spec", "containers", 0, "command", 2]} != set()
	}
	every text in [
		"curl -s https://models.example.com", "curl https://a.example.com; ls -k", "requests.get(u, verify=True)", "git config http.sslVerify true",
		"pip install -i https://pypi.example.com/simple a", "echo curl", "curl http://models.ml.svc/m", "curl http://localhost:8080/healthz", "curl http://minio:9000", "curl http://$HOST/a", "curl --keepalive-time 2 https://a.example.com",
	] {
		said(pod({"command": ["sh", "-c", text]}), {}) == set()
	}
}

test_the_container_itself if {
	said(pod({"livenessProbe": {"exec": {"command": ["sh", "-c", "curl -k https://localhost:8443/healthz"]}}}), {}) == set()
	said(pod({"args": ["curl -k https://localhost.example.com/healthz"]}), {}) != set()
}

test_fields if {
	every row in [
		["apiregistration.k8s.io/v1", "APIService", {"insecureSkipTLSVerify": true}], ["security.istio.io/v1", "PeerAuthentication", {"mtls": {"mode": "DISABLE"}}],
		["networking.istio.io/v1", "DestinationRule", {"trafficPolicy": {"tls": {"mode": "SIMPLE", "insecureSkipVerify": true}}}],
		["networking.istio.io/v1", "DestinationRule", {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}],
	] {
		count(said({"apiVersion": row[0], "kind": row[1], "spec": row[2]}, {})) == 1
	}
	every row in [
		["apiregistration.k8s.io/v1", "APIService", {"insecureSkipTLSVerify": false}], ["apiregistration.k8s.io/v1", "APIService", {}],
		["security.istio.io/v1", "PeerAuthentication", {"mtls": {"mode": "STRICT"}}], ["networking.istio.io/v1", "DestinationRule", {"trafficPolicy": "odd"}],
	] {
		said({"apiVersion": row[0], "kind": row[1], "spec": row[2]}, {}) == set()
	}
}

test_what_stays_as_it_was if {
	bad := set("PYTHONHTTPSVERIFY", "0")
	count({1 | some _ in rule.violation with input as {"review": {"object": bad, "oldObject": bad, "operation": "UPDATE"}}}) == 0
}

test_no_value_of_a_command_is_shown if {
	every judged in [pod({"args": ["curl -k -H 'Authorization: Bearer abc' https://a.example.com"]}), set("PIP_INDEX_URL", "http://me:abc@pypi.example.com")] {
		messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": judged}}}
		count(messages) == 1
		every message in messages {
			not contains(message, "abc")
		}
	}
}

test_api_services_that_are_let_through if {
	service := {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": {"insecureSkipTLSVerify": true}}
	said(service, {"apiServices": "allow"}) == set()
	said(service, {"apiServices": "refuse"}) == {["spec", "insecureSkipTLSVerify"]}
	said({"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "spec": {"mtls": {"mode": "DISABLE"}}}, {"apiServices": "allow"}) != set()
}
