package lockgate.observability.scrape_credentials_test

import data.lockgate.observability.scrape_credentials as rule

found(judged, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

of(kind, spec) := {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": {"name": "m"}, "spec": spec}

file(spec) := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "PrometheusConfig", "metadata": {"name": "p.yml"}, "spec": spec}

unverified := "certificates are not verified"

secret := "a secret stands in a configuration of Prometheus"

plain := "plain HTTP leads out of the cluster"

test_verification if {
	found(of("ServiceMonitor", {"endpoints": [{"tlsConfig": {"insecureSkipVerify": true}}]}), {}) == {[unverified, "spec.endpoints.0.tlsConfig.insecureSkipVerify"]}
	found(of("Probe", {"tlsConfig": {"insecureSkipVerify": "true"}}), {}) == {[unverified, "spec.tlsConfig.insecureSkipVerify"]}
	found(of("ServiceMonitor", {"selector": {"matchLabels": {"app.kubernetes.io/name": "kubelet"}}, "endpoints": [{"tlsConfig": {"insecureSkipVerify": true}}]}), {}) == set()
	found({"apiVersion": "monitoring.googleapis.com/v1", "kind": "PodMonitoring", "spec": {"endpoints": [{"tls": {"insecureSkipVerify": true}}]}}, {}) == {[unverified, "spec.endpoints.0.tls.insecureSkipVerify"]}
	found(file({"scrape_configs": [{"job_name": "models", "tls_config": {"insecure_skip_verify": true}}, {"job_name": "kubernetes-cadvisor", "tls_config": {"insecure_skip_verify": true}}]}), {}) == {[unverified, "spec.scrape_configs.0.tls_config.insecure_skip_verify"]}
	every value in [false, "false", null, {}] {
		found(of("PodMonitor", {"podMetricsEndpoints": [{"tlsConfig": {"insecureSkipVerify": value}}]}), {}) == set()
	}
}

test_secrets if {
	found(of("Prometheus", {"remoteWrite": [{"url": "https://m.example.com", "bearerToken": "abc", "headers": {"Authorization": "Basic x"}}]}), {}) == {[secret, "spec.remoteWrite.0.bearerToken"], [secret, "spec.remoteWrite.0.headers.Authorization"]}
	found(file({"scrape_configs": [{"basic_auth": {"username": "u", "password": "x"}, "static_configs": [{"targets": ["a"]}]}]}), {}) == {[secret, "spec.scrape_configs.0.basic_auth.password"]}
	found(of("ServiceMonitor", {"endpoints": [{"basicAuth": {"password": {"name": "s", "key": "password"}}, "authorization": {"type": "Bearer", "credentials": {"name": "s", "key": "token"}}}]}), {}) == set()
	found({"apiVersion": "v1", "kind": "ConfigMap", "data": {"prometheus.yml": "scrape_configs: [{bearer_token: abc}]"}}, {}) == {[secret, "data.prometheus.yml"]}
	found({"apiVersion": "v1", "kind": "Secret", "stringData": {"prometheus.yml": "scrape_configs: [{bearer_token: abc}]"}}, {}) == set()
}

test_token_files if {
	account := "/var/run/secrets/kubernetes.io/serviceaccount/token"
	sent := "a monitor sends a file of Prometheus"
	found(of("ServiceMonitor", {"endpoints": [{"scheme": "https", "bearerTokenFile": account}]}), {}) == set()
	found(of("ServiceMonitor", {"endpoints": [{"scheme": "https", "bearerTokenFile": account}]}), {"tokenFiles": "refuse"}) == {[sent, "spec.endpoints.0.bearerTokenFile"]}
	found(of("ServiceMonitor", {"endpoints": [{"bearerTokenFile": "/etc/prometheus/secrets/a"}]}), {}) == {[sent, "spec.endpoints.0.bearerTokenFile"]}
	found(of("ServiceMonitor", {"endpoints": [{"bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/../../a"}]}), {}) == {[sent, "spec.endpoints.0.bearerTokenFile"]}
	found(of("ServiceMonitor", {"endpoints": [{"bearerTokenFile": ""}, {"bearerTokenFile": null}]}), {}) == set()
	found(of("ServiceMonitor", {"endpoints": [{"scheme": "http", "bearerTokenFile": account}]}), {}) == {["a token is sent over plain HTTP", "spec.endpoints.0"]}
}

test_plain_http if {
	found(of("Prometheus", {"remoteWrite": [{"url": "http://m.example.com/write"}, {"url": "http://mimir.monitoring.svc/write"}]}), {}) == {[plain, "spec.remoteWrite.0.url"]}
	found(of("ScrapeConfig", {"httpSDConfigs": [{"url": "http://targets.example.com"}]}), {}) == {[plain, "spec.httpSDConfigs.0.url"]}
	found(of("Probe", {"prober": {"url": "http://p.example.com"}}), {}) == set()
	goes := "credentials go to a target over plain HTTP"
	found(of("ScrapeConfig", {"basicAuth": {}, "staticConfigs": [{"targets": ["gpu.example.com:9400", "dcgm:9400"]}]}), {}) == {[goes, "spec.staticConfigs.0.targets.0"]}
	found(of("ScrapeConfig", {"scheme": "HTTPS", "basicAuth": {}, "staticConfigs": [{"targets": ["gpu.example.com:9400"]}]}), {}) == set()
	found(of("ScrapeConfig", {"staticConfigs": [{"targets": ["gpu.example.com:9400", 7]}, 7]}), {}) == set()
}

test_others if {
	every odd in [null, "x", 7, ["x"], {"endpoints": "x"}, {"endpoints": [null, 7]}] {
		found(of("ServiceMonitor", odd), {}) == set()
	}
	found(of("PrometheusRule", {"insecureSkipVerify": true}), {}) == set()
	judged := of("Probe", {"tlsConfig": {"insecureSkipVerify": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
