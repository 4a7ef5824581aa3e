package lockgate.observability.grafana_datasources_test

import data.lockgate.observability.grafana_datasources as rule

found(judged) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": {}}
}

of(source) := {"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaDatasource", "metadata": {"name": "g"}, "spec": {"datasource": source}}

secret := "a secret stands in a data source"

test_secrets if {
	found(of({"secureJsonData": {"httpHeaderValue1": "Bearer abc"}})) == {[secret, "spec.datasource.secureJsonData.httpHeaderValue1"]}
	found(of({"basicAuthPassword": "x1", "password": "x2"})) == {[secret, "spec.datasource.basicAuthPassword"], [secret, "spec.datasource.password"]}
	found(of({"url": "https://u:hunter2@db.example.com"})) == {[secret, "spec.datasource.url"]}
	every value in ["Bearer ${TOKEN}", "$TOKEN", "$__file{/a}", "", null, ["x"], {"a": "b"}] {
		found(of({"secureJsonData": {"httpHeaderValue1": value}})) == set()
	}
	every odd in [null, "x", 7, ["x"]] {
		found(of(odd)) == set()
		found(of({"secureJsonData": odd, "jsonData": odd, "url": odd, "access": odd})) == set()
	}
}

test_places if {
	found({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "GrafanaDatasources", "spec": {"apiVersion": 1, "datasources": [7, {"name": "p", "password": "x"}]}}) == {[secret, "spec.datasources.1.password"]}
	found({"apiVersion": "v1", "kind": "ConfigMap", "data": {"d.yaml": "{apiVersion: 1, datasources: [{name: p, password: x}]}"}}) == {[secret, "data.d.yaml"]}
	found({"apiVersion": "v1", "kind": "Secret", "stringData": {"d.yaml": "{apiVersion: 1, datasources: [{name: p, password: x}]}"}}) == set()
	found({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "HelmValues", "spec": {"grafana": {"additionalDataSources": [{"name": "p", "type": "loki", "basicAuthPassword": "x"}]}}}) == {[secret, "spec.grafana.additionalDataSources.0.basicAuthPassword"]}
}

test_connections if {
	unverified := "certificates of a data source are not verified"
	found(of({"url": "https://p.example.com", "jsonData": {"tlsSkipVerify": true}})) == {[unverified, "spec.datasource.jsonData.tlsSkipVerify"]}
	found(of({"jsonData": {"tlsSkipVerify": "true"}})) == {[unverified, "spec.datasource.jsonData.tlsSkipVerify"]}
	found(of({"url": "http://prometheus:9090", "jsonData": {"tlsSkipVerify": true}})) == set()
	found(of({"url": "http://p.example.com"})) == {["a data source is asked over plain HTTP", "spec.datasource.url"]}
	found(of({"url": "http://p.monitoring.svc:9090", "access": "proxy"})) == set()
	found(of({"access": "direct"})) == {["browsers ask a data source by themselves", "spec.datasource.access"]}
}

test_updates if {
	judged := of({"access": "direct"})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
