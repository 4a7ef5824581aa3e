# METADATA
# title: Replicas are spread over zones
# description: |
#   A workload with more than one replica must spread its pods over zones, by a topology spread constraint or by a pod
#   anti-affinity that is required: `trafficDistribution` keeps requests in a zone only where that zone has a backend, and what
#   lives in one zone ends with it. Deployments, StatefulSets, ReplicaSets, Argo Rollouts and whatever else has `replicas`
#   beside a pod template are judged, and the components of KServe's InferenceService by `minReplicas`.
#
#   A constraint counts where its `topologyKey` is `zoneKey`, its `maxSkew` is at most `maxSkew`, and its selector selects the
#   pods themselves; one without a selector selects nothing. With `zones` there must be so many replicas at least. With
#   `whenUnsatisfiable: DoNotSchedule` a preference is not enough.
#
#   An update that leaves the spec as it was is not judged, nor the number of replicas of a ReplicaSet that a controller owns.
#
#   Jobs that train and clusters of Ray are not judged, whose pods belong together (topology/training_placement); RayServices are.
#
#   Not covered: defaults for spread that the scheduler of a cluster is configured with, how many zones the nodes are in, and
#   replicas that an autoscaler decides (set `replicas` or `minReplicas` to its lower bound).
# related_resources:
#   - ref: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
#     description: Pod topology spread constraints
# custom:
#   id: LG-T002
#   severity: medium
#   external: false
#   controls:
#     - NIST SP 800-53 CP-9 (resilience)
#     - NIST SP 800-53 SC-6 (resource availability)
#   systems: [argo-rollouts, kserve, kubernetes, topology]
package lockgate.topology.zone_spread

import data.lib.lockgate.owners
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "replicas are not spread over zones", shown, why, fix) if {
	not updates.unchanged
	some group in groups
	group.replicas > 1
	not spread(group)
	path := array.concat(group.pod, ["topologySpreadConstraints"])
	shown := sprintf("%d replicas", [group.replicas])
	why := sprintf("a zone may hold all of them, or none%s", [because(group)])
	fix := sprintf("add a constraint with topologyKey %s, maxSkew %d and a labelSelector for the pods' own labels", [zone_key, max_skew])
}

violation contains report.violation(group.counted, "there are fewer replicas than zones", shown, why, fix) if {
	zones := review.parameters.zones
	not scaled_by_another
	some group in groups
	group.replicas > 1
	group.replicas < zones
	shown := sprintf("%d", [group.replicas])
	why := sprintf("of %d zones some have no backend, and their requests cross into another", [zones])
	fix := sprintf("set it to %d or more", [zones])
}

# A rollout takes sets of pods up and down one by one; what owns them is judged.
scaled_by_another if {
	input.review.object.kind == "ReplicaSet"
	owners.controlled(input.review.object)
}

scaled_by_another if {
	updates.unchanged
	input.review.object.spec == input.review.oldObject.spec
}

# Replicas of one pod template: the pod spec, where replicas are counted and how many there are, and the pods' labels,
# which a controller may add to.
groups := array.concat(templated, components)

templated := [{"pod": pod, "counted": counted, "replicas": replicas, "labels": labels} |
	some pod in workloads.pod_paths
	count(pod) > 1
	not works_together(pod)
	template := array.slice(pod, 0, count(pod) - 1)
	template[count(template) - 1] == "template"
	counted := array.concat(array.slice(template, 0, count(template) - 1), ["replicas"])
	replicas := workloads.value_at(counted)
	is_number(replicas)
	labels := workloads.value_at(array.concat(template, ["metadata", "labels"]))
]

# Their pods exchange data all the time, and belong in one zone.
works_together(pod) if {
	some at in workloads.objects
	at.name in together
	array.slice(pod, 0, count(at.path)) == at.path
}

together := {
	"batch.volcano.sh/Job", "kubeflow.org/JAXJob", "kubeflow.org/MPIJob", "kubeflow.org/MXJob", "kubeflow.org/PaddleJob",
	"kubeflow.org/PyTorchJob", "kubeflow.org/TFJob", "kubeflow.org/XGBoostJob", "ray.io/RayCluster", "ray.io/RayCronJob", "ray.io/RayJob",
}

components := [{"pod": pod, "counted": counted, "replicas": replicas, "labels": "set by the controller"} |
	some at in workloads.objects
	at.name in {"serving.kserve.io/InferenceService", "serving.kubeflow.org/InferenceService"}
	some component in ["predictor", "transformer", "explainer"]
	pod := array.concat(at.path, ["spec", component])
	counted := array.concat(pod, ["minReplicas"])
	replicas := workloads.value_at(counted)
	is_number(replicas)
]

spread(group) if {
	some constraint in workloads.children(array.concat(group.pod, ["topologySpreadConstraints"]))
	is_object(constraint)
	constraint.topologyKey == zone_key
	constraint.maxSkew <= max_skew
	strict_enough(constraint)
	selects(constraint, group.labels)
}

spread(group) if {
	terms := array.concat(group.pod, [
		"affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
	])
	some term in workloads.children(terms)
	is_object(term)
	term.topologyKey == zone_key
	selects(term, group.labels)
}

strict_enough(constraint) if constraint.whenUnsatisfiable == "DoNotSchedule"

strict_enough(_) if object.get(review.parameters, "whenUnsatisfiable", "any") != "DoNotSchedule"

# Labels that only the controller knows are not compared.
selects(constraint, labels) if {
	is_object(constraint.labelSelector)
	is_string(labels)
}

selects(constraint, labels) if {
	selector := constraint.labelSelector
	is_object(labels)
	every name, value in object.get(selector, "matchLabels", {}) {
		labels[name] == value
	}
	every expression in object.get(selector, "matchExpressions", []) {
		meets(expression, labels)
	}
}

meets(expression, labels) if {
	expression.operator == "In"
	labels[expression.key] in {value | some value in expression.values}
}

meets(expression, labels) if {
	expression.operator == "NotIn"
	not object.get(labels, expression.key, null) in {value | some value in expression.values}
}

meets(expression, labels) if {
	expression.operator == "Exists"
	expression.key in object.keys(labels)
}

meets(expression, labels) if {
	expression.operator == "DoesNotExist"
	not expression.key in object.keys(labels)
}

# What comes closest, and why it does not count.
because(group) := text if {
	reasons := {reason |
		some constraint in workloads.children(array.concat(group.pod, ["topologySpreadConstraints"]))
		is_object(constraint)
		constraint.topologyKey == zone_key
		some reason in faults(constraint, group.labels)
	}
	count(reasons) > 0
	text := sprintf(" (%s)", [concat("; ", sort(reasons))])
} else := ""

faults(constraint, labels) := {reason |
	some [reason, is_so] in [
		["its maxSkew is too large", skewed(constraint)],
		["it is only a preference", preferred(constraint)],
		["its labelSelector does not select these pods", astray(constraint, labels)],
	]
	is_so
}

skewed(constraint) := object.get(constraint, "maxSkew", 0) > max_skew

preferred(constraint) := false if {
	strict_enough(constraint)
} else := true

astray(constraint, labels) := false if {
	selects(constraint, labels)
} else := true

zone_key := object.get(review.parameters, "zoneKey", "topology.kubernetes.io/zone")

max_skew := object.get(review.parameters, "maxSkew", 1)
