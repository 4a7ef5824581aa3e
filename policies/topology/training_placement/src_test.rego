package lockgate.topology.training_placement_test

import data.lockgate.topology.training_placement as rule

said(judged, parameters) := {split(violation.msg, " (")[0] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

spec := {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": 8}}}]}

job(workers, template) := {
	"apiVersion": "kubeflow.org/v2beta1", "kind": "MPIJob", "metadata": {"name": "j"},
	"spec": {"mpiReplicaSpecs": {
		"Launcher": {"template": {"spec": {"containers": [{"name": "l"}]}}},
		"Worker": {"replicas": workers, "template": template},
	}},
}

apart := "pods of one training run may be in different zones at spec.mpiReplicaSpecs.Worker.template.metadata.annotations"

key := "topology.kubernetes.io/zone"

test_several_pods_with_devices if {
	said(job(4, {"spec": spec}), {}) == {apart}
	said(job(1, {"spec": spec}), {}) == set()
	said(job(4, {"spec": {"containers": [{"name": "c"}]}}), {}) == set()
	said(job(4, {"spec": {"containers": [], "resourceClaims": [{"name": "g", "resourceClaimTemplateName": "t"}]}}), {}) == {apart}
}

annotated(name, value) := {"metadata": {"annotations": {name: value}}, "spec": spec}

required := "kueue.x-k8s.io/podset-required-topology"

preferred := "kueue.x-k8s.io/podset-preferred-topology"

test_annotations if {
	said(job(4, annotated(required, key)), {}) == set()
	said(job(4, annotated(required, "example.com/building")), {}) == {apart}
	said(job(4, annotated(required, "example.com/building")), {"topologyKeys": ["example.com/building"]}) == set()
	said(job(4, annotated(preferred, key)), {}) == {apart}
	said(job(4, annotated(preferred, key)), {"preferred": "allow"}) == set()
}

placed(fields) := {"spec": object.union(spec, fields)}

terms(list) := {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list}}}}

in_zone(zones) := {"matchExpressions": [{"key": key, "operator": "In", "values": zones}]}

rows := [
	[{"nodeSelector": {key: "a"}}, set()],
	[{"nodeSelector": {"disk": "ssd"}}, {apart}],
	[terms([in_zone(["a"])]), set()],
	[terms([in_zone(["a", "b"])]), {apart}],
	[terms([in_zone(["a"]), in_zone(["b"])]), {apart}],
	[terms([in_zone(["a"]), {"matchExpressions": []}]), {apart}],
	[terms([]), {apart}],
	[{"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": key}]}}}, set()],
	[{"affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": {"topologyKey": key}}]}}}, {apart}],
]

test_placement_by_the_pod if {
	every row in rows { said(job(4, placed(row[0])), {}) == row[1] }
}

jobset(annotations, of_job) := {
	"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "s", "annotations": annotations},
	"spec": {"replicatedJobs": [{"name": "w", "template": {
		"metadata": {"annotations": of_job},
		"spec": {"parallelism": 2, "completions": 2, "template": {"spec": spec}},
	}}]},
}

exclusive := {"alpha.jobset.sigs.k8s.io/exclusive-topology": "cloud.google.com/gke-nodepool"}

test_jobsets if {
	count(said(jobset({}, {}), {})) == 1
	said(jobset(exclusive, {}), {}) == set()
	said(jobset({}, exclusive), {}) == set()
}

group(replicas, size, annotations) := {
	"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "l", "annotations": annotations},
	"spec": {"replicas": replicas, "leaderWorkerTemplate": {"size": size, "workerTemplate": {"spec": spec}}},
}

# Groups may be apart; the pods of one may not.
test_leaders_and_workers if {
	said(group(4, 1, {}), {}) == set()
	count(said(group(1, 4, {}), {})) == 1
	said(group(1, 4, {"leaderworkerset.sigs.k8s.io/exclusive-topology": key}), {}) == set()
}

volcano(fields) := {
	"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "metadata": {"name": "v"},
	"spec": object.union(fields, {"tasks": [{"replicas": 2, "template": {"spec": spec}}]}),
}

test_volcano if {
	count(said(volcano({}), {})) == 1
	said(volcano({"networkTopology": {"mode": "hard"}}), {}) == set()
	count(said(volcano({"networkTopology": {"mode": "soft"}}), {})) == 1
	said(volcano({"networkTopology": {"mode": "soft"}}), {"preferred": "allow"}) == set()
}

pod_group(least, constraints) := {
	"apiVersion": "scheduling.k8s.io/v1beta1", "kind": "PodGroup", "metadata": {"name": "g"},
	"spec": {"schedulingPolicy": {"gang": {"minCount": least}}, "schedulingConstraints": constraints},
}

test_gangs if {
	said(pod_group(4, {}), {}) == {"pods of one gang may be in different zones at spec.schedulingConstraints"}
	said(pod_group(1, {}), {}) == set()
	said(pod_group(4, {"topology": [{"key": key}]}), {}) == set()
	workload := {
		"apiVersion": "scheduling.k8s.io/v1beta1", "kind": "Workload", "metadata": {"name": "w"},
		"spec": {"podGroupTemplates": [{"schedulingPolicy": {"gang": {"minCount": 2}}}]},
	}
	said(workload, {}) == {"pods of one gang may be in different zones at spec.podGroupTemplates[0].schedulingConstraints"}
}

test_what_was_made_before if {
	group := pod_group(4, {})
	finished := object.union(group, {"metadata": {"finalizers": []}, "status": {"phase": "Scheduled"}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": finished, "oldObject": group}}
	run := volcano({})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(run, {"status": {}}), "oldObject": run}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": run, "oldObject": object.remove(run, ["spec"])}}
}
