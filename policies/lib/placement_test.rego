package lib.lockgate.placement_test

import data.lib.lockgate.placement

told(spec) := [[one.path[count(one.path) - 1], one.sure] |
	some one in placement.preemptible with input as {"review": {"object": {"apiVersion": "v1", "kind": "Pod", "spec": spec}}}
]

affinity(expressions) := {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}}}

test_selectors if {
	every label, values in placement.spot_labels {
		every value in values {
			told({"nodeSelector": {label: upper(value)}}) == [[label, true]]
		}
		told({"nodeSelector": {label: "on-demand"}}) == []
	}
	told({"nodeSelector": {"example.com/spot": "spot"}}) == []
	told({"nodeSelector": {"karpenter.sh/capacity-type": "${TYPE}"}}) == []
}

test_affinity if {
	told(affinity([{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]}])) == [["values", true]]
	told(affinity([{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot", "on-demand"]}])) == [["values", false]]
	told(affinity([{"key": "karpenter.sh/capacity-type", "operator": "NotIn", "values": ["spot"]}])) == []
}

test_tolerations if {
	told({"tolerations": [{"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true"}]}) == [[0, false]]
	told({"tolerations": [{"key": "kubernetes.azure.com/scalesetpriority", "operator": "Exists"}]}) == [[0, false]]
	told({"tolerations": [{"operator": "Exists"}, {"key": "karpenter.sh/capacity-type", "value": "on-demand"}, {"key": 7}, "x", null]}) == []
}

test_odd if {
	every spec in [
		null, "x", {"nodeSelector": null}, {"nodeSelector": ["x"]}, {"nodeSelector": {"karpenter.sh/capacity-type": 7}}, {"tolerations": "x"}, {"affinity": 3},
		affinity([null, "x", {"key": 7, "operator": "In", "values": ["spot"]}, {"key": "ray.io/market-type", "operator": "In", "values": [null, 3]}]),
	] {
		told(spec) == []
	}
}
