package lockgate.serving.ray_job_cleanup_test

import data.lockgate.serving.ray_job_cleanup as rule

job(spec) := {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {"name": "j"}, "spec": object.union({"rayClusterSpec": {}}, spec)}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

delete(outcome, policy) := {"policy": policy, "condition": {"jobStatus": outcome, "ttlSeconds": 60}}

test_cleaned if {
	every spec in [
		{"shutdownAfterJobFinishes": true},
		{"shutdownAfterJobFinishes": true, "ttlSecondsAfterFinished": 600},
		{"shutdownAfterJobFinishes": "${SHUTDOWN}", "ttlSecondsAfterFinished": "${TTL}"},
		{"deletionStrategy": {"deletionRules": [delete("SUCCEEDED", "DeleteSelf"), delete("FAILED", "DeleteWorkers")]}},
		{"deletionStrategy": {"onSuccess": {"policy": "DeleteCluster"}, "onFailure": {"policy": "DeleteSelf"}}},
	] {
		said(job(spec), {}) == set()
	}
	said({"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"clusterSelector": {"ray.io/cluster": "c"}}}, {}) == set()
	said({"apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": {}}, {}) == set()
}

test_outlives if {
	every spec in [
		{},
		{"shutdownAfterJobFinishes": false},
		{"shutdownAfterJobFinishes": null},
		{"shutdownAfterJobFinishes": "true"},
		{"clusterSelector": {"a": "b"}},
		{"clusterSelector": {}},
		{"deletionStrategy": {"deletionRules": [delete("SUCCEEDED", "DeleteSelf")]}},
		{"deletionStrategy": {"deletionRules": [delete("SUCCEEDED", "DeleteSelf"), delete("FAILED", "DeleteNone")]}},
		{"deletionStrategy": {"onSuccess": {"policy": "DeleteCluster"}}},
		{"deletionStrategy": "x"},
	] {
		found := said(job(spec), {})
		count(found) == 1
		some message in found
		startswith(message, "cluster outlives its job at spec.shutdownAfterJobFinishes (")
	}
	cron := {"apiVersion": "ray.io/v1", "kind": "RayCronJob", "spec": {"jobTemplate": {"rayClusterSpec": {}}}}
	some message in said(cron, {})
	contains(message, " at spec.jobTemplate.shutdownAfterJobFinishes (not set)")
}

test_too_long if {
	every value in [601, "600", null, [], true] {
		found := said(job({"shutdownAfterJobFinishes": true, "ttlSecondsAfterFinished": value}), {"maximumTTLSeconds": 600})
		count(found) == 1
		some message in found
		startswith(message, "cluster stays too long after its job at spec.ttlSecondsAfterFinished (")
	}
	count(said(job({"shutdownAfterJobFinishes": true, "ttlSecondsAfterFinished": 86401}), {})) == 1
}

test_deadline if {
	spec := {"shutdownAfterJobFinishes": true}
	every value in [1, "$DEADLINE"] {
		said(job(object.union(spec, {"activeDeadlineSeconds": value})), {"requireDeadline": true}) == set()
	}
	every value in [0, null, "60", []] {
		some message in said(job(object.union(spec, {"activeDeadlineSeconds": value})), {"requireDeadline": true})
		startswith(message, "job has no deadline at spec.activeDeadlineSeconds (")
	}
	said(job(spec), {}) == set()
}

test_updates if {
	old := job({})
	suspended := job({"suspend": true})
	marked := object.union(old, {"status": {"jobStatus": "RUNNING"}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": suspended, "oldObject": old}}
	other := job({"entrypoint": "python x.py"})
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": other, "oldObject": old}}
}
