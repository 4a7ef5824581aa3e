package lockgate.pipelines.runtime_installs_test

import data.lockgate.pipelines.runtime_installs as rule

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}

said(container, parameters) := {[split(violation.msg, " at spec.")[0], array.slice(violation.details.path, 3, 9)] |
	some violation in rule.violation with input as {"review": {"object": pod(container)}, "parameters": parameters}
}

script(text) := {"command": ["sh", "-c", text]}

any := {["packages are installed as it starts", ["command", 2]]}

loose := {["packages that are installed as it starts are not pinned", ["command", 2]]}

unverified := {["packages come from an index that is not verified", ["command", 2]]}

pinned := {"installs": "pinned"}

test_none if {
	every text in [
		"pip install torch==2.9.0", "pip3 install torch && python x.py", "python -m pip install --quiet 'kfp==2.14.3' '--no-deps'", "conda install -y numpy=2.1",
		"uv pip install torch", "apt-get update && apt-get install -y git", "/usr/bin/pip install x", "if true; then pip --quiet install x; fi", "(pip install x)",
	] {
		said(script(text), {}) == any
	}
	every text in ["python train.py", "# pip install x\npython x.py", "echo install pip", "snippip install x", "pip list"] {
		said(script(text), {}) == set()
	}
}

test_pinned if {
	every text in [
		"pip install torch==2.9.0 'jax[tpu]==0.6.0'", "pip install -r requirements.txt --no-deps", "pip install ./wheel.whl /opt/x.whl", "pip install kfp==2.14.3 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"' && x", "pip install $PACKAGE ${OTHER}",
		"pip install -U pip setuptools wheel", "pip install git+https://example.com/x@0123456789abcdef0123456789abcdef01234567", "conda install -c conda-forge numpy=2.1",
		"pip install --index-url https://pypi.example.com/simple torch==2.9.0 > /dev/null", "apt-get install git", "pip install \\\n  torch==2.9.0 \\\n  numpy==2.1.0",
	] {
		said(script(text), pinned) == set()
	}
	every text in ["pip install torch", "pip install 'torch>=2'", "pip install -U \"jax[tpu]\" -f https://x.example.com", "pip install git+https://example.com/x@main", "conda install numpy", "uv pip install torch~=2.1"] {
		said(script(text), pinned) == loose
	}
	said(script("pip install --trusted-host pypi.example.com torch==2.9.0"), pinned) == unverified
	said(script("pip install --index-url http://pypi.example.com/simple torch==2.9.0"), pinned) == unverified
	said(script("pip install --index-url=http://pypi.example.com/simple torch==2.9.0"), pinned) == unverified
	said(script("pip install --index-url http://pypi.team.svc/simple torch==2.9.0"), pinned) == set()
}

test_one_violation_for_a_path if {
	said(script("pip install --trusted-host pypi.example.com torch"), pinned) == {[
		"packages that are installed as it starts are not pinned, and packages come from an index that is not verified", ["command", 2],
	]}
}

test_lists_without_a_shell if {
	said({"command": ["pip", "install", "torch"]}, {}) == {["packages are installed as it starts", ["command"]]}
	said({"args": ["python", "-m", "pip", "install", "torch", 7]}, pinned) == {["packages that are installed as it starts are not pinned", ["args"]]}
	said({"command": "pip install torch"}, {}) == set()
}

test_scripts_of_workflows if {
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"templates": [{"script": {"command": ["bash"], "source": "pip install torch\npython x.py"}}]}}
	some violation in rule.violation with input as {"review": {"object": workflow}, "parameters": pinned}
	violation.details.path == ["spec", "templates", 0, "script", "source"]
}

test_compiled_pipelines if {
	document := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "metadata": {"name": "p"}, "spec": {
		"pipelineInfo": {"name": "p"},
		"deploymentSpec": {"executors": {"exec-a": {"container": {"image": "python:3.11", "command": ["sh", "-c", "pip install kfp==2.14.3 pandas"]}}}},
	}}
	some violation in rule.violation with input as {"review": {"object": document}, "parameters": pinned}
	violation.details.path == ["spec", "deploymentSpec", "executors", "exec-a", "container", "command", 2]
	contains(violation.msg, "(pandas)")
}

test_compiled_workflows if {
	workflow := {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"arguments": {"parameters": [
		{"name": "components-root", "value": "{}"},
		{"name": "implementations-abc", "value": `{"image": "python:3.11", "command": ["sh", "-c", "pip install pandas"]}`},
	]}}}
	some violation in rule.violation with input as {"review": {"object": workflow}, "parameters": pinned}
	violation.details.path == ["spec", "arguments", "parameters", 1, "value"]
}

test_updates if {
	judged := pod(script("pip install x"))
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(judged, {"status": {}}), "oldObject": judged}}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": judged}}
}
