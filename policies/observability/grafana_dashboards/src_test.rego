package lockgate.observability.grafana_dashboards_test

import data.lockgate.observability.grafana_dashboards as rule

found(judged, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

of(spec) := {"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaDashboard", "metadata": {"name": "d"}, "spec": spec}

pinned := {"remote": "pinned"}

fetched := {["a dashboard is fetched", "spec.url"]}

test_urls if {
	found(of({"url": "http://boards.example.com/a.json"}), {}) == {["a dashboard is fetched over plain HTTP", "spec.url"]}
	found(of({"url": "http://jaas.jaas.svc:8080/a"}), pinned) == set()
	found(of({"url": "https://boards.example.com/main/a.json"}), {}) == set()
	found(of({"url": "https://boards.example.com/main/a.json"}), pinned) == fetched
	found(of({"url": "https://boards.example.com/0123456789abcdef0123456789abcdef01234567/a.json"}), pinned) == set()
	found(of({"url": "https://boards.example.com/v1.2.3/a.json"}), pinned) == set()
	found(of({"url": "https://boards.example.com/v1.2.3/a.json"}), {"remote": "refuse"}) == fetched
	found(of({"url": "${URL}"}), {"remote": "refuse"}) == set()
}

test_grafana_com if {
	newest := {["a dashboard is whatever is newest", "spec.grafanaCom"]}
	found(of({"grafanaCom": {"id": 1860}}), {}) == set()
	found(of({"grafanaCom": {"id": 1860}}), pinned) == newest
	found(of({"grafanaCom": {"id": 1860, "revision": 37}}), pinned) == set()
	found(of({"grafanaCom": {"id": 1860, "revision": "latest"}}), pinned) == newest
	found(of({"grafanaCom": {"id": 1860, "revision": 37}}), {"remote": "refuse"}) == newest
}

test_plugins if {
	old := {["a plugin is of no version", "spec.plugins.0.version"]}
	found(of({"plugins": [{"name": "a", "version": "latest"}]}), {}) == set()
	found(of({"plugins": [{"name": "a", "version": "latest"}]}), pinned) == old
	found(of({"plugins": [{"name": "a"}]}), pinned) == old
	found(of({"plugins": [{"name": "a", "version": "1.3.0"}]}), pinned) == set()
	found(of({"plugins": [{"name": "a", "version": "1.3.0", "url": "http://p.example.com/a.zip"}]}), {}) == {["a plugin is fetched over plain HTTP", "spec.plugins.0.url"]}
}

test_scripts if {
	script := "a script stands in a dashboard"
	document := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "GrafanaDashboard", "metadata": {"name": "d"}, "spec": {"panels": [{"options": {"mode": "html", "content": "<script>fetch('/api')</script>"}}, {"options": {"content": "<b>fine</b>"}}]}}
	found(document, {}) == {[script, "spec.panels.0.options.content"]}
	found(of({"json": "{\"panels\": [{\"content\": \"<img src=x onerror=alert(1)>\"}]}"}), {}) == {[script, "spec.json"]}
	held := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"grafana_dashboard": "1"}}, "data": {"d.json": "<script src=x>", "n": 7}}
	found(held, {}) == {[script, "data.d.json"]}
	found(object.remove(held, ["metadata"]), {}) == set()
	found(of({"json": "{\"description\": \"onclick= is said here\"}"}), {}) == set()
}

test_others if {
	every odd in [null, "x", 7, ["x"], {"url": 7, "grafanaCom": "x", "plugins": "x", "json": 7}, {"plugins": [null, 7]}] {
		found(of(odd), pinned) == set()
	}
	judged := of({"url": "http://boards.example.com/a.json"})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
