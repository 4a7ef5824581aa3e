package lockgate.observability.drift_services_test

import data.lockgate.observability.drift_services as rule

found(container) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in violation.details.path])] |
	some violation in rule.violation with input as {"review": {"object": running(container)}, "parameters": {}}
}

running(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e"}, "spec": {"containers": [object.union({"name": "e", "image": "registry.example.com/drift:1"}, container)]}}

open := {["anybody may write to Evidently", "spec.containers.0"]}

test_services if {
	found({"command": ["evidently", "ui", "--host", "0.0.0.0"]}) == open
	found({"command": ["sh", "-c", "evidently ui --workspace /data --host=0.0.0.0 --port 8000"]}) == open
	found({"args": ["evidently", "legacy_ui", "--host", "0.0.0.0"]}) == open
	found({"args": ["evidently", "collector"]}) == open
	found({"image": "evidently/evidently-service:0.7.4"}) == open
	found({"command": ["evidently", "ui"]}) == set()
	found({"command": ["evidently", "ui", "--host", "127.0.0.1"]}) == set()
	found({"command": ["python", "train.py"]}) == set()
}

test_secrets if {
	args := ["evidently", "ui", "--host", "0.0.0.0"]
	found({"args": args, "env": [{"name": "EVIDENTLY_SECRET", "valueFrom": {"secretKeyRef": {"name": "e", "key": "s"}}}]}) == set()
	found({"args": args, "env": [{"name": "EVIDENTLY_SECRET", "value": "${SECRET}"}]}) == set()
	found({"args": args, "env": [{"name": "EVIDENTLY_SECRET", "value": ""}]}) == open
	found({"args": array.concat(args, ["--secret", "$(SECRET)"])}) == set()
	found({"args": args, "envFrom": [{"secretRef": {"name": "e"}}]}) == set()
	found({"args": args, "envFrom": [{"configMapRef": {"name": "e"}}]}) == open
}

test_addresses if {
	found({"env": [{"name": "EVIDENTLY_URL", "value": "http://drift.example.com"}]}) == {["reports of drift leave the cluster over plain HTTP", "spec.containers.0.env.0.value"]}
	found({"env": [{"name": "EVIDENTLY_WORKSPACE_URL", "value": "http://evidently.drift.svc:8000"}, {"name": "EVIDENTLY_URL", "value": "https://drift.example.com"}]}) == set()
}

test_others if {
	every odd in [null, "x", 7, {}] {
		found({"args": odd, "command": odd, "env": odd, "envFrom": odd}) == set()
	}
	judged := running({"args": ["evidently", "collector"]})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
