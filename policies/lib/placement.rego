# METADATA
# title: Which nodes are asked for
# description: |
#   What pods, node pools and services ask of nodes by labels, and whether a node that is asked for may be taken away at any moment.
package lib.lockgate.placement

import data.lib.lockgate.settings
import data.lib.lockgate.workloads

# METADATA
# description: |
#   Labels that nodes of pods must have, as `{"path", "pod", "label", "values"}`: by `nodeSelector` (`values` has one) and by required node affinity (`In`, where one
#   of several is enough). Values that are no texts are left out.
wanted := array.concat(selected, required)

selected := [{"path": array.concat(pod.path, ["nodeSelector", label]), "pod": pod.path, "label": label, "values": [value]} |
	some pod in workloads.pods
	some label, value in settings.fields(workloads.value_at(array.concat(pod.path, ["nodeSelector"])))
	settings.literal(value)
]

required := [{"path": array.concat(path, ["values"]), "pod": pod.path, "label": expression.key, "values": values} |
	some pod in workloads.pods
	terms := array.concat(pod.path, ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"])
	some i, term in workloads.children(terms)
	is_object(term)
	some j, expression in workloads.children(array.concat(terms, [i, "matchExpressions"]))
	is_object(expression)
	is_string(expression.key)
	expression.operator == "In"
	path := array.concat(terms, [i, "matchExpressions", j])
	values := [value | some value in expression.values; settings.literal(value)]
	count(values) > 0
]

# METADATA
# description: |
#   Where something says that nodes may be taken away at any moment, as `{"path", "pod", "value"}`: pods select such nodes, or tolerate the taint of one. `sure` is
#   whether they can be no others.
preemptible := array.concat(
	[{"path": one.path, "pod": one.pod, "value": sprintf("%s: %s", [one.label, concat(", ", one.values)]), "sure": count(spot_values(one)) == count(one.values)} |
		some one in wanted
		count(spot_values(one)) > 0
	],
	[{"path": array.concat(pod.path, ["tolerations", i]), "pod": pod.path, "value": sprintf("%s is tolerated", [toleration.key]), "sure": false} |
		some pod in workloads.pods
		some i, toleration in workloads.children(array.concat(pod.path, ["tolerations"]))
		is_object(toleration)
		is_string(toleration.key)
		taint_of_spot(toleration)
	],
)

spot_values(one) := [value | some value in one.values; is_spot(one.label, value)]

# METADATA
# description: Whether a label with a value is that of nodes that may be taken away.
is_spot(label, value) if lower(value) in spot_labels[label]

# The labels of clouds and of autoscalers.
spot_labels := {
	"cloud.google.com/gke-preemptible": {"true"},
	"cloud.google.com/gke-provisioning": {"spot", "preemptible"},
	"cloud.google.com/gke-spot": {"true"},
	"eks.amazonaws.com/capacityType": {"spot"},
	"karpenter.sh/capacity-type": {"spot"},
	"kubernetes.azure.com/scalesetpriority": {"spot"},
	"node.kubernetes.io/lifecycle": {"spot", "preemptible"},
	"ray.io/market-type": {"spot"},
}

taint_of_spot(toleration) if {
	object.get(toleration, "operator", "Equal") == "Exists"
	spot_labels[toleration.key]
}

taint_of_spot(toleration) if {
	is_string(toleration.value)
	is_spot(toleration.key, toleration.value)
}
