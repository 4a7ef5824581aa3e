package lib.lockgate.extended_resources_test

import data.lib.lockgate.extended_resources

found(object) := list if {
	list := extended_resources.extended with input as {"review": {"object": object}}
}

pod(limits) := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"resources": {"limits": limits}}]}}

kind_of(name) := kind if {
	[one] := found(pod({name: 1}))
	kind := one.kind
}

test_kinds if {
	kind_of("deviceclass.resource.kubernetes.io/gpu") == "implicit"
	every name in [
		"nvidia.com/gpu", "nvidia.com/mig-1g.12gb", "google.com/tpu", "amd.com/gpu", "gpu.intel.com/i915", "habana.ai/gaudi",
		"aws.amazon.com/neuroncore", "xilinx.com/fpga-xilinx_u250", "fpga.intel.com/af-d8424dc4a4a3c413f89e433683f9040b",
		"nvidia.com/gpumem", "rdma/roce_gdr",
	] {
		kind_of(name) == "plugin"
	}
	every name in ["example.com/dongle", "smarter-devices/fuse"] {
		kind_of(name) == "vendor"
	}
}

test_own_resources_are_none if {
	found(pod({"cpu": 1, "memory": "1Gi", "hugepages-2Mi": 1, "kubernetes.io/x": 1, "x.kubernetes.io/y": 1})) == []
}

counts := [[1, 1], ["4", 4], ["1k", 1000], [0, 0], ["1.5", null], [1.5, null], [-1, null], ["{{ .n }}", null], [null, null], [[1], null]]

test_counts if {
	every case in counts {
		[one] := found(pod({"nvidia.com/gpu": case[0]}))
		one.count == case[1]
	}
}

test_entry if {
	found(pod({"deviceclass.resource.kubernetes.io/gpu": 2})) == [{
		"path": ["spec", "containers", 0, "resources", "limits", "deviceclass.resource.kubernetes.io/gpu"],
		"resource": "deviceclass.resource.kubernetes.io/gpu", "class": "gpu", "kind": "implicit", "count": 2,
		"container": ["spec", "containers", 0], "pod": ["spec"], "field": "limits",
	}]
}

asking := {"resources": {"requests": {"nvidia.com/gpu": 1}}}

places := [
	{"apiVersion": "v1", "kind": "Pod", "spec": asking},
	{"apiVersion": "v1", "kind": "Pod", "spec": {"initContainers": [asking]}},
	{"apiVersion": "v1", "kind": "Pod", "spec": {"ephemeralContainers": [asking]}},
	{"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "spec": {"trainer": {"resourcesPerNode": {"limits": {"nvidia.com/gpu": 1}}}}},
	{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": {"model": asking}}},
	{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"script": asking}]}},
	{"apiVersion": "sparkoperator.k8s.io/v1beta2", "kind": "SparkApplication", "spec": {"executor": {"gpu": {"name": "nvidia.com/gpu", "quantity": 1}}}},
	{"apiVersion": "example.com/v1", "kind": "Model", "spec": asking},
]

test_places if {
	every place in places {
		[one] := found(place)
		[one.resource, one.count] == ["nvidia.com/gpu", 1]
	}
}

test_wrong_types if {
	every wrong in [null, 1, true, "text", [], {}, ["text"], [null], {"a": null}] {
		found({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"resources": wrong, "gpu": wrong}], "resources": {"limits": wrong}}}) == []
	}
}
