package lockgate.cost.right_sizing_test

import data.lib.lockgate.external
import data.lib.lockgate.utilisation
import data.lockgate.cost.right_sizing as rule

now := time.parse_rfc3339_ns("2026-06-30T00:00:00Z")

use(p95) := {"p95": p95, "maximum": p95, "samples": 4000, "since": "2026-06-01T00:00:00Z", "until": "2026-06-15T00:00:00Z"}

answered(key, uses) := {"responses": [[key, {"containers": {"server": uses}}]], "errors": [], "status_code": 200, "system_error": ""}

# What is said of a container that asks for something and uses something: what and the size to set.
said(resources, uses, parameters) := said_of(deployment(resources), `{"name":"fraud","namespace":"shop"}`, uses, parameters)

said_of(judged, key, uses, parameters) := {[split(violation.msg, " at ")[0], violation.details.path[count(violation.details.path) - 1], split(violation.msg, "fix: ")[1]] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
		with external.answers as answered(key, uses)
		with time.now_ns as now
}

deployment(resources) := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "fraud", "namespace": "shop"},
	"spec": {"template": {"spec": {"containers": [{"name": "server", "resources": resources}]}}},
}

more(resource, field, size) := {[sprintf("container asks for more %s than it uses", [resource]), field, sprintf("set it to %s", [size])]}

less(resource, field, size) := {[sprintf("container asks for less %s than it uses", [resource]), field, sprintf("set it to %s", [size])]}

test_cpu if {
	said({"requests": {"cpu": "8"}}, {"cpu": use(1)}, {}) == more("cpu", "cpu", "1300m")
	said({"requests": {"cpu": 8}}, {"cpu": use(1)}, {}) == more("cpu", "cpu", "1300m")
	said({"requests": {"cpu": "2600m"}}, {"cpu": use(1)}, {}) == set()
	said({"requests": {"cpu": "2601m"}}, {"cpu": use(1)}, {}) == more("cpu", "cpu", "1300m")
	said({"requests": {"cpu": "2601m"}}, {"cpu": use(1)}, {"tolerance": 3}) == set()
	said({"requests": {"cpu": "500m"}}, {"cpu": use(1)}, {}) == less("cpu", "cpu", "1300m")
	said({"requests": {"cpu": "1"}}, {"cpu": use(1)}, {}) == set()
	said({"requests": {"cpu": "4"}}, {"cpu": use(1)}, {"headroomPercent": 100}) == set()
	said({"requests": {"cpu": "4100m"}}, {"cpu": use(1)}, {"headroomPercent": 100}) == more("cpu", "cpu", "2000m")
	said({"requests": {"cpu": "8"}}, {"cpu": use(0)}, {}) == more("cpu", "cpu", "50m")
}

test_small_differences if {
	said({"requests": {"cpu": "200m"}}, {"cpu": use(0.01)}, {}) == set()
	said({"requests": {"cpu": "200m"}}, {"cpu": use(0.01)}, {"smallest": {"cpu": "100m"}}) == more("cpu", "cpu", "50m")
	said({"requests": {"memory": "300Mi"}}, {"memory": use(10)}, {}) == set()
	said({"requests": {"memory": "300Mi"}}, {"memory": use(10)}, {"smallest": {"memory": "64Mi"}}) == more("memory", "memory", "64Mi")
}

test_memory if {
	said({"requests": {"memory": "32Gi"}}, {"memory": use(4294967296)}, {}) == more("memory", "memory", "5376Mi")
	said({"limits": {"memory": "32Gi"}}, {"memory": use(4294967296)}, {}) == more("memory", "memory", "5376Mi")
	said({"requests": {"memory": "6Gi"}, "limits": {"memory": "32Gi"}}, {"memory": use(4294967296)}, {}) == set()
	said({"requests": {"memory": 1073741824}}, {"memory": use(4294967296)}, {}) == less("memory", "memory", "5376Mi")
}

test_devices if {
	said({"limits": {"nvidia.com/gpu": 8}}, {"devices": use(1.5)}, {}) == more("devices", "nvidia.com/gpu", "2")
	said({"limits": {"nvidia.com/gpu": "1"}}, {"devices": use(0.1)}, {}) == set()
	said({"limits": {"nvidia.com/gpu": 2}}, {"devices": use(0.1)}, {"tolerance": 1}) == more("devices", "nvidia.com/gpu", "1")
	said({"limits": {"nvidia.com/gpu": 2}}, {"devices": use(1.9)}, {}) == set()
	said({"limits": {"example.com/licence": 80}}, {"devices": use(1)}, {}) == set()
}

