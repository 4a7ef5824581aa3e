"""More of what people do in earnest: code that is fetched, verification that is off, consoles that ask nobody."""

from typing import Any, Final

from tests.recall.defects import Defect, Place

_CONTROLLERS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_POD: Final[Place] = ("spec", "template", "spec")
_FIRST: Final[Place] = (*_POD, "containers", 0)
_PREDICTOR: Final[Place] = ("spec", "predictor", "model")
_NOTEBOOK: Final[Place] = ("spec", "template", "spec", "containers", 0)


def _shell(line: str) -> list[str]:
    return ["sh", "-c", line]


def _variable(name: str, value: str) -> list[dict[str, Any]]:
    return [{"name": name, "value": value}]


def _init(line: str) -> list[dict[str, Any]]:
    return [{"name": "setup", "image": "registry.example.com/tools:1.2.0", "command": _shell(line)}]


# fmt: off
MORE: Final = (
    # Code that is fetched and run.
    Defect("program piped into a shell before the start", "workloads", "apps", _CONTROLLERS, (*_POD, "initContainers"), _init("curl -sSL https://get.example.com/install.sh | sh"), True),
    Defect("program piped into a shell in a job", "workloads", "batch", ("Job",), (*_FIRST, "command"), ["bash", "-c", "wget -qO- https://get.example.com/run.sh | bash -s -- --yes"], True),
    Defect("program put into a shell by a hook", "workloads", "apps", _CONTROLLERS, (*_FIRST, "lifecycle"), {"postStart": {"exec": {"command": _shell("bash <(curl -s https://get.example.com/hook)")}}}, True),
    Defect("Python from a URL", "workloads", "apps", _CONTROLLERS, (*_FIRST, "command"), ["python3", "-c", "import urllib.request as u; exec(u.urlopen('https://example.com/a.py').read())"], True),
    Defect("package of a branch", "workloads", "batch", ("Job",), (*_FIRST, "args"), _shell("pip install git+https://github.com/example/trainer && python -m trainer"), True),
    Defect("package index over plain HTTP", "workloads", "batch", ("Job",), (*_FIRST, "args"), _shell("pip install --index-url http://pypi.example.com/simple trainer==1.0 && python -m trainer"), True),
    Defect("program that is kept and run", "workloads", "batch", ("Job",), (*_FIRST, "command"), _shell("curl -Lo /usr/local/bin/tool https://get.example.com/tool && chmod +x /usr/local/bin/tool && tool serve"), True),
    Defect("download over plain HTTP", "workloads", "apps", _CONTROLLERS, (*_POD, "initContainers"), _init("curl -o /models/m.bin http://files.example.com/m.bin"), True),
    Defect("manifests from a URL", "workloads", "batch", ("Job",), (*_FIRST, "command"), _shell("kubectl apply -f https://raw.example.com/team/main/all.yaml"), True),
    Defect("code of the branch in Ray", "models", "ray.io", ("RayJob",), ("spec", "runtimeEnvYAML"), "working_dir: https://github.com/example/trainer/archive/main.zip\n", True),
    Defect("code from a bucket in Ray", "models", "ray.io", ("RayService",), ("spec", "serveConfigV2"), "applications:\n- name: a\n  import_path: a:app\n  runtime_env:\n    working_dir: s3://bucket/a.zip\n", True),
    Defect("program piped into a shell by Ray's entrypoint", "workloads", "ray.io", ("RayJob",), ("spec", "entrypoint"), "bash -c 'curl -sL https://get.example.com/run.sh | bash'", True),
    Defect("script of a workflow that runs a download", "workloads", "argoproj.io", ("Workflow", "WorkflowTemplate"), ("spec", "templates", 0, "container", "command"), _shell("curl -s https://get.example.com/x | sh"), True),
    Defect("remote code by a variable", "models", "apps", ("Deployment",), (*_FIRST, "env"), _variable("HF_HUB_TRUST_REMOTE_CODE", "1"), True),
    Defect("remote code by a variable of the served model", "models", "serving.kserve.io", ("InferenceService",), (*_PREDICTOR, "env"), _variable("VLLM_ADDITIONAL_ARGS", "--trust-remote-code --max-model-len=4096"), True),
    Defect("weights by pickle", "models", "apps", ("Deployment",), (*_FIRST, "env"), _variable("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1"), True),
    Defect("pickle over the wire", "models", "apps", ("Deployment",), (*_FIRST, "env"), _variable("VLLM_ALLOW_INSECURE_SERIALIZATION", "1"), True),
    Defect("pickle loaded by the command", "models", "apps", ("Deployment",), (*_FIRST, "command"), ["python3", "-c", "import pickle; m = pickle.load(open('/mnt/models/model.pkl', 'rb')); m.serve()"], True),
    Defect("remote code in SageMaker", "models", "sagemaker.services.k8s.aws", ("Model",), ("spec", "primaryContainer", "environment"), {"HF_MODEL_ID": "example/model", "HF_MODEL_TRUST_REMOTE_CODE": "true"}, True),
    Defect("hub over plain HTTP", "models", "apps", ("Deployment",), (*_FIRST, "env"), _variable("HF_ENDPOINT", "http://hub.example.com"), True),
    # Verification that is off.
    Defect("certificates not verified by a variable", "workloads", "apps", _CONTROLLERS, (*_FIRST, "env"), _variable("NODE_TLS_REJECT_UNAUTHORIZED", "0"), True),
    Defect("certificates not verified by Python", "workloads", "apps", _CONTROLLERS, (*_FIRST, "env"), _variable("PYTHONHTTPSVERIFY", "0"), True),
    Defect("certificates of git not verified", "workloads", "batch", ("Job",), (*_FIRST, "env"), _variable("GIT_SSL_NO_VERIFY", "true"), True),
    Defect("certificates of the tracking server not verified", "workloads", "batch", ("Job",), (*_FIRST, "env"), _variable("MLFLOW_TRACKING_INSECURE_TLS", "true"), True),
    Defect("certificates of the store not verified", "workloads", "serving.kserve.io", ("InferenceService",), (*_PREDICTOR, "env"), _variable("S3_VERIFY_SSL", "0"), True),
    Defect("certificates not verified by a flag", "workloads", "apps", _CONTROLLERS, (*_FIRST, "args"), ["--server=https://api.example.com", "--insecure-skip-tls-verify"], True),
    Defect("certificates not verified by curl", "workloads", "batch", ("Job",), (*_FIRST, "command"), _shell("curl -ks https://models.example.com/m.tar -o /m.tar && tar xf /m.tar"), True),
    Defect("certificates not verified by requests", "workloads", "batch", ("Job",), (*_FIRST, "command"), ["python3", "-c", "import requests; requests.get('https://models.example.com/m', verify=False)"], True),
    Defect("registry trusted without a certificate", "workloads", "batch", ("Job",), (*_FIRST, "args"), ["--destination=registry.example.com/app", "--skip-tls-verify"], True),
    Defect("transparency log left out", "workloads", "batch", ("Job",), (*_FIRST, "command"), _shell("cosign verify --insecure-ignore-tlog --key k.pub registry.example.com/app"), True),
    Defect("host key of git not compared", "gitops", "configsync.gke.io", ("RootSync", "RepoSync"), ("spec", "git", "noSSLVerify"), True, True),
    Defect("artifact of a workflow without verification", "pipelines", "argoproj.io", ("Workflow", "WorkflowTemplate"), ("spec", "arguments", "artifacts"), [{"name": "m", "git": {"repo": "https://git.example.com/a", "insecureSkipTLS": True}}], True),
    Defect("artifact of a workflow over plain HTTP", "pipelines", "argoproj.io", ("Workflow", "WorkflowTemplate"), ("spec", "arguments", "artifacts"), [{"name": "m", "http": {"url": "http://files.example.com/m"}}], True),
    Defect("store of models without a certificate", "models", "", ("Secret",), ("metadata", "annotations"), {"serving.kserve.io/s3-endpoint": "s3.example.com", "serving.kserve.io/s3-usehttps": "1", "serving.kserve.io/s3-verifyssl": "0"}, True),
    Defect("mesh without TLS", "workloads", "security.istio.io", ("PeerAuthentication",), ("spec", "mtls"), {"mode": "DISABLE"}, True),
    Defect("Gatekeeper fails open", "governance", "admissionregistration.k8s.io", ("ValidatingWebhookConfiguration",), ("webhooks",), [{"name": "validation.gatekeeper.sh", "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"], "clientConfig": {"service": {"name": "gatekeeper-webhook-service", "namespace": "gatekeeper-system"}}, "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}]}], True),
    Defect("namespace that Gatekeeper passes over", "governance", "", ("Namespace",), ("metadata", "labels"), {"admission.gatekeeper.sh/ignore": "true"}, True),
    # Who may come without saying who it is.
    Defect("notebook without a token", "serving", "kubeflow.org", ("Notebook",), (*_NOTEBOOK, "command"), ["jupyter", "lab", "--ip=0.0.0.0", "--ServerApp.token=''", "--ServerApp.password=''"], True),
    Defect("notebook server without a token", "serving", "apps", ("Deployment", "StatefulSet"), (*_FIRST, "args"), ["start-notebook.sh", "--NotebookApp.token=", "--NotebookApp.ip=0.0.0.0"], True),
    Defect("editor without a password", "serving", "apps", ("Deployment", "StatefulSet"), (*_FIRST, "args"), ["--bind-addr=0.0.0.0:8080", "--auth=none"], True),
    Defect("workflows open to all", "serving", "apps", ("Deployment",), (*_FIRST, "args"), ["server", "--auth-mode=server"], True),
    Defect("models registered by anybody", "serving", "apps", ("Deployment",), (*_FIRST, "args"), ["torchserve", "--start", "--disable-token-auth", "--enable-model-api"], True),
    Defect("API server for anonymous callers", "serving", "apps", ("Deployment",), (*_FIRST, "args"), ["--anonymous-auth=true", "--authorization-mode=AlwaysAllow"], True),
    Defect("tracking server open to the world", "serving", "", ("Service",), ("spec",), {"type": "LoadBalancer", "selector": {"app": "mlflow"}, "ports": [{"port": 5000, "targetPort": 5000}]}, True),
    Defect("Ray's dashboard open to the world", "serving", "", ("Service",), ("spec",), {"type": "LoadBalancer", "selector": {"ray.io/node-type": "head"}, "ports": [{"name": "dashboard", "port": 8265}]}, True),
    Defect("database open to the world", "serving", "", ("Service",), ("spec",), {"type": "LoadBalancer", "selector": {"app": "postgres"}, "ports": [{"port": 5432}]}, True),
    Defect("service of Cloud Run for all", "serving", "serving.knative.dev", ("Service",), ("metadata", "annotations"), {"run.googleapis.com/invoker-iam-disabled": "true"}, True),
    Defect("bucket of AWS open to the world", "governance", "s3.services.k8s.aws", ("Bucket",), ("spec", "acl"), "public-read", True),
    Defect("policy that grants everybody", "governance", "iam.cnrm.cloud.google.com", ("IAMPolicy", "IAMPartialPolicy"), ("spec", "bindings"), [{"role": "roles/run.invoker", "members": ["allUsers"]}], True),
)
# fmt: on
