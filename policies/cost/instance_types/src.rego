# METADATA
# title: Accelerators and nodes are of a price that the tier is worth
# description: |
#   The dearest accelerators cost fifty times what the cheapest do. In development none of `dear` may be asked for by name: patterns of accelerators (`*h100*`, `*h200*`,
#   `*b200*`, `*gb200*`, `*gb300*`, `*mi300*`, `*tpu-v5p*`, `*tpu7x*`) and types of machines that hold them (`a3-*`, `a4-*`, `p5*`, `p6*`, `ml.p5*`, `ml.p6*`,
#   `*_nd*h100*`, `*_nd*h200*`) unless given. With `allowed` what is named must match one of these patterns in every tier. Letters of both cases are the same.
#
#   In production what answers requests may not run on nodes that are taken away at any moment only (spot, preemptible; `serveOnSpot: true` allows it): Deployments,
#   StatefulSets, Rollouts, Knative's and KServe's services. With `developmentOnSpot: true` development may ask for accelerators on spot nodes only.
#
#   Read are labels that pods select nodes by (`nodeSelector`, required affinity: `cloud.google.com/gke-accelerator`, `nvidia.com/gpu.product`,
#   `node.kubernetes.io/instance-type` and others), node pools of Config Connector (`machineType`, `guestAccelerator`), requirements of Karpenter's NodePools, and
#   `instanceType` of SageMaker's kinds.
#
#   Production and development are told by the object's labels (`environmentLabels`; `lockgate.dev/environment`, `environment` and `env` unless given) and its
#   namespace's name, by the words in `tiers`; production counts most. Of what is neither only `allowed` is judged, unless `assumed` says what it is.
#
#   Placeholders, and updates that leave contents and labels as they were, are not judged. Not covered: devices that are asked for by number alone, whatever
#   node has them, and ResourceClaims (`claims/approved_device_classes`).
# related_resources:
#   - ref: https://kubernetes.io/docs/reference/labels-annotations-taints/#nodekubernetesioinstance-type
#     description: Types of instances
#   - ref: https://karpenter.sh/docs/concepts/nodepools/
#     description: NodePools of Karpenter
# custom:
#   id: LG-B004
#   severity: low
#   external: false
#   systems: [kubernetes, config-connector, sagemaker, kserve, knative, ray]
#   controls:
#     - NIST SP 800-53 SC-6 (resource availability)
#     - FinOps (rate optimization)
package lockgate.cost.instance_types

import data.lib.lockgate.devices
import data.lib.lockgate.placement
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.tiers
import data.lib.lockgate.workloads

violation contains report.violation(one.path, "accelerator or machine is not approved", text, why, fix) if {
	not tiers.unchanged
	is_array(review.parameters.allowed)
	some one in named
	some text in one.values
	not matches(text, review.parameters.allowed)
	why := sprintf("approved are: %s", [report.names({pattern | some pattern in review.parameters.allowed})])
	fix := "choose one of these"
}

violation contains report.violation(one.path, "development asks for what is dear", text, why, fix) if {
	not tiers.unchanged
	some one in named
	tier(one.path) == "development"
	some text in one.values
	matches(text, dear)
	why := "it costs many times what a smaller one does, and nobody waits for it"
	fix := "ask for a smaller accelerator, or move the work to where it is meant to run"
}

violation contains report.violation(one.path, "production serves from nodes that may be taken away", one.value, why, fix) if {
	not tiers.unchanged
	not review.parameters.serveOnSpot == true
	some one in placement.preemptible
	one.sure
	serves(one.path)
	tier(one.path) == "production"
	why := "all replicas can go within a minute"
	fix := "let nodes of other kinds be chosen too, or leave the selector out"
}

