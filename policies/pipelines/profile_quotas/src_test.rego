package lockgate.pipelines.profile_quotas_test

import data.lockgate.pipelines.profile_quotas as rule

profile(spec) := {"apiVersion": "kubeflow.org/v1", "kind": "Profile", "metadata": {"name": "p"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at spec")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": profile(spec)}, "parameters": parameters}
}

hard(limits) := {"resourceQuotaSpec": {"hard": limits}}

at := ["spec", "resourceQuotaSpec", "hard"]

test_nothing_bounds if {
	every spec in [{}, {"resourceQuotaSpec": {}}, {"resourceQuotaSpec": null}, hard({}), hard(null), hard("odd"), {"resourceQuotaSpec": "odd"}] {
		said(spec, {}) == {["nothing bounds what a profile takes", ["spec", "resourceQuotaSpec"]]}
	}
}

test_devices if {
	every name in ["requests.nvidia.com/gpu", "requests.google.com/tpu", "gpu.example.com.deviceclass.resource.k8s.io/devices"] {
		said(hard({"cpu": "4", name: 0}), {}) == set()
	}
	every name in ["memory", "count/jobs.batch", "fast.storageclass.storage.k8s.io/requests.storage", "count/experiments.kubeflow.org"] {
		said(hard({"cpu": "4", name: "2"}), {}) == {["profile does not bound its devices", at]}
	}
}

test_named_resources if {
	given := {"resources": ["nvidia.com/gpu", "cpu"]}
	said(hard({"requests.nvidia.com/gpu": 2, "requests.cpu": "8"}), given) == set()
	said(hard({"cpu": "8"}), given) == {["profile does not bound nvidia.com/gpu", at]}
}

test_maximum if {
	given := {"maximum": {"nvidia.com/gpu": 4}}
	every value in [0, 4, "4"] {
		said(hard({"requests.nvidia.com/gpu": value}), given) == set()
	}
	every value in [5, "5", "4k", null, "${GPUS}"] {
		said(hard({"requests.nvidia.com/gpu": value}), given) == {["profile may take more than allowed", array.concat(at, ["requests.nvidia.com/gpu"])]}
	}
}

test_updates if {
	judged := profile({})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
