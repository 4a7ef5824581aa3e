"""Where pods, images and models are in workloads, found without the library: plain Python over parsed YAML.

Written from a table of the workloads' APIs. It shares nothing with `policies/lib`, which it is compared with
(`test_extraction.py`). Run over folders it lists what it finds: `python -m tests.policies.extraction FOLDER…`.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from tests.policies.corpus import values_in

Step = str | int
Place = tuple[Step, ...]
What = Literal["pod", "image", "model"]


@dataclass(frozen=True, slots=True)
class Found:
    """A pod spec, an image or a reference to a model, and its place in the document. A place in text ends at the string."""

    what: What
    place: Place
    text: str = ""


# Pod specs by group and kind. `[]` is every element of a list, `*` every value of a mapping.
PODS: dict[str, tuple[str, ...]] = {
    "/Pod": ("spec",),
    "/PodTemplate": ("template.spec",),
    "/ReplicationController": ("spec.template.spec",),
    **dict.fromkeys(
        (
            "apps/DaemonSet",
            "apps/Deployment",
            "apps/ReplicaSet",
            "apps/StatefulSet",
            "batch/Job",
            "kubeflow.org/Notebook",
            "argoproj.io/Rollout",
            "serving.knative.dev/Service",
            "serving.knative.dev/Configuration",
        ),
        ("spec.template.spec",),
    ),
    "serving.knative.dev/Revision": ("spec",),
    "batch/CronJob": ("spec.jobTemplate.spec.template.spec",),
    "serving.kserve.io/InferenceService": tuple(
        f"spec.{component}{below}"
        for component in ("predictor", "transformer", "explainer")
        for below in ("", ".workerSpec")
    ),
    **dict.fromkeys(
        ("serving.kserve.io/LLMInferenceService", "serving.kserve.io/LLMInferenceServiceConfig"),
        (
            "spec.template",
            "spec.worker",
            "spec.prefill.template",
            "spec.prefill.worker",
            "spec.router.scheduler.template",
            "spec.router.scheduler.tokenizer.template",
        ),
    ),
    **dict.fromkeys(
        ("serving.kserve.io/ServingRuntime", "serving.kserve.io/ClusterServingRuntime"),
        ("spec", "spec.workerSpec"),
    ),
    **{
        f"kubeflow.org/{kind}": (f"spec.{name}ReplicaSpecs.*.template.spec",)
        for kind, name in (
            ("PyTorchJob", "pytorch"),
            ("TFJob", "tf"),
            ("XGBoostJob", "xgb"),
            ("JAXJob", "jax"),
            ("PaddleJob", "paddle"),
            ("MPIJob", "mpi"),
        )
    },
    "trainer.kubeflow.org/TrainJob": (
        "spec.runtimePatches[].trainingRuntimeSpec.template.spec.replicatedJobs[].template.spec.template.spec",
        "spec.podTemplateOverrides[].spec",
        "spec.podSpecOverrides[]",
    ),
    **dict.fromkeys(
        ("trainer.kubeflow.org/TrainingRuntime", "trainer.kubeflow.org/ClusterTrainingRuntime"),
        ("spec.template.spec.replicatedJobs[].template.spec.template.spec",),
    ),
    "jobset.x-k8s.io/JobSet": ("spec.replicatedJobs[].template.spec.template.spec",),
    "leaderworkerset.x-k8s.io/LeaderWorkerSet": (
        "spec.leaderWorkerTemplate.leaderTemplate.spec",
        "spec.leaderWorkerTemplate.workerTemplate.spec",
    ),
    "argoproj.io/Experiment": ("spec.templates[].template.spec",),
    **dict.fromkeys(
        (
            "argoproj.io/AnalysisTemplate",
            "argoproj.io/ClusterAnalysisTemplate",
            "argoproj.io/AnalysisRun",
        ),
        ("spec.metrics[].provider.job.spec.template.spec",),
    ),
    **{
        f"ray.io/{kind}": (
            f"{above}headGroupSpec.template.spec",
            f"{above}workerGroupSpecs[].template.spec",
            *more,
        )
        for kind, above, more in (
            ("RayCluster", "spec.", ()),
            ("RayJob", "spec.rayClusterSpec.", ("spec.submitterPodTemplate.spec",)),
            ("RayService", "spec.rayClusterConfig.", ()),
        )
    },
}
# What has an `image` and is outside of a pod spec.
CONTAINERS: dict[str, tuple[str, ...]] = {
    "serving.kserve.io/InferenceService": tuple(
        f"spec.{component}.{server}"
        for component in ("predictor", "transformer", "explainer")
        for server in (
            "model",
            "sklearn",
            "xgboost",
            "tensorflow",
            "pytorch",
            "triton",
            "onnx",
            "huggingface",
            "pmml",
            "lightgbm",
            "paddle",
        )
    ),
    "trainer.kubeflow.org/TrainJob": ("spec.trainer",),
    "kubeflow.org/Experiment": ("spec.metricsCollectorSpec.collector.customCollector",),
    "argoproj.io/Sensor": ("spec.template.container",),
    "ray.io/RayCluster": ("spec.autoscalerOptions", "spec.historyServerOptions.collectorOptions"),
    "ray.io/RayJob": (
        "spec.rayClusterSpec.autoscalerOptions",
        "spec.rayClusterSpec.historyServerOptions.collectorOptions",
    ),
    "ray.io/RayService": (
        "spec.rayClusterConfig.autoscalerOptions",
        "spec.rayClusterConfig.historyServerOptions.collectorOptions",
    ),
    "run.cnrm.cloud.google.com/RunService": ("spec.template.containers[]",),
    "run.cnrm.cloud.google.com/RunJob": ("spec.template.template.containers[]",),
    "sagemaker.services.k8s.aws/Model": ("spec.primaryContainer", "spec.containers[]"),
    "KubeflowPipeline": (
        "spec.deploymentSpec.executors.*.container",
        "spec.pipelineSpec.deploymentSpec.executors.*.container",
    ),
    "pipelines.kubeflow.org/PipelineVersion": ("spec.pipelineSpec.deploymentSpec.executors.*.container",),
    "kubeflow.org/WorkspaceKind": ("spec.podTemplate.options.imageConfig.values[].spec",),
}
# Images in pieces: kustomize's lists, and values of charts.
LISTS = {
    "kustomize.config.k8s.io/Kustomization": "images[]",
    "kustomize.toolkit.fluxcd.io/Kustomization": "spec.images[]",
}
VALUES = {"helm.toolkit.fluxcd.io/HelmRelease": "spec.values", "HelmValues": "spec"}
# Whole objects inside of objects.
EMBEDDED: dict[str, tuple[str, ...]] = {
    "kubeflow.org/Experiment": ("spec.trialTemplate.trialSpec",),
    "kubeflow.org/Trial": ("spec.runSpec",),
    "argoproj.io/Sensor": (
        "spec.triggers[].template.k8s.source.resource",
        "spec.triggers[].template.argoWorkflow.source.resource",
    ),
    "workload.codeflare.dev/AppWrapper": ("spec.components[].template",),
}
# Text with a whole object or a pod in it.
TEXT: dict[str, tuple[str, ...]] = {
    "argoproj.io/Sensor": (
        "spec.triggers[].template.k8s.source.inline",
        "spec.triggers[].template.argoWorkflow.source.inline",
    ),
    "ray.io/RayJob": ("spec.runtimeEnvYAML",),
    "ray.io/RayService": ("spec.serveConfigV2",),
}
WORKFLOWS = {
    "argoproj.io/Workflow": "spec",
    "argoproj.io/WorkflowTemplate": "spec",
    "argoproj.io/ClusterWorkflowTemplate": "spec",
    "argoproj.io/CronWorkflow": "spec.workflowSpec",
}
TEMPLATES = (
    "templates[]",
    "templateDefaults",
    "templates[].steps[][].inline",
    "templates[].dag.tasks[].inline",
)
IN_TEMPLATE = ("container", "script", "containerSet.containers[]", "initContainers[]", "sidecars[]")
MODELS: dict[str, tuple[str, ...]] = {
    "serving.kserve.io/InferenceService": tuple(
        f"{container}.storageUri"
        for container in (
            *CONTAINERS["serving.kserve.io/InferenceService"],
            "spec.predictor.containers[]",
            "spec.transformer.containers[]",
            "spec.explainer.containers[]",
        )
    )
    + tuple(f"spec.{component}.storageUris[].uri" for component in ("predictor", "transformer", "explainer")),
    **dict.fromkeys(
        ("serving.kserve.io/LLMInferenceService", "serving.kserve.io/LLMInferenceServiceConfig"),
        ("spec.model.uri", "spec.model.lora.adapters[].uri"),
    ),
    "trainer.kubeflow.org/TrainJob": (
        "spec.initializer.model.storageUri",
        "spec.initializer.dataset.storageUri",
    ),
    "sagemaker.services.k8s.aws/Model": tuple(
        f"spec.{container}.{field}"
        for container in ("primaryContainer", "containers[]")
        for field in ("modelDataURL", "modelPackageName")
    ),
    "KubeflowPipeline": (
        "spec.deploymentSpec.executors.*.importer.artifactUri.constant",
        "spec.pipelineSpec.deploymentSpec.executors.*.importer.artifactUri.constant",
    ),
    "pipelines.kubeflow.org/PipelineVersion": (
        "spec.pipelineSpec.deploymentSpec.executors.*.importer.artifactUri.constant",
    ),
}
KNOWN = frozenset(
    {*PODS, *CONTAINERS, *EMBEDDED, *WORKFLOWS, *LISTS, *VALUES, "lambda.services.k8s.aws/Function", "List"}
)


WRAPPED = {"apiVersion": "documents.lockgate.dev/v1alpha1"}


def name_of(value: dict[str, Any]) -> str:
    """`group/Kind`; `Kind` alone for a document of a tool, and for a List."""
    version, kind = str(value.get("apiVersion", "")), str(value.get("kind", ""))
    group = version.split("/")[0] if "/" in version else ""
    if group == "documents.lockgate.dev" or (not group and kind.endswith("List")):
        return "List" if kind.endswith("List") else kind
    return f"{group}/{kind}"


def at(value: Any, pattern: str) -> Iterator[tuple[Place, Any]]:
    """Every place that a pattern names, with what is there."""
    steps = pattern.replace("[]", ".[]").strip(".").split(".")
    found: list[tuple[Place, Any]] = [((), value)]
    for step in steps:
        below: list[tuple[Place, Any]] = []
        for place, one in found:
            if step == "[]" and isinstance(one, list):
                below += [((*place, number), item) for number, item in enumerate(one)]
            elif step == "*" and isinstance(one, dict):
                below += [((*place, name), item) for name, item in one.items()]
            elif isinstance(one, dict) and step in one:
                below.append(((*place, step), one[step]))
        found = below
    yield from found


def of_container(place: Place, container: Any) -> Iterator[Found]:
    """The image of what is made like a container."""
    if isinstance(container, dict) and container.get("image") is not None:
        yield Found("image", (*place, "image"), str(container["image"]))


def of_volumes(place: Place, holder: Any) -> Iterator[Found]:
    """Images, or models, that are mounted."""
    for where, text in at(holder, "volumes[].image.reference"):
        yield Found("image", (*place, *where), str(text))
        yield Found("model", (*place, *where), f"oci://{text}")


def of_pod(place: Place, pod: Any) -> Iterator[Found]:
    """What is in a pod spec."""
    if not isinstance(pod, dict):
        return
    yield Found("pod", place)
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for where, container in at(pod, f"{field}[]"):
            yield from of_container((*place, *where), container)
    yield from of_volumes(place, pod)


def documents_of(text: Any) -> Iterator[Any]:
    """The documents of a text that can be read by itself."""
    if not isinstance(text, str):
        return
    for one in ("\n" + text).split("\n---"):
        try:
            yield yaml.safe_load(one)
        except yaml.YAMLError:
            continue


def has_containers(value: Any, place: Place) -> bool:
    """Is there a pod spec with containers, and not only a patch of something else?"""
    for step in place:
        value = value[step]
    return any(value.get(field) for field in ("containers", "initContainers", "ephemeralContainers"))


def of_text(place: Place, text: Any) -> Iterator[Found]:
    """What is in an object, a pod or a runtime environment that is written as text."""
    for value in documents_of(text):
        if not isinstance(value, dict):
            continue
        inside: set[Found] = set()
        if "kind" in value and "apiVersion" in value:
            inside |= set(of_object((), value))
        # A patch of a pod spec, and the environment of an application.
        inside |= set(of_pod((), value))
        inside |= set(of_container((), value.get("container")))
        for _, environment in at(value, "applications[].runtime_env"):
            inside |= set(of_container((), environment.get("container")))
        for one in inside:
            if one.what != "pod" or has_containers(value, one.place):
                yield Found(one.what, place, one.text)


def of_workflow(place: Place, spec: Any) -> Iterator[Found]:
    """What is in the spec of an Argo workflow."""
    yield from of_volumes(place, spec)
    holders = [((), spec), *[one for pattern in TEMPLATES for one in at(spec, pattern)]]
    for above, template in holders:
        here = (*place, *above)
        if above:
            yield from of_volumes(here, template)
            for pattern in IN_TEMPLATE:
                for where, container in at(template, pattern):
                    yield from of_container((*here, *where), container)
        for pattern in ("podSpecPatch", "resource.manifest"):
            for where, text in at(template, pattern):
                yield from of_text((*here, *where), text)
    yield from of_compiled(place, spec)


def of_compiled(place: Place, spec: Any) -> Iterator[Found]:
    """What Kubeflow Pipelines writes as JSON into the parameters of a workflow."""
    parameters = list(at(spec, "arguments.parameters[]"))
    if not any(isinstance(one, dict) and one.get("name") == "components-root" for _, one in parameters):
        return
    for where, parameter in parameters:
        if str(parameter.get("name")).startswith("implementations-"):
            value = json.loads(parameter["value"])
            here = (*place, *where, "value")
            for one in of_container((), value):
                yield Found("image", here, one.text)
            for _, uri in at(value, "importer.artifactUri.constant"):
                yield Found("model", here, str(uri))


def of_list(place: Place, image: Any) -> Iterator[Found]:
    """What an entry of kustomize's `images` makes of an image."""
    if not isinstance(image, dict):
        return
    name, tag, digest = image.get("newName") or image.get("name"), image.get("newTag"), image.get("digest")
    if digest:
        yield Found("image", place, f"{name}@{digest}")
    elif tag not in (None, ""):
        yield Found("image", place, f"{name}:{tag}")
    elif image.get("newName"):
        yield Found("image", place, str(name))


