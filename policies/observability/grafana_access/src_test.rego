package lockgate.observability.grafana_access_test

import data.lockgate.observability.grafana_access as rule

found(judged, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

of(config) := {"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "Grafana", "metadata": {"name": "g"}, "spec": {"config": config}}

running(env) := {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "g"}, "spec": {"template": {"spec": {"containers": [{"name": "g", "image": "grafana/grafana:11.0.0", "env": env}]}}}}

held(text) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "g"}, "data": {"grafana.ini": text, "other": text, "n": 7}}

release(values) := {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "g"}, "spec": {"values": values}}

visitors := "visitors need no account"

secret := "a secret stands in Grafana's configuration"

test_anonymous if {
	every value in [true, "true", "True", " 1 ", 1] {
		found(of({"auth.anonymous": {"enabled": value}}), {}) == {[visitors, "spec.config.auth.anonymous.enabled"]}
	}
	every value in [false, "false", "", null, "0", {}] {
		found(of({"auth.anonymous": {"enabled": value}}), {}) == set()
	}
	found(of({"auth.anonymous": {"enabled": "true", "org_role": "Viewer"}}), {"anonymousRole": "viewer"}) == set()
	found(of({"auth.anonymous": {"enabled": "true"}}), {"anonymousRole": "viewer"}) == set()
	found(of({"auth.anonymous": {"enabled": "true", "org_role": "Admin"}}), {"anonymousRole": "viewer"}) == {[visitors, "spec.config.auth.anonymous.enabled"]}
	found(running([{"name": "GF_AUTH_ANONYMOUS_ENABLED", "value": "true"}, {"name": "GF_AUTH_ANONYMOUS_ORG_ROLE", "value": "Admin"}]), {"anonymousRole": "viewer"}) == {[visitors, "spec.template.spec.containers.0.env.0.value"]}
	found(held("[server]\nenabled = true\n[auth.anonymous]\n# enabled = false\nenabled = true\n"), {}) == {[visitors, "data.grafana.ini"]}
	found(held("[auth.anonymous]\r\nenabled = false\r\n[x]\r\nenabled=true"), {}) == set()
	found(release({"grafana": {"grafana.ini": {"auth.anonymous": {"enabled": true}}}}), {}) == {[visitors, "spec.values.grafana.grafana.ini.auth.anonymous.enabled"]}
}

test_sign_up_and_proxies if {
	found(of({"users": {"allow_sign_up": "true"}}), {}) == {["visitors make accounts for themselves", "spec.config.users.allow_sign_up"]}
	found(of({"auth.google": {"allow_sign_up": "true"}}), {}) == set()
	found(of({"auth.proxy": {"enabled": "true"}}), {}) == {["a header says who somebody is", "spec.config.auth.proxy.enabled"]}
	found(of({"auth.proxy": {"enabled": "true", "whitelist": " "}}), {}) == {["a header says who somebody is", "spec.config.auth.proxy.enabled"]}
	found(of({"auth.proxy": {"enabled": "true", "whitelist": "10.0.0.7"}}), {}) == set()
}

test_listens_to_its_pod if {
	found(of({"auth.anonymous": {"enabled": "true"}, "auth.proxy": {"enabled": "true"}, "server": {"http_addr": "127.0.0.1"}}), {}) == set()
	count(found(of({"auth.anonymous": {"enabled": "true"}, "auth.proxy": {"enabled": "true"}, "server": {"http_addr": "0.0.0.0"}}), {})) == 2
}

test_secrets if {
	found(of({"security": {"admin_password": "hunter2"}}), {}) == {[secret, "spec.config.security.admin_password"]}
	found(of({"auth.google": {"client_secret": "x1"}, "smtp": {"password": "x2"}}), {}) == {[secret, "spec.config.auth.google.client_secret"], [secret, "spec.config.smtp.password"]}
	every value in ["${PASSWORD}", "$__file{/etc/secrets/admin}", "$__env{PASSWORD}", "<password>", "", null, 7, {}] {
		found(of({"security": {"admin_password": value}}), {}) == set()
	}
	found(running([{"name": "GF_SECURITY_ADMIN_PASSWORD", "value": "admin"}, {"name": 7}, {"name": "GF_AUTH_ANONYMOUS_ENABLED", "valueFrom": {"configMapKeyRef": {}}}]), {}) == set()
	found(held("[security]\nadmin_password = hunter2"), {}) == {[secret, "data.grafana.ini"]}
	found(held("[security]\nadmin_password = $__file{/a}"), {}) == set()
	found(release({"grafana": {"adminPassword": "prom-operator"}}), {}) == {[secret, "spec.values.grafana.adminPassword"]}
	found(release({"adminPassword": "x", "adminUser": "admin"}), {}) == {[secret, "spec.values.adminPassword"]}
	found(release({"adminPassword": "x", "auth": {"adminPassword": "x"}}), {}) == set()
}

test_verification if {
	found(of({"auth.generic_oauth": {"tls_skip_verify_insecure": "true"}, "smtp": {"skip_verify": "false"}}), {}) == {["certificates are not verified", "spec.config.auth.generic_oauth.tls_skip_verify_insecure"]}
	found(of({"plugins": {"allow_loading_unsigned_plugins": "acme-panel"}}), {}) == {["plugins need no signature", "spec.config.plugins.allow_loading_unsigned_plugins"]}
	found(of({"plugins": {"allow_loading_unsigned_plugins": ""}}), {}) == set()
}

external(fields) := found({"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "Grafana", "spec": {"external": fields}}, {})

test_operator if {
	external({"url": "http://grafana.example.com"}) == {["the operator reaches Grafana over plain HTTP", "spec.external.url"]}
	external({"url": "http://grafana.monitoring.svc:3000", "tls": {"insecureSkipVerify": true}}) == {["the operator does not verify Grafana", "spec.external.tls.insecureSkipVerify"]}
	external({"url": "https://grafana.example.com", "tls": {"insecureSkipVerify": false}}) == set()
	external(null) == set()
}

test_protections if {
	off := "a protection of Grafana is off"
	found(of({"panels": {"disable_sanitize_html": "true"}}), {}) == {[off, "spec.config.panels.disable_sanitize_html"]}
	found(running([{"name": "GF_SECURITY_DISABLE_BRUTE_FORCE_LOGIN_PROTECTION", "value": "true"}]), {}) == {[off, "spec.template.spec.containers.0.env.0.value"]}
	found(of({"auth": {"oauth_allow_insecure_email_lookup": "false"}}), {}) == set()
	found(of({"users": {"auto_assign_org_role": "Admin"}}), {}) == {["everybody who signs in administers Grafana", "spec.config.users.auto_assign_org_role"]}
	found(of({"users": {"auto_assign_org_role": "Viewer"}}), {}) == set()
}

test_odd_types if {
	every odd in [null, "x", 7, ["x"], {"auth.anonymous": "true"}, {"auth.anonymous": null}] {
		found(of(odd), {}) == set()
	}
}

test_updates if {
	judged := of({"auth.anonymous": {"enabled": "true"}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
