package lockgate.pipelines.pipeline_artifacts_test

import data.lockgate.pipelines.pipeline_artifacts as rule

document(spec) := {"apiVersion": "documents.lockgate.dev/v1alpha1", "kind": "KubeflowPipeline", "metadata": {"name": "p"}, "spec": spec}

importing(uri) := document({"pipelineInfo": {"name": "p"}, "deploymentSpec": {"executors": {"exec": {"importer": {"artifactUri": uri}}}}})

constant(uri) := importing({"constant": uri})

said(judged, parameters) := {[split(violation.msg, " at ")[0], violation.details.path] |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

place := ["spec", "deploymentSpec", "executors", "exec", "importer", "artifactUri", "constant"]

given := {"allowedStores": ["s3://models", "gs://data/team/"]}

astray := {["imported artifact is not in an approved store", place]}

test_stores if {
	every uri in ["s3://models/churn", "s3://models", "gs://data/team/x", "gs://data/team", "s3://${BUCKET}/x"] {
		said(constant(uri), object.union(given, {"undecidable": "allow"})) == set()
	}
	every uri in ["s3://models-evil/x", "gs://data/teams/x", "s3://models/../other", "https://s3://models/", "", "models/churn", "s3://other"] {
		said(constant(uri), given) == astray
	}
	said(constant("s3://x"), {"allowedStores": []}) == astray
}

test_without_stores if {
	said(constant("http://example.com/m.bin"), {}) == {["imported artifact goes over an unprotected connection", place]}
	said(constant("https://example.com/m.bin"), {}) == set()
	said(constant("http://minio.kubeflow.svc/m"), {}) == set()
	said(constant("s3://anything"), {}) == set()
}

test_odd_types if {
	every uri in [7, ["s3://models"], true] {
		said(constant(uri), given) == {["imported artifact cannot be read", place]}
	}
}

test_parameters if {
	path := ["spec", "deploymentSpec", "executors", "exec", "importer", "artifactUri"]
	said(importing({"runtimeParameter": "uri"}), given) == {["imported artifact is known only when the pipeline runs", path]}
	said(importing({"runtimeParameter": "uri"}), {"undecidable": "allow"}) == set()
	said(constant("s3://{{x}}/y"), {}) == {["imported artifact is known only when the pipeline runs", place]}
}

test_roots if {
	root := ["pipeline root is not in an approved store", ["spec", "defaultPipelineRoot"]]
	said(document({"defaultPipelineRoot": "s3://other/x"}), given) == {root}
	said(document({"defaultPipelineRoot": "s3://models/x"}), given) == set()
	said(document({"defaultPipelineRoot": ""}), given) == set()
	job := document({"pipelineSpec": {"defaultPipelineRoot": "s3://models/x"}, "runtimeConfig": {"gcsOutputDirectory": "gs://other"}})
	said(job, given) == {["pipeline root is not in an approved store", ["spec", "runtimeConfig", "gcsOutputDirectory"]]}
	launcher := {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kfp-launcher"}, "data": {"defaultPipelineRoot": "minio://mlpipeline/v2"}}
	said(launcher, given) == {["pipeline root is not in an approved store", ["data", "defaultPipelineRoot"]]}
	said(launcher, {}) == set()
}

test_updates if {
	version := {"apiVersion": "pipelines.kubeflow.org/v2beta1", "kind": "PipelineVersion", "spec": {"pipelineSpec": {"defaultPipelineRoot": "s3://other"}}}
	count(rule.violation) == 1 with input as {"review": {"object": version}, "parameters": given}
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": object.union(version, {"status": {}}), "oldObject": version}, "parameters": given}
	count(rule.violation) == 0 with input as {"review": {"operation": "DELETE", "object": version}, "parameters": given}
}
