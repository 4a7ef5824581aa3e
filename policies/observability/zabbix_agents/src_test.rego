package lockgate.observability.zabbix_agents_test

import data.lockgate.observability.zabbix_agents as rule

found(judged) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": {}}
}

running(env) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "z"}, "spec": {"containers": [{"name": "a", "image": "zabbix/zabbix-agent2:7.0.0", "env": env}]}}

runs := "an agent runs commands for the server"

test_commands if {
	every variable in [["ZBX_ENABLEREMOTECOMMANDS", "1"], ["ZBX_UNSAFEUSERPARAMETERS", "true"], ["ZBX_ALLOWKEY", "system.run[*]"], ["ZBX_ALLOWKEY", "vfs.file.size[*]; system.run[/bin/a]"], ["ZBX_ALLOWKEY", "*"], ["ZBX_SERVER_ENABLEREMOTECOMMANDS", 1]] {
		found(running([{"name": variable[0], "value": variable[1]}])) == {[runs, "spec.containers.0.env.0.value"]}
	}
	every variable in [["ZBX_ENABLEREMOTECOMMANDS", "0"], ["ZBX_ALLOWKEY", "vfs.file.size[*]"], ["ZBX_ALLOWKEY", "${KEYS}"], ["ZBX_DENYKEY", "system.run[*]"], ["ZBX_ALLOWKEY", 7]] {
		found(running([{"name": variable[0], "value": variable[1]}])) == set()
	}
	found({"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "HelmValues", "spec": {"zabbixAgent": {"extraEnv": [{"name": "ZBX_ALLOWKEY", "value": "system.run[*]"}]}}}) == {[runs, "spec.zabbixAgent.extraEnv.0.value"]}
}

test_everybody if {
	found(running([{"name": "ZBX_SERVER_HOST", "value": "zabbix-server,0.0.0.0/0"}])) == {["an agent answers to everybody", "spec.containers.0.env.0.value"]}
	found(running([{"name": "ZBX_SERVER_HOST", "value": "zabbix-server"}, {"name": "ZBX_PASSIVESERVERS", "valueFrom": {}}, {"name": 7}, null])) == set()
}

test_others if {
	found(running("x")) == set()
	judged := running([{"name": "ZBX_ENABLEREMOTECOMMANDS", "value": "1"}])
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
