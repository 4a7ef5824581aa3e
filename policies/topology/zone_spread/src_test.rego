package lockgate.topology.zone_spread_test

import data.lockgate.topology.zone_spread as rule

deployment(replicas, pod) := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "d"},
	"spec": {
		"replicas": replicas,
		"template": {"metadata": {"labels": {"app": "llm", "tier": "gpu"}}, "spec": pod},
	},
}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

zone(fields) := {"topologySpreadConstraints": [object.union(
	{
		"topologyKey": "topology.kubernetes.io/zone",
		"maxSkew": 1,
		"whenUnsatisfiable": "ScheduleAnyway",
		"labelSelector": {"matchLabels": {"app": "llm"}},
	},
	fields,
)]}

test_spread if {
	every pod in [
		zone({}),
		zone({"labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["llm", "x"]}]}}),
		zone({"labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}),
		zone({"labelSelector": {"matchExpressions": [{"key": "old", "operator": "DoesNotExist"}]}}),
		zone({"labelSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}}),
		{"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
			"topologyKey": "topology.kubernetes.io/zone",
			"labelSelector": {"matchLabels": {"app": "llm"}},
		}]}}},
	] {
		said(deployment(3, pod), {}) == set()
	}
}

# A pod, and what the message adds.
close := [
	[{}, "or none; fix"],
	[zone({"maxSkew": 2}), "(its maxSkew is too large)"],
	[zone({"labelSelector": {"matchLabels": {"app": "other"}}}), "(its labelSelector does not select these pods)"],
	[zone({"labelSelector": {"matchExpressions": [{"key": "app", "operator": "Unknown"}]}}), "(its labelSelector does not"],
	[zone({"topologyKey": "kubernetes.io/hostname"}), "or none; fix"],
	[{"topologySpreadConstraints": "x"}, "or none; fix"],
	[{"topologySpreadConstraints": [7]}, "or none; fix"],
]

test_not_spread if {
	every row in close {
		found := said(deployment(3, row[0]), {})
		count(found) == 1
		some message in found
		contains(message, "replicas are not spread over zones at spec.template.spec.topologySpreadConstraints (3 replicas)")
		contains(message, row[1])
	}
}

test_no_selector_selects_nothing if {
	constraint := {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
	count(said(deployment(2, {"topologySpreadConstraints": [constraint]}), {})) == 1
}

test_one_replica_is_not_judged if {
	said(deployment(1, {}), {"zones": 3}) == set()
	said(object.remove(deployment(1, {}), ["spec"]), {}) == set()
}

test_strict if {
	parameters := {"whenUnsatisfiable": "DoNotSchedule"}
	some message in said(deployment(2, zone({})), parameters)
	contains(message, "(it is only a preference)")
	said(deployment(2, zone({"whenUnsatisfiable": "DoNotSchedule"})), parameters) == set()
}

test_zones if {
	said(deployment(3, zone({})), {"zones": 3}) == set()
	some message in said(deployment(2, zone({})), {"zones": 3})
	startswith(message, "there are fewer replicas than zones at spec.replicas (2)")
}

service(predictor) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"spec": {"predictor": predictor},
}

test_inference_service if {
	count(said(service({"minReplicas": 2, "model": {}}), {})) == 1
	said(service(object.union({"minReplicas": 2}, zone({}))), {}) == set()
	said(service({"minReplicas": 1}), {}) == set()
}

updated(old, new) := {"review": {"operation": "UPDATE", "object": new, "oldObject": old}, "parameters": {"zones": 3}}

owned(replicas) := object.union(deployment(replicas, {}), {
	"kind": "ReplicaSet",
	"metadata": {"ownerReferences": [{"kind": "Deployment", "name": "d", "controller": true}]},
})

test_what_was_made_before if {
	before := deployment(2, {})
	count(rule.violation) == 0 with input as updated(before, object.union(before, {"status": {"replicas": 2}}))
	count(rule.violation) == 2 with input as updated(deployment(1, {}), before)
	count(rule.violation) == 1 with input as updated(deployment(3, {}), before)
}

test_a_rollout_goes_on if {
	count(rule.violation) == 0 with input as updated(owned(3), owned(2))
	count(rule.violation) == 1 with input as updated(owned(2), owned(3))
}

job(kind, api, roles) := {"apiVersion": api, "kind": kind, "metadata": {"name": "j"}, "spec": roles}

worker := {"replicas": 4, "template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}}

test_pods_that_work_together_are_not_spread if {
	jobs := [
		job("MPIJob", "kubeflow.org/v2beta1", {"mpiReplicaSpecs": {"Worker": worker}}),
		job("PyTorchJob", "kubeflow.org/v1", {"pytorchReplicaSpecs": {"Worker": worker}}),
		job("RayCluster", "ray.io/v1", {"workerGroupSpecs": [worker]}),
		job("RayJob", "ray.io/v1", {"rayClusterSpec": {"workerGroupSpecs": [worker]}}),
	]
	every judged in jobs {
		said(judged, {}) == set()
		said(job("AppWrapper", "workload.codeflare.dev/v1beta2", {"components": [{"template": judged}]}), {}) == set()
	}
	count(said(job("RayService", "ray.io/v1", {"rayClusterConfig": {"workerGroupSpecs": [worker]}}), {})) == 1
	count(said(job("AppWrapper", "workload.codeflare.dev/v1beta2", {"components": [{"template": deployment(2, {})}]}), {})) == 1
}
