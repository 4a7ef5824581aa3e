package lockgate.pipelines.training_runtimes_test

import data.lockgate.pipelines.training_runtimes as rule

job(spec) := {"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "metadata": {"name": "j"}, "spec": spec}

said(spec, parameters) := {[split(violation.msg, " at spec.")[0], array.slice(violation.details.path, 1, 20)] |
	some violation in rule.violation with input as {"review": {"object": job(spec)}, "parameters": parameters}
}

given := {"approvedRuntimes": ["torch", "TrainingRuntime/own"]}

wrong := {["runtime is not approved", ["runtimeRef", "name"]]}

test_runtimes if {
	every reference in [{"name": "torch"}, {"name": "torch", "kind": "ClusterTrainingRuntime"}, {"name": "own", "kind": "TrainingRuntime"}, {"name": "${RUNTIME}"}] {
		said({"runtimeRef": reference}, given) == set()
	}
	every reference in [{"name": "other"}, {"name": "torch", "kind": "TrainingRuntime"}, {"name": "own"}, {}, {"name": 7}, {"kind": 7, "name": "torch"}] {
		said({"runtimeRef": reference}, given) == wrong
		said({"runtimeRef": reference}, {}) == set()
	}
	said({}, given) == wrong
	said({"runtimeRef": "torch"}, given) == wrong
	said({"runtimeRef": {"name": "torch"}}, {"approvedRuntimes": []}) == wrong
}

patched(pod) := {"runtimePatches": [{"manager": "m", "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [{"name": "node", "template": {"spec": {"template": {"spec": pod}}}}]}}}}]}

place := ["runtimePatches", 0, "trainingRuntimeSpec", "template", "spec", "replicatedJobs", 0, "template", "spec", "template", "spec"]

changed := "a patch changes what was approved with the runtime"

test_patches if {
	said(patched({"nodeSelector": {"image": "x"}, "tolerations": [], "hostNetwork": false}), {}) == set()
	said(patched({"nodeSelector": {"a": "x"}, "containers": [{"name": "node", "env": [{"name": "A", "image": "x"}]}]}), {}) == set()
	said(patched({"securityContext": {"runAsUser": 0}}), {}) == {[changed, array.concat(place, ["securityContext"])]}
	said(patched({"containers": [{"image": "evil"}]}), {}) == {[changed, array.concat(place, ["containers", 0, "image"])]}
	said(patched({"volumes": [{"hostPath": {"path": "/"}}, {"emptyDir": {}}]}), {}) == {[changed, array.concat(place, ["volumes", 0, "hostPath"])]}
	said({"podTemplateOverrides": [{"spec": {"hostPID": true}}]}, {}) == {[changed, ["podTemplateOverrides", 0, "spec", "hostPID"]]}
	said({"podSpecOverrides": [{"targetJobs": [], "containers": [{"command": ["x"]}]}]}, {}) == {[changed, ["podSpecOverrides", 0, "containers", 0, "command"]]}
	said({"trainer": {"image": "x", "command": ["y"]}}, {}) == set()
}

test_accounts if {
	path := array.concat(place, ["serviceAccountName"])
	said(patched({"serviceAccountName": "admin"}), {}) == {["a patch changes the account of the runtime", path]}
	said(patched({"serviceAccountName": "trainer"}), {"approvedAccounts": ["trainer"]}) == set()
	said(patched({"serviceAccountName": ""}), {}) == set()
}

test_updates if {
	judged := job(patched({"hostPID": true}))
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
