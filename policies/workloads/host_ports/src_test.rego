package lockgate.workloads.host_ports_test

import data.lockgate.workloads.host_ports as rule

pod(ports) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "ports": ports}]}}

found(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_ports if {
	ports := [{"containerPort": 80}, {"containerPort": 8080, "hostPort": 8080}]
	found(pod(ports), {}) == {["spec", "containers", 0, "ports", 1, "hostPort"]}
	found(pod(ports), {"allowedPorts": [8080]}) == set()
	every value in [1, 65535, "8080", true, {}] { count(found(pod([{"hostPort": value}]), {})) == 1 }
	every value in [0, null, "${PORT}"] { found(pod([{"hostPort": value}]), {}) == set() }
	every odd in [null, 7, "x", [], [null, 7, "x"]] { found(pod(odd), {}) == set() }
}

test_init_containers if {
	judged := {"apiVersion": "v1", "kind": "Pod", "spec": {"initContainers": [{"ports": [{"hostPort": 1}]}]}}
	found(judged, {}) == {["spec", "initContainers", 0, "ports", 0, "hostPort"]}
}

test_agents if {
	agent := {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": "monitoring"}, "spec": {"template": pod([{"hostPort": 9100}])}}
	count(found(agent, {})) == 1
	found(agent, {"agentNamespaces": ["monitoring"]}) == set()
}

test_texts if {
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"podSpecPatch": `{"containers": [{"name": "main", "ports": [{"hostPort": 80}]}]}`}}
	messages := {violation.msg | some violation in rule.violation with input as {"review": {"object": workflow}, "parameters": {}}}
	count(messages) == 1
	some message in messages
	endswith(message, "fix: remove hostPort in the text of podSpecPatch, and reach the pod by a Service")
}

test_an_update_that_leaves_it if {
	judged := pod([{"hostPort": 80}])
	rule.violation == set() with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
