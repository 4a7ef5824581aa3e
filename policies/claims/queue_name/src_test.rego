package lockgate.claims.queue_name_test

import data.lockgate.claims.queue_name as rule

job(metadata, resources) := {
	"apiVersion": "batch/v1",
	"kind": "Job",
	"metadata": object.union({"name": "j"}, metadata),
	"spec": {"template": {"spec": {"containers": [{"name": "c", "resources": resources}]}}},
}

gpu := {"limits": {"nvidia.com/gpu": 1}}

said(judged, parameters) := {split(violation.msg, " at ")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

none := "workload that asks for devices has no queue"

queued(name) := {"labels": {"kueue.x-k8s.io/queue-name": name}}

test_queues if {
	said(job({}, gpu), {}) == {none}
	said(job({"labels": {}}, gpu), {}) == {none}
	said(job(queued(""), gpu), {}) == {none}
	said(job(queued("team-a"), gpu), {}) == set()
	said(job(queued("team-a"), gpu), {"queues": ["team-a"]}) == set()
	said(job(queued("team-b"), gpu), {"queues": ["team-a"]}) == {"queue is not one for this namespace"}
}

test_no_devices if said(job({}, {"limits": {"cpu": "1"}}), {}) == set()

test_owned if {
	owner := {"ownerReferences": [{"kind": "JobSet", "name": "s", "controller": true}]}
	said(job(owner, gpu), {}) == set()
}

test_claims if {
	judged := {
		"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
		"spec": {"resourceClaims": [{"name": "g", "resourceClaimTemplateName": "t"}], "containers": []},
	}
	said(judged, {}) == {none}
}
