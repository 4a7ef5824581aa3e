package lib.lockgate.programs_test

import data.lib.lockgate.paths
import data.lib.lockgate.programs

test_containers if {
	judged := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{
		"command": ["sh", 7, "-c"],
		"args": ["run me"],
		"lifecycle": {"postStart": {"exec": {"command": ["hook"]}}},
		"livenessProbe": {"exec": {"command": ["probe", null]}},
		"env": [{"name": "A", "value": "b"}, {"name": "C"}, {"name": "D", "value": 7}],
	}]}}
	found := {[paths.text(one.path), one.text] | some one in programs.texts} with input as {"review": {"object": judged}}
	found == {
		["spec.containers[0].command[0]", "sh"], ["spec.containers[0].command[2]", "-c"], ["spec.containers[0].args[0]", "run me"],
		["spec.containers[0].lifecycle.postStart.exec.command[0]", "hook"], ["spec.containers[0].livenessProbe.exec.command[0]", "probe"],
	}
	programs.variables == [{"path": ["spec", "containers", 0, "env", 0], "name": "A", "value": "b"}] with input as {"review": {"object": judged}}
}

test_scripts if {
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"name": "t", "script": {"image": "python", "source": "print(1)"}}]}}
	found := [[paths.text(one.path), one.text] | some one in programs.texts] with input as {"review": {"object": workflow}}
	found == [["spec.templates[0].script.source", "print(1)"]]
	task := {"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"steps": [{"name": "t", "image": "python", "script": "echo"}]}}
	steps := [[paths.text(one.path), one.text] | some one in programs.texts] with input as {"review": {"object": task}}
	steps == [["spec.steps[0].script", "echo"]]
}

test_entrypoints if {
	job := {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"entrypoint": "python x.py"}}
	found := [[paths.text(one.path), one.text] | some one in programs.texts] with input as {"review": {"object": job}}
	found == [["spec.entrypoint", "python x.py"]]
}

named(judged) := found if {
	found := {[paths.text(one.path), one.name, one.value] | some one in programs.variables} with input as {"review": {"object": judged}}
}

test_variables_in_other_forms if {
	named({"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": "Model", "spec": {"primaryContainer": {"environment": {"A": "b", "C": 7}}}}) == {["spec.primaryContainer.environment.A", "A", "b"]}
	named({"apiVersion": "kubeflow.org/v1alpha1", "kind": "PodDefault", "spec": {"env": [{"name": "A", "value": "b"}]}}) == {["spec.env[0]", "A", "b"]}
	named({"apiVersion": "lambda.services.k8s.aws/v1alpha1", "kind": "Function", "spec": {"environment": {"variables": {"A": "b"}}}}) == {["spec.environment.variables.A", "A", "b"]}
	named({"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"runtimeEnvYAML": "env_vars: {A: b, C: 7}"}}) == {["spec.runtimeEnvYAML", "A", "b"]}
}
