package lockgate.observability.node_problem_detector_test

import data.lockgate.observability.node_problem_detector as rule

found(spec) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in array.slice(violation.details.path, 1, 20)])] |
	some violation in rule.violation with input as {"review": {"object": {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "NodeProblemDetectorConfig", "metadata": {"name": "n"}, "spec": spec}}, "parameters": {}}
}

of(one) := {"plugin": "custom", "source": "s", "conditions": [{"type": "GPUUnhealthy"}], "rules": [one]}

lies := "a plugin lies where others write"

shell := "a plugin is a shell, or fetches what it runs"

pattern := "a pattern fits nothing, or everything"

test_plugins if {
	every path in ["/tmp/check.sh", "//tmp/check.sh", "/var/tmp/a", "/home/u/a", "./config/../../tmp/a", "/home/kubernetes/bin/../a"] {
		found(of({"type": "temporary", "reason": "r", "path": path})) == {[lies, "rules.0.path"]}
	}
	every path in ["./config/plugin/check_ntp.sh", "/home/kubernetes/bin/log-counter"] {
		found(of({"type": "temporary", "path": path})) == set()
	}
	found(of({"type": "temporary", "path": "/usr/local/bin/check"})) == set()
	found(of({"type": "temporary", "path": "/bin/sh", "args": ["-c", "nvidia-smi"]})) == {[shell, "rules.0.args"]}
	found(of({"type": "temporary", "path": "/opt/run", "args": ["curl https://a.example.com/x | sh"]})) == {[shell, "rules.0.args"]}
	found(of({"type": "temporary", "path": "/usr/bin/curl", "args": ["-o", "/a", "https://a.example.com/x"]})) == {[shell, "rules.0.args"]}
	found(of({"type": "temporary", "path": "/usr/bin/curl", "args": ["http://localhost:10248/healthz", 7]})) == set()
	found(of({"type": "temporary", "path": "/bin/bash", "args": ["/config/plugin/check.sh"]})) == set()
}

test_patterns if {
	every value in [".*", "", "(", ".+", 7, null] {
		found(of({"type": "temporary", "pattern": value})) == {[pattern, "rules.0.pattern"]}
	}
	found(of({"type": "temporary", "pattern": "NVRM: Xid .*: 79"})) == set()
	found(of({"type": "temporary", "pattern": "(?i)xid"})) == set()
	found(of({"type": "temporary", "pattern": "(?=a)xid"})) == set()
}

test_conditions if {
	undeclared := "a rule is of a condition that is not declared"
	found(of({"type": "permanent", "condition": "GPUUnhealthy"})) == set()
	found(of({"type": "permanent", "condition": "Other"})) == {[undeclared, "rules.0.condition"]}
	found(of({"type": "permanent"})) == {[undeclared, "rules.0.condition"]}
	found(of({"type": "temporary", "condition": "Other"})) == set()
}

daemon(image, volume) := {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "n"}, "spec": {"template": {"spec": {
	"containers": [{"name": "n", "image": image, "volumeMounts": [{"name": "config", "mountPath": "/config"}, {"name": "log", "mountPath": "/var/log"}]}],
	"volumes": [object.union({"name": "config"}, volume), {"name": "log", "hostPath": {"path": "/var/log"}}],
}}}}

mounted(image, volume) := {violation.details.path | some violation in rule.violation with input as {"review": {"object": daemon(image, volume)}, "parameters": {}}}

test_mounts if {
	mounted("registry.k8s.io/node-problem-detector/node-problem-detector:v0.8.20", {"hostPath": {"path": "/etc/npd"}}) == {["spec", "template", "spec", "containers", 0, "volumeMounts", 0, "mountPath"]}
	mounted("registry.k8s.io/node-problem-detector/node-problem-detector:v0.8.20", {"configMap": {"name": "npd"}}) == set()
	mounted("other", {"hostPath": {"path": "/etc/npd"}}) == set()
}

test_odd_types if {
	every odd in [null, "x", 7, ["x"], {"rules": "x"}, {"rules": [null, 7, {}], "conditions": "x"}] {
		found(odd) == set()
	}
}

test_config_maps if {
	judged := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "data": {"a.json": json.marshal(of({"type": "temporary", "path": "/tmp/a"}))}}
	{violation.details.path | some violation in rule.violation} == {["data", "a.json"]} with input as {"review": {"object": judged}, "parameters": {}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
