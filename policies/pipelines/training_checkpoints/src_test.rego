package lockgate.pipelines.training_checkpoints_test

import data.lockgate.pipelines.training_checkpoints as rule

found(judged, parameters) := number if {
	number := count(rule.violation) with input as {"review": {"object": judged}, "parameters": parameters}
}

spot := {"nodeSelector": {"karpenter.sh/capacity-type": "spot"}}

container(more) := object.union({"name": "c", "image": "i", "resources": {"limits": {"nvidia.com/gpu": 1}}}, more)

# A job on spot nodes, with more in its container and in its pod.
job(inner, outer) := {
	"apiVersion": "batch/v1",
	"kind": "Job",
	"metadata": {"name": "j"},
	"spec": {"template": {"spec": object.union(object.union(spot, outer), {"containers": [container(inner)]})}},
}

test_jobs if {
	found(job({}, {}), {}) == 1
	found(json.remove(job({}, {}), ["/spec/template/spec/containers/0/resources"]), {}) == 0
	every inner in [
		{"args": ["--checkpoint-dir=/x"]}, {"args": ["--output", "s3://runs/1"]}, {"args": ["--output=gs://runs/1"]}, {"command": ["sh", "-c", "train --resume"]},
		{"env": [{"name": "CKPT_DIR", "value": "/x"}]}, {"env": [{"name": "OUT", "value": "gs://runs"}]},
	] {
		found(job(inner, {}), {}) == 0
	}
	every inner in [{"args": ["--epochs=3"]}, {"env": [{"name": "OUT", "value": "https://example.com"}]}, {"args": null, "env": "x"}] {
		found(job(inner, {}), {}) == 1
	}
}

mounted(source, mount) := job({"volumeMounts": [object.union({"name": "v", "mountPath": "/v"}, mount)]}, {"volumes": [object.union({"name": "v"}, source)]})

test_volumes if {
	every source in [{"persistentVolumeClaim": {"claimName": "c"}}, {"nfs": {"server": "s"}}, {"csi": {"driver": "d"}}] {
		found(mounted(source, {}), {}) == 0
		found(mounted(source, {"readOnly": true}), {}) == 1
		found(mounted(source, {"name": "other"}), {}) == 1
	}
	every source in [{"emptyDir": {}}, {"hostPath": {"path": "/x"}}, {"configMap": {}}] {
		found(mounted(source, {}), {}) == 1
	}
}

test_kinds if {
	pytorch := {"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {}, "spec": {"pytorchReplicaSpecs": {"Worker": {"template": {"spec": object.union(spot, {"containers": [{"name": "c"}]})}}}}}
	found(pytorch, {}) == 1
	ray := {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {}, "spec": {"entrypoint": "python train.py", "rayClusterSpec": {"workerGroupSpecs": [{"template": {"spec": spot}}]}}}
	found(ray, {}) == 1
	found(json.patch(ray, [{"op": "replace", "path": "/spec/entrypoint", "value": "python train.py --resume"}]), {}) == 0
	found(json.patch(ray, [{"op": "add", "path": "/spec/runtimeEnvYAML", "value": "env_vars: {OUT: s3://runs}"}]), {}) == 0
	found({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": object.union(spot, {"containers": [container({})]})}}}, {}) == 0
}

test_one_place_of_several_pods if {
	sets := {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {}, "spec": {"replicatedJobs": [
		{"template": {"spec": {"template": {"spec": object.union(spot, {"containers": [container({})]})}}}},
		{"template": {"spec": {"template": {"spec": object.union(spot, {"containers": [container({})]})}}}},
	]}}
	found(sets, {}) == 1
	found(json.patch(sets, [{"op": "add", "path": "/spec/replicatedJobs/1/template/spec/template/spec/containers/0/args", "value": ["--ckpt=/x"]}]), {}) == 0
}

test_nodes if {
	steady := json.remove(job({}, {}), ["/spec/template/spec/nodeSelector"])
	found(steady, {}) == 0
	found(steady, {"nodes": "all"}) == 1
	found(json.patch(steady, [{"op": "add", "path": "/spec/template/spec/tolerations", "value": [{"key": "karpenter.sh/capacity-type", "operator": "Exists"}]}]), {}) == 1
}

test_owned_and_updated if {
	owned := {"metadata": {"ownerReferences": [{"kind": "JobSet", "controller": true}]}}
	found(object.union(job({}, {}), owned), {}) == 0
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(job({}, {}), {"status": {}}), "oldObject": job({}, {})}, "parameters": {}}
}

test_too_deep if {
	inner := {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "spec": {"trialTemplate": {"trialSpec": {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "spec": {"trialTemplate": {"trialSpec": {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "spec": {"trialTemplate": {"trialSpec": {"apiVersion": "v1", "kind": "Pod"}}}}}}}}}}
	found(inner, {}) == 1
}
