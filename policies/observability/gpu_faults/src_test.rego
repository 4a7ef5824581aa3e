package lockgate.observability.gpu_faults_test

import data.lockgate.observability.gpu_faults as rule

count_of(judged, parameters) := count({violation | some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}})

held(monitors) := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "data": {sprintf("%d.json", [i]): json.marshal(monitor) | some i, monitor in monitors}}

file(spec) := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "NodeProblemDetectorConfig", "metadata": {"name": "n"}, "spec": spec}

kernel := {"plugin": "kmsg", "source": "kernel-monitor", "rules": [{"type": "permanent", "condition": "KernelDeadlock", "pattern": "task docker"}]}

gpu := {"plugin": "kmsg", "source": "gpu-monitor", "rules": [{"type": "permanent", "condition": "GPUUnhealthy", "pattern": "NVRM: Xid .*: (48|63|64|79),"}]}

test_config_maps if {
	count_of(held([kernel]), {}) == 3
	count_of(held([kernel, gpu]), {}) == 0
	count_of(held([{"plugin": "journald", "source": "docker-monitor", "rules": []}]), {}) == 0
	count_of(held([kernel]), {"lines": ["amdgpu: GPU reset begin!"]}) == 1
	count_of(held([kernel]), {"lines": []}) == 0
}

test_files if {
	count_of(file(kernel), {}) == 0
	count_of(file(gpu), {}) == 0
	count_of(file(object.union(gpu, {"rules": [{"type": "temporary", "pattern": "NVRM: Xid"}]})), {}) == 3
	count_of(file(object.union(gpu, {"rules": [{"type": "permanent", "pattern": "Xid .*: 79"}]})), {}) == 2
	every odd in [null, "x", [7, null, {"type": "permanent", "pattern": 7}, {"type": "permanent", "pattern": "("}]] {
		count_of(file(object.union(gpu, {"rules": odd})), {}) == 3
	}
	count_of(file("x"), {}) == 0
	count_of(file({"plugin": "kmsg", "source": 7}), {}) == 0
}

test_updates if {
	judged := held([kernel])
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": judged, "oldObject": judged}, "parameters": {}}
}
