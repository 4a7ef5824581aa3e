package lib.lockgate.configurations_test

import data.lib.lockgate.configurations

found(judged) := {[document.kind, document.path, document.how] |
	some document in configurations.documents with input as {"review": {"object": judged}}
}

of(kind, held) := {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, "data": held}

test_documents if {
	found({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "ZabbixExport", "metadata": {"name": "x"}, "spec": {"zabbix_export": {}}}) == {["ZabbixExport", ["spec"], "field"]}
	found({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "ZabbixExport", "metadata": {"name": "x"}, "spec": 7}) == set()
	found(of("ConfigMap", {"p.yml": "scrape_configs: []", "n": 7, "t": "scrape_configs: [", "u": "# scrape_configs"})) == {["PrometheusConfig", ["data", "p.yml"], "text"]}
	found(of("ConfigMap", {"npd": "{\"plugin\": \"kmsg\", \"source\": \"k\", \"rules\": []}"})) == {["NodeProblemDetectorConfig", ["data", "npd"], "text"]}
	found(of("ConfigMap", null)) == set()
	found(of("ConfigMap", ["scrape_configs: []"])) == set()
}

test_secrets if {
	found(of("Secret", {"alertmanager.yaml": base64.encode("{receivers: [], route: {receiver: a}}"), "other": base64.encode("scrape_configs: []"), "b.yaml": "***", "c.yaml": 7})) == {["AlertmanagerConfiguration", ["data", "alertmanager.yaml"], "text"]}
	found({"apiVersion": "v1", "kind": "Secret", "stringData": {"ds": "{apiVersion: 1, datasources: []}"}}) == {["GrafanaDatasources", ["stringData", "ds"], "text"]}
}

test_place if {
	configurations.place({"path": ["spec"], "how": "field"}, ["route", 0]) == ["spec", "route", 0]
	configurations.place({"path": ["data", "a"], "how": "text"}, ["route", 0]) == ["data", "a"]
}

values_of(judged) := {given.path | some given in configurations.values with input as {"review": {"object": judged}}}

test_values if {
	values_of({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "spec": {"values": {"a": 1}}}) == {["spec", "values"]}
	values_of({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "spec": {"values": "a"}}) == set()
	values_of({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "HelmValues", "spec": {"a": 1}}) == {["spec"]}
	values_of({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": {"source": {"helm": {"valuesObject": {}}}, "sources": [{"helm": {"valuesObject": {}}}, {}]}}) == {["spec", "source", "helm", "valuesObject"], ["spec", "sources", 0, "helm", "valuesObject"]}
}

test_documents_in_values if {
	configurations.with_values == [{"path": ["spec", "values", "alertmanager", "config"], "kind": "AlertmanagerConfiguration", "value": {"receivers": [], "route": {}}, "how": "field"}] with input as {"review": {"object": {
		"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
		"spec": {"values": {"alertmanager": {"config": {"receivers": [], "route": {}}}}},
	}}}
}
