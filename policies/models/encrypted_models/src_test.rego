package lockgate.models.encrypted_models_test

import data.lockgate.models.encrypted_models as rule

service(uri) := {
	"apiVersion": "serving.kserve.io/v1beta1",
	"kind": "InferenceService",
	"metadata": {"name": "fraud"},
	"spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}}},
}

found(uri, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": service(uri)}, "parameters": parameters}
}

test_plain_connections if {
	every uri in ["http://files.example.com/m.pkl", "HTTP://FILES.example.com/m", "ftp://files.example.com/m", "http://203.0.113.7/m"] {
		some message in found(uri, {})
		startswith(message, "model is fetched without TLS at spec.predictor.model.storageUri ")
	}
	every uri in ["https://files.example.com/m.pkl", "s3://models/m", "gs://models/m", "pvc://models/m", "hf://team/model", 7, null, ""] {
		count(found(uri, {})) == 0
	}
}

test_hosts_inside if {
	every uri in ["http://models.ml.svc/m", "http://minio:9000/m", "http://10.0.0.7/m", "http://models.ml.svc.cluster.local/m"] {
		count(found(uri, {})) == 0
		count(found(uri, {"insideCluster": "refuse"})) == 1
	}

	# Anybody's name, that looks like one of the cluster's.
	count(found("http://models.ml.svc.example.com/m", {})) == 1
}

test_exempt_hosts if {
	count(found("http://files.example.com/m", {"exemptHosts": ["*.example.com"]})) == 0
	count(found("http://example.com/m", {"exemptHosts": ["*.example.com"]})) == 1
	count(found("http://files.example.com/m", {"exemptHosts": ["FILES.example.com"]})) == 0
}

test_flags_of_servers if {
	some violation in rule.violation with input as {"review": {"object": {
		"apiVersion": "apps/v1",
		"kind": "Deployment",
		"metadata": {"name": "chat"},
		"spec": {"template": {"spec": {"containers": [{
			"name": "server",
			"image": "vllm/vllm-openai:v0.10.0",
			"args": ["--model=http://files.example.com/llama"],
		}]}}},
	}}}
	violation.details.path == ["spec", "template", "spec", "containers", 0, "args", 0]
}

test_an_update_that_leaves_it if {
	count({1 |
		some _ in rule.violation with input as {"review": {
			"operation": "UPDATE",
			"object": service("http://files.example.com/m"),
			"oldObject": service("http://files.example.com/m"),
		}}
	}) == 0
}

judged(value) := {split(violation.msg, " at ")[0] | some violation in rule.violation with input as {"review": {"object": value}}}

pod(variables) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"env": variables}]}}

test_endpoints if {
	judged(pod([{"name": "HF_ENDPOINT", "value": "http://mirror.example.com"}])) == {"what HF_ENDPOINT names is fetched without TLS"}
	every variables in [
		[{"name": "HF_ENDPOINT", "value": "https://mirror.example.com"}], [{"name": "OTHER", "value": "http://mirror.example.com"}],
		[{"name": "HF_ENDPOINT", "value": 7}], [{"name": "AWS_ENDPOINT_URL", "value": "http://minio:9000"}],
	] {
		judged(pod(variables)) == set()
	}
}

secret(annotations, held) := {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": annotations}, "stringData": held}

store := {"store of models is read without verified TLS"}

test_secrets_of_kserve if {
	every annotations in [
		{"serving.kserve.io/s3-verifyssl": "0"}, {"serving.kserve.io/s3-usehttps": "0", "serving.kserve.io/s3-endpoint": "s3.example.com"},
		{"serving.kserve.io/s3-verifyssl": "false", "serving.kserve.io/s3-endpoint": "https://s3.example.com:9000"},
	] {
		judged(secret(annotations, {})) == store
	}
	every annotations in [
		{"serving.kserve.io/s3-verifyssl": "1", "serving.kserve.io/s3-usehttps": "1"}, {"serving.kserve.io/s3-usehttps": "0", "serving.kserve.io/s3-endpoint": "minio:9000"}, {},
	] {
		judged(secret(annotations, {})) == set()
	}
	judged(secret({}, {"a": `{"type": "s3", "endpoint_url": "http://s3.example.com", "bucket": "b"}`})) == store
	judged(secret({}, {"a": `{"type": "s3", "endpoint_url": "https://s3.example.com", "verify_ssl": "0"}`})) == store
	judged(secret({}, {"a": `{"type": "s3", "endpoint_url": "http://minio-service.kubeflow:9000"}`})) == set()
	judged(secret({}, {"a": `{"type": "s3", "endpoint_url": "http://minio:9000"}`, "b": "{", "c": `{"type": "hdfs"}`, "d": `["s3"]`})) == set()
}
