# METADATA
# title: Pods that train together are placed together
# description: |
#   Pods of one training run exchange gradients at every step: between zones that is slow, and it is billed. A workload that makes
#   more than one pod with devices for one run must keep them in one zone, block or rack (`topologyKeys`), by one of: Kueue's
#   annotation `kueue.x-k8s.io/podset-required-topology` on its pods, the annotation `exclusive-topology` of JobSet or LeaderWorkerSet,
#   a node selector or a required node affinity that names one value of such a label, a required pod affinity over it,
#   `schedulingConstraints.topology` of PodGroups and Workloads, or Volcano's `networkTopology` with the mode `hard`.
#   With `preferred: allow` Kueue's `podset-preferred-topology` and Volcano's `soft` are enough.
#
#   Judged are JobSets, LeaderWorkerSets (pods of one group), the jobs of the training operator and of Volcano, and gangs of
#   PodGroups and Workloads, whose devices the pods have. Pods without devices may be anywhere.
#
#   Not covered: TrainJobs, whose pods a runtime makes (match JobSets: it makes one), Ray, whether the nodes have the labels, and
#   what the scheduler is configured with.
# related_resources:
#   - ref: https://kueue.sigs.k8s.io/docs/concepts/topology_aware_scheduling/
#     description: Topology aware scheduling
#   - ref: https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5732-topology-aware-workload-scheduling
#     description: KEP-5732
# custom:
#   id: LG-T004
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#     - FinOps (anticipated cost)
#   systems: [kubeflow-trainer, kubernetes, topology]
package lockgate.topology.training_placement

import data.lib.lockgate.amounts
import data.lib.lockgate.extended_resources
import data.lib.lockgate.multiplicity
import data.lib.lockgate.paths
import data.lib.lockgate.pod_claims
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "pods of one training run may be in different zones", shown, why, fix) if {
	not updates.unchanged
	some run in runs
	not placed(run)
	path := array.concat(paths.parent(run.pod.path), ["metadata", "annotations"])
	shown := sprintf("%v pods with devices", [run.pods])
	why := "what they exchange at every step crosses zones then, slowly and at a price"
	fix := sprintf("add the annotation kueue.x-k8s.io/podset-required-topology: %s, or a node affinity for one value of it", [keys[0]])
}

violation contains report.violation(path, "pods of one gang may be in different zones", shown, why, fix) if {
	not updates.unchanged
	some gang in gangs
	not constrained(gang.path)
	path := array.concat(gang.path, ["schedulingConstraints"])
	shown := sprintf("%v pods", [gang.pods])
	why := "what they exchange at every step crosses zones then, slowly and at a price"
	fix := sprintf("add topology with the key %s", [keys[0]])
}

keys := object.get(review.parameters, "topologyKeys", default_keys)

# Names of zones, blocks and racks that cloud providers and Kueue's pages use.
default_keys := [
	"topology.kubernetes.io/zone", "cloud.provider.com/topology-block", "cloud.provider.com/topology-rack",
	"cloud.google.com/gce-topology-block", "cloud.google.com/gce-topology-subblock", "cloud.google.com/gke-nodepool",
	"cloud.google.com/gke-tpu-slice", "eks.amazonaws.com/nodegroup", "topology.k8s.aws/network-node-layer-1",
	"topology.k8s.aws/network-node-layer-2", "topology.k8s.aws/network-node-layer-3", "nvidia.com/gpu.clique",
	"kubernetes.io/hostname",
]

jobs := multiplicity.parts | {"jobset.x-k8s.io/JobSet"}

# Pods with devices of which one run has several: all replicas of all parts of a job, all pods of a group.
runs := array.concat(
	[{"pod": pod, "pods": pods} |
		some pod in devoted
		pod.object.name in jobs
		pod.object.name != "argoproj.io/Experiment"
		pods := amounts.total([multiplicity.at(other.path).pods |
			some other in devoted
			other.object.path == pod.object.path
		])
		several(pods)
	],
	[{"pod": pod, "pods": size} |
		some pod in devoted
		pod.object.name == "leaderworkerset.x-k8s.io/LeaderWorkerSet"
		size := amounts.whole(pod.object.value, ["spec", "leaderWorkerTemplate", "size"], 1)
		several(size)
	],
)

several(pods) if {
	is_number(pods)
	pods > 1
}

several("unbounded")

# Pods that are given devices.
devoted := [pod |
	some pod in workloads.pods
	has_devices(pod)
]

has_devices(pod) if {
	some found in extended_resources.extended
	found.pod == pod.path
	found.kind != "vendor"
	found.count != 0
}

has_devices(pod) if {
	some claim in pod_claims.pod_claims
	claim.holder == pod.path
}

placed(run) if {
	some name in annotation_names
	workloads.value_at(array.concat(paths.parent(run.pod.path), ["metadata", "annotations", name])) in key_set
}

placed(run) if {
	some name in [
		"alpha.jobset.sigs.k8s.io/exclusive-topology", "leaderworkerset.sigs.k8s.io/exclusive-topology",
	]
	some holder in exclusive_holders(run.pod)
	workloads.value_at(array.concat(holder, ["metadata", "annotations", name])) in key_set
}

placed(run) if {
	some key in keys
	is_string(run.pod.value.nodeSelector[key])
}

placed(run) if {
	terms := run.pod.value.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
	count(terms) > 0
	values := {value |
		some term in terms
		some value in term_values(term)
	}
	count(values) == 1
	every term in terms { count(term_values(term)) == 1 }
}

placed(run) if {
	some term in run.pod.value.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution
	term.topologyKey in key_set
}

placed(run) if {
	network := run.pod.object.value.spec.networkTopology
	network.mode in modes
}

key_set := {key | some key in keys}

# One label with one value: what a term of a node affinity allows of the keys.
term_values(term) := {[expression.key, value] |
	some expression in term.matchExpressions
	expression.key in key_set
	expression.operator == "In"
	count(expression.values) == 1
	some value in expression.values
}

annotation_names := ["kueue.x-k8s.io/podset-required-topology"] if {
	not preferred
} else := ["kueue.x-k8s.io/podset-required-topology", "kueue.x-k8s.io/podset-preferred-topology"]

modes := {"hard"} if {
	not preferred
} else := {"hard", "soft"}

preferred if review.parameters.preferred == "allow"

# The object, and the template of the job in it.
exclusive_holders(pod) := [
	pod.object.path, paths.parent(pod.path),
	array.slice(pod.path, 0, max([0, count(pod.path) - 3])),
]

# Groups of pods that start together, by the path of what says so.
gangs := [{"path": path, "pods": pods} |
	some path in pod_claims.groups
	pods := gang_size(workloads.value_at(path))
	several(pods)
]

gang_size(group) := group.schedulingPolicy.gang.minCount

constrained(path) if {
	some constraint in workloads.value_at(path).schedulingConstraints.topology
	constraint.key in key_set
}
