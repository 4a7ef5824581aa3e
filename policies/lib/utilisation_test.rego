package lib.lockgate.utilisation_test

import data.lib.lockgate.external
import data.lib.lockgate.utilisation

listed(judged) := {[container.key, container.name] |
	some container in utilisation.containers with input as {"review": {"object": judged, "namespace": "ml"}}
}

workload(version, kind, metadata) := {
	"apiVersion": version,
	"kind": kind,
	"metadata": metadata,
	"spec": {"template": {"spec": {"containers": [{"name": "server"}, {"name": "${SIDE}"}, {}, "x", null]}}},
}

test_workloads_whose_pods_keep_the_name if {
	every version, kinds in {"apps/v1": ["DaemonSet", "Deployment", "StatefulSet"], "argoproj.io/v1alpha1": ["Rollout"]} {
		every kind in kinds {
			listed(workload(version, kind, {"name": "fraud"})) == {[`{"name":"fraud","namespace":"ml"}`, "server"]}
			listed(workload(version, kind, {"name": "fraud", "namespace": "shop"})) == {[`{"name":"fraud","namespace":"shop"}`, "server"]}
		}
	}
	listed(workload("batch/v1", "Job", {"name": "fraud"})) == set()
	listed(workload("apps/v1", "ReplicaSet", {"name": "fraud"})) == set()
}

test_odd_names if {
	every metadata in [null, "x", [], {}, {"name": 7}, {"name": ""}, {"name": "$NAME"}] {
		listed(workload("apps/v1", "Deployment", metadata)) == set()
	}
}

test_kserve if {
	service := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "f"}, "spec": {
		"predictor": {"model": {}, "containers": [{"name": "proxy"}]},
		"transformer": {"containers": [{"name": "before"}]},
		"explainer": null,
	}}
	listed(service) == {
		[`{"name":"f-predictor","namespace":"ml"}`, "kserve-container"],
		[`{"name":"f-predictor","namespace":"ml"}`, "proxy"],
		[`{"name":"f-transformer","namespace":"ml"}`, "before"],
	}
}

test_uses if {
	use := {"p95": 1, "maximum": 2, "samples": 9, "since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
	container := {"key": "k", "name": "server"}
	reply := {"responses": [["k", {"containers": {"server": {"cpu": use, "memory": {"p95": -1}}}}]], "errors": [], "status_code": 200, "system_error": ""}
	deployment := {"review": {"object": workload("apps/v1", "Deployment", {"name": "fraud"})}}
	utilisation.of(container) == {"cpu": use} with input as deployment with external.answers as reply
	utilisation.of({"key": "k", "name": "other"}) == {} with input as deployment with external.answers as reply
	utilisation.of({"key": "other", "name": "server"}) == {} with input as deployment with external.answers as reply
}

test_days if {
	utilisation.days("2026-01-01T00:00:00Z", "2026-01-03T12:00:00Z") == 2.5
	utilisation.age("2026-01-01T00:00:00Z") == 1 with time.now_ns as time.parse_rfc3339_ns("2026-01-02T00:00:00Z")
}
