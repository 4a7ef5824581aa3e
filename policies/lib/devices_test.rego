package lib.lockgate.devices_test

import data.lib.lockgate.devices

asked(pod) if {
	devices.asked_for([]) with input as {"review": {"object": {"apiVersion": "v1", "kind": "Pod", "spec": pod}}}
}

limits(resources) := {"containers": [{"name": "c", "resources": {"limits": resources}}]}

test_devices if {
	asked(limits({"nvidia.com/gpu": 1}))
	asked(limits({"google.com/tpu": "${TPUS}"}))
	asked(limits({"deviceclass.resource.kubernetes.io/gpu.example.com": 1}))
	asked({"containers": [{"name": "c"}], "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "gpu"}]})
	asked({"containers": [{"name": "c", "resources": {"claims": [{"name": "gpu"}]}}]})
}

test_none if {
	not asked(limits({"cpu": 4, "example.com/licence": 1}))
	not asked(limits({"nvidia.com/gpu": 0}))
	not asked({"containers": [{"name": "c"}]})
	not asked({})
}

test_below_a_path if {
	judged := {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "spec": {"pytorchReplicaSpecs": {
		"Master": {"template": {"spec": limits({})}},
		"Worker": {"template": {"spec": limits({"nvidia.com/gpu": 8})}},
	}}}
	devices.asked_for(["spec", "pytorchReplicaSpecs", "Worker"]) with input as {"review": {"object": judged}}
	not devices.asked_for(["spec", "pytorchReplicaSpecs", "Master"]) with input as {"review": {"object": judged}}
}
