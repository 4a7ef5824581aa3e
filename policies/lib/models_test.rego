package lib.lockgate.models_test

import data.lib.lockgate.models

hex := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

commit := "0123456789abcdef0123456789abcdef01234567"

# By text: scheme, pin and uri.
texts := {
	"hf://org/model": ["hf", "moving", "hf://org/model"],
	"hf://org/model:main": ["hf", "moving", "hf://org/model:main"],
	sprintf("hf://org/model:%s", [commit]): ["hf", "content", sprintf("hf://org/model:%s", [commit])],
	sprintf("HF://org/model@%s", [commit]): ["hf", "content", sprintf("hf://org/model:%s", [commit])],
	"hf://org": ["hf", "unreadable", "hf://org"],
	"org/model": ["hf", "moving", "hf://org/model"],
	sprintf("https://huggingface.co/org/model/resolve/%s/w.safetensors", [commit]): ["hf", "content", sprintf("hf://org/model:%s", [commit])],
	"https://huggingface.co/org/model/resolve/main/w.safetensors": ["hf", "moving", "hf://org/model:main"],
	"oci://registry.example.com/m:1": ["oci", "moving", "oci://registry.example.com/m:1"],
	"oci://registry.example.com/m": ["oci", "moving", "oci://registry.example.com/m:latest"],
	sprintf("oci+native://registry.example.com/m:1@sha256:%s", [hex]): ["oci", "content", sprintf("oci://registry.example.com/m@sha256:%s", [hex])],
	"oci://registry.example.com/m@sha256:12": ["oci", "unreadable", "oci://registry.example.com/m@sha256:12"],
	"s3://bucket/m/1/": ["s3", "moving", "s3://bucket/m/1"],
	"s3://bucket/m?versionId=abc": ["s3", "version", "s3://bucket/m@abc"],
	"s3://bucket/m?x=1&versionId=abc": ["s3", "version", "s3://bucket/m@abc"],
	"s3://bucket/m?versionId=": ["s3", "moving", "s3://bucket/m?versionId="],
	sprintf("s3://bucket/%s/m", [hex]): ["s3", "name", sprintf("s3://bucket/%s/m", [hex])],
	sprintf("gs://bucket/sha256-%s/m", [hex]): ["gs", "name", sprintf("gs://bucket/sha256-%s/m", [hex])],
	"gs://bucket/m#17": ["gs", "version", "gs://bucket/m@17"],
	"gs://bucket/m#x": ["gs", "moving", "gs://bucket/m#x"],
	"pvc://claim/m": ["pvc", "moving", "pvc://claim/m"],
	"https://example.com/m.joblib": ["https", "moving", "https://example.com/m.joblib"],
	"http://example.com/m.joblib": ["http", "moving", "http://example.com/m.joblib"],
	"https://acc.blob.core.windows.net/c/m?versionid=7": ["https", "version", "https://acc.blob.core.windows.net/c/m@7"],
	"https://example.com/m?versionid=7": ["https", "moving", "https://example.com/m?versionid=7"],
	"models:/fraud/3": ["models", "version", "models:/fraud/3"],
	"models:/fraud@champion": ["models", "moving", "models:/fraud@champion"],
	"models:/fraud/Production": ["models", "moving", "models:/fraud/Production"],
	"runs:/0123456789abcdef0123456789abcdef/model": ["runs", "version", "runs:/0123456789abcdef0123456789abcdef/model"],
	"model-registry://fraud/v3": ["model-registry", "version", "model-registry://fraud/v3"],
	"model-registry://llama-3.1/v3": ["model-registry", "version", "model-registry://llama-3.1/v3"],
	"model-registry://registry.kubeflow.svc/fraud": ["model-registry", "moving", "model-registry://registry.kubeflow.svc/fraud"],
	"model-registry://registry:8080/fraud": ["model-registry", "moving", "model-registry://registry:8080/fraud"],
	"model-registry://registry:8080/fraud/v3": ["model-registry", "moving", "model-registry://registry:8080/fraud/v3"],
	"model-registry://fraud": ["model-registry", "moving", "model-registry://fraud"],
	"wandb-artifact:///team/project/model:v3": ["wandb-artifact", "version", "wandb-artifact:///team/project/model:v3"],
	"wandb-artifact:///team/project/model:latest": ["wandb-artifact", "moving", "wandb-artifact:///team/project/model:latest"],
	"team/project/model:v3": ["wandb-artifact", "moving", "wandb-artifact://team/project/model:v3"],
	"registry.example.com/ml/model:v3": ["name", "moving", "registry.example.com/ml/model:v3"],
	"arn:aws:sagemaker:eu-west-1:1:model-package/m/3": ["arn", "version", "arn:aws:sagemaker:eu-west-1:1:model-package/m/3"],
	"new-store://a/b": ["new-store", "moving", "new-store://a/b"],
	"s3://$BUCKET/m": ["s3", "unknown", "s3://$BUCKET/m"],
	"{{model}}": ["", "unknown", "{{model}}"],
	"oci+native://<image-ref>": ["oci+native", "unreadable", "oci+native://<image-ref>"],
	"hf://org/model main": ["hf", "unreadable", "hf://org/model main"],
	"model": ["name", "moving", "model"],
}

