"""Objects in two states, for the pairs of `test_pairs`: as platforms of machine learning write them."""

from typing import Any

Json = dict[str, Any]
HEX_A = "0123456789abcdef" * 4
HEX_B = "fedcba9876543210" * 4
COMMIT_A, COMMIT_B = HEX_A[:40], HEX_B[:40]


def thing(kind: str, api_version: str, spec: Json, name: str = "fraud", **more: Json) -> Json:
    """An object."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **more}, "spec": spec}


def service(uri: str, name: str = "fraud", **predictor: Any) -> Json:
    """KServe: a model by its place."""
    spec: Json = {"predictor": {"model": {"modelFormat": {"name": "onnx"}, "storageUri": uri}, **predictor}}
    return thing("InferenceService", "serving.kserve.io/v1beta1", spec, name)


def deployment(image: str, name: str = "server", *args: str) -> Json:
    """A server in an image."""
    container: Json = {"name": "server", "image": image}
    if args:
        container["args"] = list(args)
    return thing("Deployment", "apps/v1", {"template": {"spec": {"containers": [container]}}}, name)


def llm(uri: str, adapter: str | None = None) -> Json:
    """KServe: a language model, with an adapter."""
    model: Json = {"uri": uri}
    if adapter is not None:
        model["lora"] = {"adapters": [{"name": "a", "uri": adapter}]}
    return thing("LLMInferenceService", "serving.kserve.io/v1alpha1", {"model": model})


def application(revision: str | None, path: str = "apps/fraud", **source: Any) -> Json:
    """Argo CD: a revision of git."""
    where: Json = {"repoURL": "https://git.example.com/apps", "path": path, **source}
    if revision is not None:
        where["targetRevision"] = revision
    return thing("Application", "argoproj.io/v1alpha1", {"source": where})


def chart(version: str) -> Json:
    """Argo CD: a version of a chart."""
    source = {"repoURL": "https://charts.example.com", "chart": "server", "targetRevision": version}
    return thing("Application", "argoproj.io/v1alpha1", {"source": source})


def release(version: str, **values: Any) -> Json:
    """Flux: a version of a chart, with values."""
    spec: Json = {
        "chart": {"spec": {"chart": "server", "version": version, "sourceRef": {"name": "charts"}}},
        "values": values,
    }
    return thing("HelmRelease", "helm.toolkit.fluxcd.io/v2", spec)


def git_repository(**ref: str) -> Json:
    """Flux: a revision of git."""
    spec = {"url": "https://git.example.com/apps", "ref": ref}
    return thing("GitRepository", "source.toolkit.fluxcd.io/v1", spec)


def flux_kustomization(**spec: Any) -> Json:
    """Flux: a folder of a source, with images and variables."""
    return thing(
        "Kustomization",
        "kustomize.toolkit.fluxcd.io/v1",
        {"sourceRef": {"kind": "GitRepository", "name": "apps"}, **spec},
    )


def kustomization(**fields: Any) -> Json:
    """kustomize's own file."""
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **fields}


def root_sync(**git: str) -> Json:
    """Config Sync: a revision and a folder of git."""
    return thing(
        "RootSync",
        "configsync.gke.io/v1beta1",
        {"sourceType": "git", "git": {"repo": "https://git.example.com/apps", **git}},
    )


def ray_service(source: str, image: str = "registry.example.com/ray@sha256:" + HEX_A) -> Json:
    """Ray: a model in YAML inside a string."""
    config = (
        "applications:\n- args:\n    llm_configs:\n    - model_loading_config:\n"
        f"        model_id: chat\n        model_source: {source}\n"
    )
    pod = {"spec": {"containers": [{"name": "head", "image": image}]}}
    return thing(
        "RayService",
        "ray.io/v1",
        {"serveConfigV2": config, "rayClusterConfig": {"headGroupSpec": {"template": pod}}},
    )


def train_job(model: str, data: str, runtime: str = "torch") -> Json:
    """Kubeflow Trainer: what is tuned, on what."""
    spec = {
        "runtimeRef": {"name": runtime},
        "initializer": {"model": {"storageUri": model}, "dataset": {"storageUri": data}},
    }
    return thing("TrainJob", "trainer.kubeflow.org/v1alpha1", spec)
