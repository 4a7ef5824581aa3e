package lockgate.workloads.resource_bounds_test

import data.lockgate.workloads.resource_bounds as rule

pod(resources) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "resources": resources}]}}

found(judged, parameters) := {violation.details.path |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

limits := ["spec", "containers", 0, "resources", "limits"]

test_limits if {
	memory := array.concat(limits, ["memory"])
	every value in ["8Gi", 1000, "${MEMORY}"] { found(pod({"limits": {"memory": value}}), {}) == set() }
	every value in [null, "", {}, true] { found(pod({"limits": {"memory": value}}), {}) == {memory} }
	every odd in [null, 7, "x", [], {}, {"limits": 7}, {"requests": {"memory": "8Gi"}}] { found(pod(odd), {}) == {memory} }
	found(pod({"limits": {"memory": "8Gi"}}), {"required": ["memory", "ephemeral-storage"]}) == {array.concat(limits, ["ephemeral-storage"])}
	found(pod({}), {"required": []}) == set()
}

test_limits_of_pods if {
	judged := {"apiVersion": "v1", "kind": "Pod", "spec": {"resources": {"limits": {"memory": "8Gi"}}, "containers": [{"name": "c"}], "initContainers": [{"name": "i"}]}}
	found(judged, {}) == set()
	found(object.remove(judged, ["spec"]), {}) == set()
	init := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"resources": {"limits": {"memory": "1Gi"}}}], "initContainers": [{"name": "i"}]}}
	found(init, {}) == {["spec", "initContainers", 0, "resources", "limits", "memory"]}
}

test_what_a_controller_completes if {
	container := {"containers": [{"name": "c"}]}
	found({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": {"predictor": container}}, {}) == set()
	found({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"container": {"image": "x"}}]}}, {}) == set()
	runtime := {"template": {"spec": {"replicatedJobs": [{"template": {"spec": {"template": {"spec": container}}}}]}}}
	found({"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainingRuntime", "spec": runtime}, {}) == set()
	count(found({"apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": {"headGroupSpec": {"template": {"spec": container}}}}, {})) == 1
}

test_devices if {
	place := {["spec", "containers", 0, "resources", "requests", "nvidia.com/gpu"]}
	asked := {"memory": "8Gi", "nvidia.com/gpu": 1}
	found(pod({"limits": asked, "requests": {"nvidia.com/gpu": 1}}), {}) == set()
	found(pod({"limits": asked, "requests": {"nvidia.com/gpu": "1"}}), {}) == set()
	found(pod({"limits": asked}), {}) == set()
	found(pod({"limits": {"memory": "8Gi"}, "requests": {"nvidia.com/gpu": 1}}), {}) == place
	found(pod({"limits": asked, "requests": {"nvidia.com/gpu": 2}}), {}) == place
	found(pod({"limits": asked, "requests": {"nvidia.com/gpu": "${GPUS}"}}), {}) == set()
	predictor := {"predictor": {"model": {"resources": {"requests": {"nvidia.com/gpu": 1}}}}}
	found({"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "spec": predictor}, {}) == {["spec", "predictor", "model", "resources", "requests", "nvidia.com/gpu"]}
}

test_an_update_that_leaves_it if {
	judged := pod({})
	rule.violation == set() with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
