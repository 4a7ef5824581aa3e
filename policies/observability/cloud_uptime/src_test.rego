package lockgate.observability.cloud_uptime_test

import data.lockgate.observability.cloud_uptime as rule

found(kind, spec, parameters) := {[split(violation.msg, " at ")[0], concat(".", [sprintf("%v", [one]) | some one in array.slice(violation.details.path, 1, 20)])] |
	some violation in rule.violation with input as {"review": {"object": {"apiVersion": "monitoring.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}}, "parameters": parameters}
}

check(fields) := found("MonitoringUptimeCheckConfig", {"httpCheck": fields}, {})

channel(fields) := found("MonitoringNotificationChannel", fields, {})

secret := "a secret stands in a check or a channel"

kept := {"username": "u", "password": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "p"}}}}

test_secrets if {
	check({"useSsl": true, "validateSsl": true, "authInfo": {"username": "u", "password": {"value": "hunter2"}}}) == {[secret, "httpCheck.authInfo.password.value"]}
	check({"useSsl": true, "validateSsl": true, "headers": {"Authorization": "Bearer abc"}}) == {[secret, "httpCheck.headers.Authorization"]}
	check({"useSsl": true, "validateSsl": true, "authInfo": kept, "headers": {"Authorization": "Bearer ${TOKEN}"}}) == set()
	channel({"sensitiveLabels": {"authToken": {"value": "xoxb-1"}}}) == {[secret, "sensitiveLabels.authToken.value"]}
	channel({"sensitiveLabels": {"authToken": {"valueFrom": {"secretKeyRef": {}}}, "password": null}}) == set()
}

test_connections if {
	check({"authInfo": kept}) == {["credentials go over plain HTTP", "httpCheck.useSsl"]}
	unverified := "a check does not verify whom it asks"
	check({"useSsl": true, "authInfo": kept}) == {[unverified, "httpCheck.validateSsl"]}
	check({"useSsl": true, "validateSsl": false}) == {[unverified, "httpCheck.validateSsl"]}
	check({"useSsl": true}) == set()
	check({"path": "/healthz"}) == set()
	check({"useSsl": "${SSL}", "validateSsl": true, "authInfo": kept}) == set()
	channel({"labels": {"url": "http://hooks.example.com"}}) == {["alerts go out over plain HTTP", "labels.url"]}
	channel({"labels": {"url": "https://hooks.example.com"}}) == set()
}

test_channels if {
	channel({"enabled": false}) == set()
	found("MonitoringNotificationChannel", {"enabled": false}, {"disabledChannels": "refuse"}) == {["a notification channel is off", "enabled"]}
	found("MonitoringNotificationChannel", {"enabled": true}, {"disabledChannels": "refuse"}) == set()
}

test_others if {
	every odd in [null, "x", 7, ["x"], {}] {
		check(odd) == set()
		channel(odd) == set()
		check({"authInfo": odd, "headers": odd}) == set()
		channel({"sensitiveLabels": odd, "labels": odd}) == set()
	}
	judged := {"apiVersion": "monitoring.cnrm.cloud.google.com/v1beta1", "kind": "MonitoringNotificationChannel", "metadata": {"name": "a"}, "spec": {"labels": {"url": "http://hooks.example.com"}}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
