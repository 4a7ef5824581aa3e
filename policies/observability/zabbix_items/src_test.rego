package lockgate.observability.zabbix_items_test

import data.lockgate.observability.zabbix_items as rule

found(export, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in array.slice(violation.details.path, 2, 20)])] |
	some violation in rule.violation with input as {
		"review": {"object": {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "ZabbixExport", "metadata": {"name": "z"}, "spec": {"zabbix_export": export}}},
		"parameters": parameters,
	}
}

of(item) := {"templates": [{"items": [item]}]}

runs := "an item runs a command"

secret := "a secret stands in an export of Zabbix"

test_commands if {
	found(of({"key": "system.run[nvidia-smi]"}), {}) == {[runs, "templates.0.items.0"]}
	found(of({"key": "System.Run[x]"}), {}) == {[runs, "templates.0.items.0"]}
	found({"templates": [{"discovery_rules": [{"key": "a", "item_prototypes": [{"key": "gpu.sh[{#ID}]", "type": "EXTERNAL"}]}]}]}, {}) == {[runs, "templates.0.discovery_rules.0.item_prototypes.0"]}
	found(of({"key": "ssh.run[a]", "type": "SSH"}), {}) == {[runs, "templates.0.items.0"]}
	found(of({"key": "gpu.sh[0]", "type": "EXTERNAL"}), {"allowedKeys": ["gpu.sh[0]"]}) == set()
	found(of({"key": "nvidia.smi[gpu]", "type": "ZABBIX_ACTIVE"}), {}) == set()
}

test_secrets if {
	found(of({"key": "a", "type": "HTTP_AGENT", "password": "hunter2"}), {}) == {[secret, "templates.0.items.0.password"]}
	found(of({"key": "a", "password": "{$PASSWORD}"}), {}) == set()
	found(of({"key": "a", "headers": [{"name": "Authorization", "value": "Bearer abc"}]}), {}) == {[secret, "templates.0.items.0.headers.0.value"]}
	found(of({"key": "a", "headers": [{"name": "Authorization", "value": "Bearer {$TOKEN}"}, {"name": "Authorization", "value": "Bearer {#TOKEN}"}, {"name": "Accept", "value": "text/plain"}]}), {}) == set()
	found({"hosts": [{"host": "h", "tls_psk": "0123456789abcdef"}]}, {}) == {[secret, "hosts.0.tls_psk"]}
	macro := "a macro holds a secret as text"
	found({"templates": [{"macros": [{"macro": "{$API.TOKEN}", "value": "abc1"}]}]}, {}) == {[macro, "templates.0.macros.0"]}
	found({"templates": [{"macros": [{"macro": "{$PASSWORD:\"x\"}", "value": "abc1", "type": "SECRET_TEXT"}]}]}, {}) == {[macro, "templates.0.macros.0"]}
	every kept in [{"macro": "{$API.TOKEN}", "type": "SECRET_TEXT"}, {"macro": "{$API.TOKEN}", "type": "VAULT", "value": "path:token"}, {"macro": "{$TIMEOUT}", "value": "5s"}, {"macro": "{$API.TOKEN}", "value": ""}, {"macro": 7, "value": "x"}] {
		found({"templates": [{"macros": [kept]}]}, {}) == set()
	}
}

test_verification if {
	unverified := "an HTTP check does not verify whom it asks"
	found(of({"key": "a", "url": "https://a.example.com", "verify_peer": "NO"}), {}) == {[unverified, "templates.0.items.0.verify_peer"]}
	found(of({"key": "a", "url": "https://a.example.com"}), {}) == set()
	found(of({"key": "a", "url": "https://a.example.com"}), {"verification": "required"}) == {[unverified, "templates.0.items.0.verify_peer"]}
	found(of({"key": "a", "url": "https://a.example.com", "verify_peer": "YES"}), {"verification": "required"}) == set()
	plain := "credentials go over plain HTTP"
	found(of({"key": "a", "url": "http://a.example.com", "password": "{$P}"}), {}) == {[plain, "templates.0.items.0.url"]}
	found(of({"key": "a", "url": "http://a.example.com", "headers": [{"name": "X-Token", "value": "{$P}"}]}), {}) == {[plain, "templates.0.items.0.url"]}
	found(of({"key": "a", "url": "http://a.example.com"}), {}) == set()
	found(of({"key": "a", "url": "http://{HOST.CONN}/metrics", "password": "{$P}"}), {}) == set()
}

test_odd_types if {
	every odd in [null, "x", 7, ["x"], {"templates": "x"}, {"templates": [{"items": [null, 7, {"key": 7, "type": []}]}]}] {
		found(odd, {"verification": "required"}) == set()
	}
}
