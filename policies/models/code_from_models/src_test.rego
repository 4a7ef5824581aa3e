package lockgate.models.code_from_models_test

import data.lockgate.models.code_from_models as rule

names(container, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": pod(container)}, "parameters": parameters}
}

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}

clean(container) if count(names(container, {})) == 0

says(container, text) if {
	[message] := [message | some message in names(container, {})]
	contains(message, text)
}

test_flags if {
	every args in [
		["--trust-remote-code"], ["--trust_remote_code"], ["--trust-remote-code=true"], ["--trust-remote-code", "--port=80"],
		["--trust-remote-code", "True"], ["sh -c 'vllm serve x --trust-remote-code'"], ["--trust-remote-code \\\n --port 80"],
	] {
		says({"args": args}, "--trust-remote-code lets a model bring code at spec.containers[0].args[0]")
	}
	every args in [
		["--trust-remote-code=false"], ["--trust_remote_code=0"], ["--trust-remote-code", "False"], ["--no-trust-remote-code"],
		["--load-format", "safetensors"], ["--port", "80"], ["trust-remote-code"],
	] {
		clean({"args": args})
	}
	says({"command": ["x", "--tool-parser-plugin", "/mnt/models/p.py"]}, "the file that it names is run")
}

test_values_of_flags if {
	says({"args": ["--load-format=pt"]}, "--load-format lets a model bring code")
	says({"args": ["--backend-config", "python,shm-region-prefix-name=x"]}, "--backend-config lets")
	clean({"args": ["--backend-config", "onnx,x=y"]})
}

test_variables if {
	every value in ["1", "true", "True", "yes"] {
		says({"env": [{"name": "TRUST_REMOTE_CODE", "value": value}]}, sprintf("(TRUST_REMOTE_CODE=%s)", [value]))
	}
	every value in ["0", "false", "False", ""] {
		clean({"env": [{"name": "TRUST_REMOTE_CODE", "value": value}]})
	}
	clean({"env": [{"name": "OTHER", "value": "1"}, {"name": "TRUST_REMOTE_CODE"}]})
	says({"env": [{"name": "hf_trust_remote_code", "value": "1"}]}, "HF_TRUST_REMOTE_CODE lets")
}

test_what_cannot_be_told if {
	elsewhere := {"env": [{"name": "TRUST_REMOTE_CODE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]}
	says(elsewhere, "TRUST_REMOTE_CODE is known only when it runs")
	count(names(elsewhere, {"undecidable": "allow"})) == 0
	says({"args": ["--trust-remote-code=$(X)"]}, "known only when it runs")
	says({"args": ["--trust-remote-code=$(X)"], "env": [{"name": "X", "value": "1"}]}, "lets a model bring code")
	clean({"args": ["--trust-remote-code=$(X)"], "env": [{"name": "X", "value": "false"}]})
}

test_python if {
	says({"args": ["-c", "AutoModel.from_pretrained('x', trust_remote_code=True)"]}, "trust_remote_code=True lets")
	says({"args": ["-c", "torch.load('x', weights_only = False)"]}, "weights_only=False lets")
	says({"args": ["-c", "keras.models.load_model('x', safe_mode=False)"]}, "safe_mode=False lets")
	clean({"args": ["-c", "AutoModel.from_pretrained('x', trust_remote_code=False)"]})
}

test_other_spellings if {
	every args in [["--hf-trust-remote-code"], ["--model.trust_remote_code=true"], ["--trust-remote"], ["--enable-custom-logit-processor"]] {
		count(names({"args": args}, {})) == 1
	}
	says({"env": [{"name": "OPTION_TRUST_REMOTE_CODE", "value": "true"}]}, "OPTION_TRUST_REMOTE_CODE lets")
	says({"env": [{"name": "VLLM_ADDITIONAL_ARGS", "value": "--port 80 --trust-remote-code"}]}, "--trust-remote-code lets")
	clean({"env": [{"name": "VLLM_ADDITIONAL_ARGS", "value": "--trust-remote-code=false"}]})
	says({"lifecycle": {"postStart": {"exec": {"command": ["vllm serve x --trust-remote-code"]}}}}, "--trust-remote-code lets")
}

commit := "0123456789abcdef0123456789abcdef01234567"

test_pinned_code if {
	pinned := {"pinnedCode": "allow"}
	fixed := {"args": ["--trust-remote-code", "--code-revision", commit]}
	count(names(fixed, pinned)) == 0
	count(names(fixed, {})) == 1
	every args in [
		["--trust-remote-code"], ["--trust-remote-code", "--revision", commit], ["--trust-remote-code", "--code-revision", "main"],
		["--trust-remote-code", "--code-revision", commit, "--code-revision", "main"],
	] {
		count(names({"args": args}, pinned)) == 1
	}
	every text, number in {
		sprintf("working_dir: https://example.com/a/archive/%s.zip", [commit]): 0,
		sprintf("working_dir: http://example.com/a/archive/%s.zip", [commit]): 1,
		"working_dir: https://example.com/a/archive/main.zip": 1,
		sprintf("py_modules: ['https://example.com/%s.zip', 'https://example.com/x.zip']", [commit]): 1,
		sprintf("py_modules: ['https://example.com/%s.zip']", [commit]): 0,
	} {
		count(ray_with("RayJob", "runtimeEnvYAML", text, pinned)) == number
	}
}

test_pickles if {
	every text in ["import pickle; pickle.load(open('/m', 'rb'))", "joblib.load('/m')", "pd.read_pickle('/m')", "cloudpickle.loads(b)"] {
		says({"command": ["python3", "-c", text]}, "pickle lets a model bring code")
	}
	clean({"command": ["python3", "-c", "json.load(f); pickle.dump(m, f)"]})
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"container": {"args": ["pickle.load(f)"]}}]}}
	count({1 | some _ in rule.violation with input as {"review": {"object": workflow}}}) == 0
}

test_other_variables if {
	model := {"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": "Model", "spec": {"primaryContainer": {"environment": {"HF_MODEL_TRUST_REMOTE_CODE": "true"}}}}
	[message] := [violation.msg | some violation in rule.violation with input as {"review": {"object": model}}]
	contains(message, "spec.primaryContainer.environment.HF_MODEL_TRUST_REMOTE_CODE")
}

test_exceptions if {
	count(names({"args": ["--trust-remote-code"]}, {"exceptions": ["--trust-remote-code"]})) == 0
	count(names({"args": ["--trust-remote-code"]}, {"exceptions": ["TRUST_REMOTE_CODE"]})) == 1
}

ray(kind, field, text) := ray_with(kind, field, text, {})

ray_with(kind, field, text, parameters) := {violation.msg |
	judged := {"apiVersion": "ray.io/v1", "kind": kind, "metadata": {"name": "r"}, "spec": {field: text}}
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

test_ray if {
	count(ray("RayService", "serveConfigV2", "applications:\n- args: {llm_configs: [{engine_kwargs: {trust_remote_code: true}}]}")) == 1
	count(ray("RayService", "serveConfigV2", "applications:\n- args: {llm_configs: [{engine_kwargs: {trust_remote_code: false}}]}")) == 0
	count(ray("RayService", "serveConfigV2", "applications:\n- runtime_env: {working_dir: 'https://example.com/x.zip'}")) == 1
	count(ray("RayJob", "runtimeEnvYAML", "py_modules: ['s3://b/x.zip']")) == 1
	count(ray("RayJob", "runtimeEnvYAML", "working_dir: /app")) == 0
	count(ray("RayJob", "entrypoint", "vllm serve x --trust-remote-code")) == 1
}