test_texts if {
	every text, expected in texts {
		read := models.parse(text, "")
		[read.scheme, read.pin, read.uri] == expected
	}
}

test_revisions if {
	models.parse("org/model", commit).pin == "content"
	models.parse("hf://org/model:main", commit).pin == "moving"
	models.parse("org/model", "main").pin == "moving"
	models.parse(7, "").pin == "unreadable"
}

found(object) := {[one.use, one.how, concat(".", [sprintf("%v", [element]) | some element in one.path]), one.uri] |
	some one in models.references with input as {"review": {"object": object}}
}

service(predictor) := {
	"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "s"},
	"spec": {"predictor": predictor},
}

pod(container) := {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container]}}

test_inference_services if {
	found(service({"sklearn": {"storageUri": "gs://b/m"}})) == {["model", "field", "spec.predictor.sklearn.storageUri", "gs://b/m"]}
	found(service({"model": {"storageUri": "gs://b/m", "storage": {"path": "x"}}})) == {["model", "field", "spec.predictor.model.storageUri", "gs://b/m"]}
	found(service({"model": {"storage": {"key": "local", "path": "/x"}}})) == {["model", "field", "spec.predictor.model.storage.path", "storage://local/x"]}
	found(service({"storageUris": [{"uri": "s3://b/m"}, {"uri": "hf://o/m"}], "model": {}})) == {
		["model", "field", "spec.predictor.storageUris.0.uri", "s3://b/m"],
		["model", "field", "spec.predictor.storageUris.1.uri", "hf://o/m"],
	}
}

test_fields_of_kinds if {
	found({"apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "spec": {"model": {
		"uri": "hf://o/m", "lora": {"adapters": [{"uri": "hf://o/a"}]},
	}}}) == {["model", "field", "spec.model.uri", "hf://o/m"], ["adapter", "field", "spec.model.lora.adapters.0.uri", "hf://o/a"]}
	found({"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob", "spec": {"initializer": {
		"model": {"storageUri": "hf://o/m"}, "dataset": {"storageUri": "hf://o/d"},
	}}}) == {["model", "field", "spec.initializer.model.storageUri", "hf://o/m"], ["dataset", "field", "spec.initializer.dataset.storageUri", "hf://o/d"]}
	found({"apiVersion": "sagemaker.services.k8s.aws/v1alpha1", "kind": "Model", "spec": {"primaryContainer": {
		"modelDataURL": "s3://b/m.tar.gz",
	}}}) == {["model", "field", "spec.primaryContainer.modelDataURL", "s3://b/m.tar.gz"]}
	found({"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "spec": {"predictors": [{"graph": {
		"modelUri": "gs://b/m", "children": [{"modelUri": "gs://b/n"}],
	}}]}}) == {
		["model", "field", "spec.predictors.0.graph.modelUri", "gs://b/m"],
		["model", "field", "spec.predictors.0.graph.children.0.modelUri", "gs://b/n"],
	}
	found({"apiVersion": "serving.kserve.io/v1alpha1", "kind": "TrainedModel", "spec": {"model": {"storageUri": "gs://b/m"}}}) == {["model", "field", "spec.model.storageUri", "gs://b/m"]}
}