test_chosen if {
	both := {"requests": {"cpu": "8", "memory": "32Gi"}}
	uses := {"cpu": use(1), "memory": use(1)}
	count(said(both, uses, {})) == 2
	said(both, uses, {"resources": ["cpu"]}) == more("cpu", "cpu", "1300m")
	said(both, uses, {"resources": []}) == set()
}

test_odd_amounts if {
	every value in ["${CPU}", "many", null, true, [], {}, "", "-1", "1e3"] {
		said({"requests": {"cpu": value}}, {"cpu": use(1)}, {}) == set()
	}
	every resources in [null, "x", [], {"requests": null}, {"requests": "x", "limits": []}] {
		said(resources, {"cpu": use(1)}, {}) == set()
	}
}

test_measurements_that_count if {
	asks := {"requests": {"cpu": "8"}}
	said(asks, {"cpu": object.union(use(1), {"samples": 99})}, {}) == set()
	said(asks, {"cpu": object.union(use(1), {"samples": 99})}, {"minimumSamples": 99}) == more("cpu", "cpu", "1300m")
	said(asks, {"cpu": object.union(use(1), {"since": "2026-06-10T00:00:00Z"})}, {}) == set()
	said(asks, {"cpu": object.union(use(1), {"since": "2026-06-10T00:00:00Z"})}, {"minimumDays": 5}) == more("cpu", "cpu", "1300m")
	said(asks, {"cpu": use(1)}, {"maximumAgeDays": 14}) == set()
	said(asks, {"cpu": use(1)}, {"maximumAgeDays": 15}) == more("cpu", "cpu", "1300m")
	every odd in [{"p95": "1"}, {"p95": -1}, {"samples": "4000"}, {"since": null}, {"until": "yesterday"}] {
		said(asks, {"cpu": object.union(use(1), odd)}, {}) == set()
	}
	every uses in [null, "x", [], {"cpu": 1}] {
		said(asks, uses, {}) == set()
	}
}

test_no_evidence if {
	nothing := {["nothing is known of what the container uses", "resources", "measure fraud, and give the gate what lockgate utilisation writes"]}
	said({"requests": {"cpu": "1"}}, {}, {}) == set()
	said({"requests": {"cpu": "1"}}, {}, {"requireEvidence": true}) == nothing
	said({"requests": {"cpu": "1"}}, {"memory": use(1)}, {"requireEvidence": true}) == nothing
	said({"requests": {"cpu": "1"}}, {"cpu": use(1)}, {"requireEvidence": true}) == set()
	said({}, {}, {"requireEvidence": true}) == set()
	down := {"responses": null, "errors": null, "status_code": 0, "system_error": "down"}
	count(rule.violation) == 0 with input as {"review": {"object": deployment({"requests": {"cpu": "1"}})}, "parameters": {}} with external.answers as down
	count(rule.violation) == 1 with input as {"review": {"object": deployment({"requests": {"cpu": "1"}})}, "parameters": {"requireEvidence": true}} with external.answers as down
}

kserve(predictor) := {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "fraud"}, "spec": {"predictor": predictor}}

test_kserve if {
	predictor := kserve({"model": {"resources": {"requests": {"cpu": "8"}}}})
	keys := {container.key: container.name | some container in utilisation.containers with input as {"review": {"object": predictor, "namespace": "ml"}}}
	keys == {`{"name":"fraud-predictor","namespace":"ml"}`: "kserve-container"}
	said_of(kserve({"containers": [{"name": "server", "resources": {"requests": {"cpu": "8"}}}]}), `{"name":"fraud-predictor","namespace":"default"}`, {"cpu": use(1)}, {}) == more("cpu", "cpu", "1300m")
}

test_names if {
	every metadata in [null, "x", {}, {"name": "${NAME}"}, {"generateName": "x-"}] {
		judged := json.patch(deployment({"requests": {"cpu": "8"}}), [{"op": "replace", "path": "/metadata", "value": metadata}])
		count(rule.violation) == 0 with input as {"review": {"object": judged}, "parameters": {"requireEvidence": true}}
	}
}

test_updates if {
	big := deployment({"requests": {"cpu": "8"}})
	replies := answered(`{"name":"fraud","namespace":"shop"}`, {"cpu": use(1)})
	review := {"operation": "UPDATE", "object": object.union(big, {"status": {}}), "oldObject": big}
	count(rule.violation) == 0 with input as {"review": review, "parameters": {}} with external.answers as replies with time.now_ns as now
}
