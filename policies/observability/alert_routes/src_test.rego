package lockgate.observability.alert_routes_test

import data.lockgate.observability.alert_routes as rule

found(judged, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

file(spec) := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "AlertmanagerConfiguration", "metadata": {"name": "a"}, "spec": spec}

of(spec) := {"apiVersion": "monitoring.coreos.com/v1beta1", "kind": "AlertmanagerConfig", "metadata": {"name": "a"}, "spec": spec}

held(kind, field, text) := {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, field: {"alertmanager.yaml": text}}

point(spec) := {"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaContactPoint", "metadata": {"name": "c"}, "spec": spec}

plain := "alerts leave the cluster over plain HTTP"

secret := "a secret stands in a configuration of alerts"

routed(receiver) := {"route": {"receiver": "team"}, "receivers": [object.union({"name": "team"}, receiver)]}

test_plain if {
	found(of(routed({"webhookConfigs": [{"url": "http://hooks.example.com/a"}]})), {}) == {[plain, "spec.receivers.0.webhookConfigs.0.url"]}
	found(file(routed({"webhook_configs": [{"url": "http://hooks.example.com/a"}, {"url": "http://bridge.monitoring.svc:8080"}, {"url": "https://hooks.example.com"}]})), {}) == {[plain, "spec.receivers.0.webhook_configs.0.url"]}
	found(point({"receivers": [{"type": "webhook", "settings": {"url": "http://hooks.example.com/a"}}]}), {}) == {[plain, "spec.receivers.0.settings.url"]}
	found(point({"type": "webhook", "settings": {"url": "http://hooks.example.com/a"}}), {}) == {[plain, "spec.settings.url"]}
}

test_secrets if {
	found(file(routed({"pagerduty_configs": [{"routing_key": "kT9v0123"}]})), {}) == {[secret, "spec.receivers.0.pagerduty_configs.0.routing_key"]}
	found(file(object.union(routed({}), {"global": {"smtp_auth_password": "x", "slack_api_url": "https://hooks.slack.com/services/T0/B0/x"}})), {}) == {[secret, "spec.global.smtp_auth_password"], [secret, "spec.global.slack_api_url"]}
	found(point({"type": "slack", "settings": {"token": "xoxb-1"}}), {}) == {[secret, "spec.settings.token"]}
	found(of(routed({"slackConfigs": [{"apiURL": {"name": "slack", "key": "url"}}], "pagerdutyConfigs": [{"routingKey": {"name": "p", "key": "k"}}]})), {}) == set()
	text := "{route: {receiver: a}, receivers: [{name: a, pagerduty_configs: [{routing_key: 'kT9v0123'}]}]}"
	found(held("Secret", "stringData", text), {}) == set()
	found(held("Secret", "data", base64.encode(text)), {}) == set()
	found(held("ConfigMap", "data", text), {}) == {[secret, "data.alertmanager.yaml"]}
}

test_verification if {
	found(of(routed({"webhookConfigs": [{"url": "https://h.example.com", "httpConfig": {"tlsConfig": {"insecureSkipVerify": true}}}]})), {}) == {["certificates are not verified", "spec.receivers.0.webhookConfigs.0.httpConfig.tlsConfig.insecureSkipVerify"]}
	mail := "mail goes out without TLS"
	found(file(object.union(routed({}), {"global": {"smtp_smarthost": "smtp.example.com:25", "smtp_require_tls": false}})), {}) == {[mail, "spec.global.smtp_require_tls"]}
	found(file(object.union(routed({}), {"global": {"smtp_smarthost": "relay:25", "smtp_require_tls": false}})), {}) == set()
	found(file(object.union(routed({}), {"global": {"smtp_smarthost": "smtp.example.com:587"}})), {}) == set()
}

test_routes if {
	lost := "a route leads to no receiver"
	found(file({"route": {"receiver": "a", "routes": [{"receiver": "b"}]}, "receivers": [{"name": "a"}]}), {}) == {[lost, "spec.route.routes.0.receiver"]}
	found(held("Secret", "stringData", "{route: {receiver: a}, receivers: [{name: b}]}"), {}) == {[lost, "stringData.alertmanager.yaml"]}
	found(of({"route": {"receiver": "a"}}), {}) == set()
	nowhere := "alerts go nowhere"
	found(file({"route": {"receiver": "null"}, "receivers": [{"name": "null"}]}), {}) == set()
	found(file({"route": {"receiver": "null"}, "receivers": [{"name": "null"}]}), {"silentRoot": "refuse"}) == {[nowhere, "spec.route.receiver"]}
	found(file({"route": {"receiver": "a"}, "receivers": [{"name": "a", "email_configs": []}]}), {"silentRoot": "refuse"}) == {[nowhere, "spec.route.receiver"]}
	found(file({"route": {"receiver": "a"}, "receivers": [{"name": "a", "email_configs": [{"to": "team@example.com"}]}]}), {"silentRoot": "refuse"}) == set()
}

test_others if {
	every odd in [null, "x", 7, ["x"], {"route": "x", "receivers": "y"}, {"route": null, "receivers": [null, 7]}] {
		found(of(odd), {"silentRoot": "refuse"}) == set()
	}
	judged := point({"type": "webhook", "settings": {"url": "http://hooks.example.com/a"}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