test_arguments if {
	found(pod({"args": ["--model", "o/m", "--port", "80"]})) == {["model", "argument", "spec.containers.0.args.1", "hf://o/m"]}
	found(pod({"args": ["--model=o/m", "--revision", commit]})) == {["model", "argument", "spec.containers.0.args.0", sprintf("hf://o/m:%s", [commit])]}
	found(pod({"command": ["sh", "-c", "exec python -m vllm.entrypoints.openai.api_server --model_path 'o/m' --port 80"]})) == {["model", "argument", "spec.containers.0.command.2", "hf://o/m"]}
	found(pod({"args": ["serve", "o/m"], "command": ["vllm"]})) == {["model", "argument", "spec.containers.0.args.1", "hf://o/m"]}
	found(pod({"args": ["--model", "/mnt/models", "--tokenizer", "./tok"]})) == set()
	found(pod({"args": ["--lora-modules", "sql=o/a", "--model=/mnt/models"]})) == {["adapter", "argument", "spec.containers.0.args.1", "hf://o/a"]}
	found(pod({"args": ["--model-id=$(MODEL_ID)"], "env": [{"name": "MODEL_ID", "value": "o/m"}]})) == {
		["model", "argument", "spec.containers.0.args.0", "hf://o/m"],
		["model", "variable", "spec.containers.0.env.0.value", "hf://o/m"],
	}
	found(pod({"args": ["--model", "$(X)"], "env": [{"name": "X", "value": "o/m"}]})) == {["model", "argument", "spec.containers.0.args.1", "hf://o/m"]}
	found(pod({"args": ["--model=$(MODEL_ID)"], "env": [{"name": "MODEL_ID", "valueFrom": {}}]})) == {["model", "argument", "spec.containers.0.args.0", "$(MODEL_ID)"]}
}

test_variables if {
	found(pod({"env": [{"name": "STORAGE_URI", "value": "s3://b/m"}, {"name": "REVISION", "value": "x"}]})) == {["model", "variable", "spec.containers.0.env.0.value", "s3://b/m"]}
	found(pod({"env": [{"name": "ANY", "value": "models:/fraud@champion"}]})) == {["model", "variable", "spec.containers.0.env.0.value", "models:/fraud@champion"]}
	found(pod({"env": [{"name": "MODEL_ENDPOINT", "value": "http://m/v1"}, {"name": "MODEL_NAME", "value": "fraud"}, {"name": "URL", "value": "https://x/y"}]})) == set()
}

test_initializers if {
	found({
		"apiVersion": "v1", "kind": "Pod",
		"metadata": {"name": "p", "annotations": {"internal.serving.kserve.io/storage-initializer-sourceuri": "gs://b/m"}},
		"spec": {"containers": [], "initContainers": [{"name": "storage-initializer", "args": ["gs://b/m", "/mnt/models"]}]},
	}) == {
		["model", "annotation", "metadata.annotations.internal.serving.kserve.io/storage-initializer-sourceuri", "gs://b/m"],
		["model", "argument", "spec.initContainers.0.args.0", "gs://b/m"],
	}
}

test_volumes_and_text if {
	found({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [], "volumes": [{"name": "m", "image": {"reference": "r.example.com/m:1"}}]}}) == {["volume", "field", "spec.volumes.0.image.reference", "oci://r.example.com/m:1"]}
	found({"apiVersion": "ray.io/v1", "kind": "RayService", "spec": {"serveConfigV2": "applications:\n- args:\n    llm_configs:\n    - model_loading_config:\n        model_id: mine\n        model_source: o/m\n"}}) == {["model", "text", "spec.serveConfigV2", "hf://o/m"]}
	found({"apiVersion": "ray.io/v1", "kind": "RayService", "spec": {"serveConfigV2": "a: [broken"}}) == set()
}