violation contains report.violation(path, "development holds accelerators on nodes of full price", "no spot nodes", why, fix) if {
	not tiers.unchanged
	review.parameters.developmentOnSpot == true
	some pod in workloads.pods
	tier(pod.path) == "development"
	devices.asked_for(pod.path)
	count([one | some one in placement.preemptible; one.pod == pod.path; one.sure]) == 0
	path := array.concat(pod.path, ["nodeSelector"])
	why := "spot nodes are several times cheaper, and what is stopped can be started again"
	fix := "select spot nodes"
}

dear := object.get(review.parameters, "dear", default_dear)

default_dear := [
	"*h100*", "*h200*", "*b200*", "*gb200*", "*gb300*", "*mi300*", "*tpu-v5p*", "*tpu7x*", "a3-*", "a4-*",
	"p5*", "p6*", "ml.p5*", "ml.p6*", "*_nd*h100*", "*_nd*h200*",
]

matches(text, patterns) if {
	some pattern in patterns
	glob.match(lower(pattern), null, lower(text))
}

# The tier of the innermost object that a path leads into.
tier(path) := tiers.of(holder.value) if {
	holders := [at | some at in workloads.objects; array.slice(path, 0, count(at.path)) == at.path]
	most := max([count(at.path) | some at in holders])
	some holder in holders
	count(holder.path) == most
}

serves(path) if {
	some at in workloads.objects
	at.name in serving
	array.slice(path, 0, count(at.path)) == at.path
}

serving := {
	"apps/Deployment", "apps/StatefulSet", "argoproj.io/Rollout", "leaderworkerset.x-k8s.io/LeaderWorkerSet", "ray.io/RayService",
	"serving.knative.dev/Service", "serving.kserve.io/InferenceService", "serving.kserve.io/LLMInferenceService",
}

# What is named, as `{"path", "values"}`.
named := array.concat(
	array.concat(
		[{"path": one.path, "values": one.values} |
			some one in placement.wanted
			one.label in labels
		],
		[{"path": path, "values": [value]} |
			some at in workloads.objects
			some rest in instance_fields[at.name]
			path := array.concat(at.path, rest)
			value := workloads.value_at(path)
			settings.literal(value)
		],
	),
	array.concat(listed, requirements),
)

labels := {
	"amd.com/gpu.product-name", "beta.kubernetes.io/instance-type", "cloud.google.com/gke-accelerator", "cloud.google.com/gke-tpu-accelerator",
	"cloud.google.com/machine-family", "karpenter.k8s.aws/instance-family", "karpenter.k8s.aws/instance-gpu-name", "node.kubernetes.io/instance-type",
	"nvidia.com/gpu.product", "run.googleapis.com/accelerator",
}

instance_fields := {
	"container.cnrm.cloud.google.com/ContainerNodePool": [["spec", "nodeConfig", "machineType"]],
	"sagemaker.services.k8s.aws/NotebookInstance": [["spec", "instanceType"]],
	"sagemaker.services.k8s.aws/TrainingJob": [["spec", "resourceConfig", "instanceType"]],
}

list_fields := {
	"container.cnrm.cloud.google.com/ContainerNodePool": [["spec", "nodeConfig", "guestAccelerator"], "type"],
	"sagemaker.services.k8s.aws/EndpointConfig": [["spec", "productionVariants"], "instanceType"],
}

listed := [{"path": path, "values": [value]} |
	some at in workloads.objects
	[list, field] := list_fields[at.name]
	some i, _ in workloads.children(array.concat(at.path, list))
	path := array.concat(at.path, array.concat(list, [i, field]))
	value := workloads.value_at(path)
	settings.literal(value)
]

requirements := [{"path": array.concat(path, [i, "values"]), "values": values} |
	some at in workloads.objects
	at.name == "karpenter.sh/NodePool"
	path := array.concat(at.path, ["spec", "template", "spec", "requirements"])
	some i, requirement in workloads.children(path)
	is_object(requirement)
	requirement.key in labels
	requirement.operator == "In"
	values := [value | some value in requirement.values; settings.literal(value)]
]