def of_values(place: Place, value: Any) -> Iterator[Found]:
    """Images in values of a chart, whose convention is a mapping with repository and tag (or called image)."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from of_values((*place, number), one)
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        yield from of_values((*place, name), one)
    repository, tag, digest = value.get("repository"), value.get("tag"), value.get("digest")
    called = place and str(place[-1]).lower().endswith("image")
    beside = [value.get(name) for name in ("tag", "digest", "pullPolicy", "imagePullPolicy")]
    if isinstance(repository, str) and (called or any(one is not None for one in beside)):
        whole = f"{value['registry'].rstrip('/')}/{repository}" if value.get("registry") else repository
        if digest:
            whole = f"{whole}@{digest}"
        elif tag not in (None, ""):
            whole = f"{whole}:{tag}"
        yield Found("image", place, whole)


def of_storage(value: Any) -> Iterator[Found]:
    """Models by a path in a store that a Secret of the namespace describes."""
    for pattern in CONTAINERS["serving.kserve.io/InferenceService"]:
        for where, container in at(value, pattern):
            storage = container.get("storage") if isinstance(container, dict) else None
            if isinstance(storage, dict) and "path" in storage and not container.get("storageUri"):
                text = f"storage://{storage.get('key', 'default')}/{storage['path'].removeprefix('/')}"
                yield Found("model", (*where, "storage", "path"), text)


def of_object(place: Place, value: Any) -> Iterator[Found]:
    """Everything that is in an object and in those inside of it."""
    if not isinstance(value, dict):
        return
    name = name_of(value)
    if name == "List":
        for where, item in at(value, "items[]"):
            yield from of_object((*place, *where), item)
    for pattern in PODS.get(name, ()):
        for where, pod in at(value, pattern):
            yield from of_pod((*place, *where), pod)
    for pattern in CONTAINERS.get(name, ()):
        for where, container in at(value, pattern):
            yield from of_container((*place, *where), container)
    for pattern in MODELS.get(name, ()):
        for where, text in at(value, pattern):
            if text not in (None, ""):
                yield Found("model", (*place, *where), str(text))
    for pattern in TEXT.get(name, ()):
        for where, text in at(value, pattern):
            yield from of_text((*place, *where), text)
    for pattern in EMBEDDED.get(name, ()):
        for where, inner in at(value, pattern):
            yield from of_object((*place, *where), inner)
    if name == "serving.kserve.io/InferenceService":
        yield from (Found(one.what, (*place, *one.place), one.text) for one in of_storage(value))
    if name in LISTS:
        for where, image in at(value, LISTS[name]):
            yield from of_list((*place, *where), image)
    if name in VALUES:
        for where, values in at(value, VALUES[name]):
            yield from of_values((*place, *where), values)
    if name in WORKFLOWS:
        for where, spec in at(value, WORKFLOWS[name]):
            yield from of_workflow((*place, *where), spec)
    if name == "lambda.services.k8s.aws/Function":
        for where, text in at(value, "spec.code.imageURI"):
            yield Found("image", (*place, *where), str(text))


def objects_in(folder: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The objects of a folder by file and number, with compiled pipelines as Lockgate judges them."""
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        file = str(path.relative_to(folder))
        for number, value in values_in(path):
            if "apiVersion" in value and "kind" in value:
                yield file, number, value
            elif "pipelineInfo" in value or "pipelineSpec" in value:
                yield file, number, {**WRAPPED, "kind": "KubeflowPipeline", "spec": value}
            elif path.name.startswith("values"):
                yield file, number, {**WRAPPED, "kind": "HelmValues", "spec": value}
            elif path.name in ("kustomization.yaml", "kustomization.yml"):
                yield (
                    file,
                    number,
                    {**value, "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"},
                )


def main(folders: list[str]) -> None:
    """Prints what is found, a line each."""
    for folder in folders:
        for file, number, value in objects_in(Path(folder)):
            for one in sorted(of_object((), value), key=str):
                print(f"{file}#{number}", one.what, ".".join(map(str, one.place)), one.text, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1:])
