package lockgate.serving.ray_code_sources_test

import data.lockgate.serving.ray_code_sources as rule

job(environment) := {
	"apiVersion": "ray.io/v1",
	"kind": "RayJob",
	"metadata": {"name": "j"},
	"spec": {"runtimeEnvYAML": json.marshal(environment)},
}

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

sha := "0123456789012345678901234567890123456789"

digest := concat("", ["sha256=", sha, "012345678901234567890123"])

pinned := [
	"torch==2.9.0",
	"torch == 2.9.0",
	"vllm[audio, video]==0.11.0; python_version > '3.10'",
	"jax===0.6.1+cuda12",
	"a==1.0 --hash=sha256:00",
	"./wheels/x-1.0-py3-none-any.whl",
	"/opt/wheels/x.whl",
	concat("", ["x @ git+https://example.com/x.git@", sha]),
	concat("", ["x @ https://example.com/x.whl#", digest]),
	"${PACKAGE}",
	"# a comment",
	"",
]

loose := [
	"torch",
	"torch>=2.9.0",
	"torch==2.*",
	"torch==2.9.0,<3",
	"x @ git+https://example.com/x.git@main",
	"x @ https://example.com/x.whl",
	"git+https://example.com/x.git",
	"--extra-index-url https://example.com/simple",
	"-f https://example.com/x.html",
	"-r requirements.txt",
]

test_pinned if {
	every text in pinned {
		every environment in [{"pip": [text]}, {"pip": {"packages": [text]}}, {"uv": [text]}, {"conda": {"dependencies": ["pip", {"pip": [text]}]}}] {
			said(job(environment), {}) == set()
		}
	}
	every environment in [
		{},
		{"env_vars": {"A": "b"}},
		{"pip": "requirements.txt"},
		{"conda": "base"},
		{"conda": {"dependencies": ["python=3.11.9", "conda-forge::numpy=2.1.0", "pip"]}},
		{"pip": null},
		{"pip": []},
	] {
		said(job(environment), {}) == set()
	}
}

test_loose if {
	every text in loose {
		every environment in [{"pip": [text]}, {"pip": {"packages": [text]}}, {"uv": [text]}, {"conda": {"dependencies": [{"pip": [text]}]}}] {
			found := said(job(environment), {})
			count(found) == 1
			some message in found
			contains(message, sprintf(" is not pinned at spec.runtimeEnvYAML (%s)", [text]))
		}
	}
	every text in ["numpy", "numpy>=2", "numpy=2.*"] {
		some message in said(job({"conda": {"dependencies": [text]}}), {})
		startswith(message, "package of conda is not pinned")
	}
	count(said(job({"pip": [7, ["torch"], null]}), {})) == 3
}

test_images if {
	pin := "sha256:0123456789012345678901234567890123456789012345678901234567890123"
	every environment in [{"image_uri": concat("@", ["r.example.com/x", pin])}, {"container": {"image": concat("@", ["x", pin])}}] {
		said(job(environment), {}) == set()
	}
	every environment in [{"image_uri": "x:1"}, {"container": {"image": "x"}}, {"image_uri": 7}] {
		some message in said(job(environment), {})
		startswith(message, "image of a runtime environment is not pinned at spec.runtimeEnvYAML")
	}
}

at_commit := concat("", ["https://github.com/example/code/archive/", sha, ".zip"])

test_urls if {
	every environment in [
		{"working_dir": at_commit},
		{"py_modules": [at_commit, "/opt/code"]},
		{"working_dir": "s3://ml-code/jobs/7.zip"},
		{"working_dir": "${CODE}"},
		{"py_executable": "uv run"},
	] {
		said(job(environment), {"allowedSources": ["s3://ml-code/jobs"]}) == set()
	}
	every text in [
		"https://github.com/example/code/archive/main.zip",
		replace(at_commit, "https", "http"),
		concat("", ["https://example.com/x.zip?", sha]),
		concat("", ["https://example.com/x.zip#/", sha]),
		"s3://ml-code/jobs-evil/7.zip",
		"s3://ml-code/jobs/../other/7.zip",
		"s3://ml-code/jobs/%2e%2e/7.zip",
		"s3://ml-code/jobs",
		"gs://other/7.zip",
		7,
	] {
		every environment in [{"working_dir": text}, {"py_modules": [text]}] {
			found := said(job(environment), {"allowedSources": ["s3://ml-code/jobs"]})
			count(found) == 1
			some message in found
			startswith(message, "code by URL is not pinned at spec.runtimeEnvYAML (")
			said(job(environment), {"urls": "any"}) == set()
		}
	}
}

test_services if {
	service := {"apiVersion": "ray.io/v1", "kind": "RayService", "spec": {"serveConfigV2": "applications: [{runtime_env: {pip: [torch]}}]"}}
	some message in said(service, {})
	contains(message, " at spec.serveConfigV2 (torch)")
}

test_not_readable if {
	every text in ["a: [", "- pip", 7] {
		judged := {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {"runtimeEnvYAML": text}}
		some message in said(judged, {})
		startswith(message, "runtime environment cannot be read at spec.runtimeEnvYAML")
	}
}

test_updates if {
	old := job({"pip": ["torch"]})
	marked := object.union(old, {"spec": {"suspend": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": job({"pip": ["jax"]}), "oldObject": old}}
}
