"""Where each kind of workload keeps its pods, and how many of them it makes at most at one time: one device a pod, told by path."""

from typing import Any

import pytest
import yaml

from tests.conformance.dra.library import said_of

# A pod spec with one device, written where `POD` stands; `C` is a container by itself.
CONTAINER = "{name: c, image: a, resources: {limits: {nvidia.com/gpu: 1}}}"
POD = f"{{containers: [{CONTAINER}]}}"
TEMPLATE = f"{{spec: {POD}}}"

# apiVersion, kind, the object below `metadata`, and the peak of pods by the path of what asks.
KINDS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("v1", "Pod", "spec: POD", {"spec": 1}),
    ("v1", "ReplicationController", "spec: {replicas: 3, template: TEMPLATE}", {"spec.template.spec": 3}),
    ("apps/v1", "Deployment", "spec: {replicas: 4, template: TEMPLATE}", {"spec.template.spec": 5}),
    (
        "apps/v1",
        "Deployment",
        "spec: {replicas: 4, strategy: {type: Recreate}, template: TEMPLATE}",
        {"spec.template.spec": 4},
    ),
    ("apps/v1", "ReplicaSet", "spec: {replicas: 4, template: TEMPLATE}", {"spec.template.spec": 4}),
    ("apps/v1", "StatefulSet", "spec: {replicas: 4, template: TEMPLATE}", {"spec.template.spec": 4}),
    ("apps/v1", "DaemonSet", "spec: {template: TEMPLATE}", {"spec.template.spec": "unknown"}),
    (
        "batch/v1",
        "Job",
        "spec: {parallelism: 8, completions: 3, template: TEMPLATE}",
        {"spec.template.spec": 3},
    ),
    ("batch/v1", "Job", "spec: {parallelism: 8, template: TEMPLATE}", {"spec.template.spec": 8}),
    (
        "batch/v1",
        "CronJob",
        "spec: {jobTemplate: {spec: {parallelism: 2, template: TEMPLATE}}}",
        {"spec.jobTemplate.spec.template.spec": "unbounded"},
    ),
    (
        "batch/v1",
        "CronJob",
        "spec: {concurrencyPolicy: Forbid, jobTemplate: {spec: {parallelism: 2, template: TEMPLATE}}}",
        {"spec.jobTemplate.spec.template.spec": 2},
    ),
    (
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        (
            "spec: {replicatedJobs: [{name: w, replicas: 3, template: {spec: {parallelism: 2, completions: 2, "
            "template: TEMPLATE}}}, {name: d, template: {spec: {template: TEMPLATE}}}]}"
        ),
        {
            "spec.replicatedJobs.0.template.spec.template.spec": 6,
            "spec.replicatedJobs.1.template.spec.template.spec": 1,
        },
    ),
    (
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        "spec: {replicas: 2, leaderWorkerTemplate: {size: 4, leaderTemplate: TEMPLATE, workerTemplate: TEMPLATE}}",
        {
            "spec.leaderWorkerTemplate.leaderTemplate.spec": 2,
            "spec.leaderWorkerTemplate.workerTemplate.spec": 6,
        },
    ),
    (
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        "spec: {replicas: 2, leaderWorkerTemplate: {size: 4, workerTemplate: TEMPLATE}}",
        {"spec.leaderWorkerTemplate.workerTemplate.spec": 8},
    ),
    (
        "ray.io/v1",
        "RayCluster",
        (
            "spec: {headGroupSpec: {template: TEMPLATE}, workerGroupSpecs: [{replicas: 1, maxReplicas: 5, numOfHosts: 2, "
            "template: TEMPLATE}]}"
        ),
        {"spec.headGroupSpec.template.spec": 1, "spec.workerGroupSpecs.0.template.spec": 10},
    ),
    (
        "ray.io/v1",
        "RayCluster",
        "spec: {enableInTreeAutoscaling: true, workerGroupSpecs: [{replicas: 1, template: TEMPLATE}]}",
        {"spec.workerGroupSpecs.0.template.spec": "unbounded"},
    ),
    (
        "ray.io/v1",
        "RayJob",
        (
            "spec: {backoffLimit: 3, submitterPodTemplate: TEMPLATE, rayClusterSpec: {headGroupSpec: {template: TEMPLATE}, "
            "workerGroupSpecs: [{maxReplicas: 3, template: TEMPLATE}]}}"
        ),
        {
            "spec.submitterPodTemplate.spec": 1,
            "spec.rayClusterSpec.headGroupSpec.template.spec": 1,
            "spec.rayClusterSpec.workerGroupSpecs.0.template.spec": 3,
        },
    ),
    (
        "ray.io/v1",
        "RayService",
        (
            "spec: {rayClusterConfig: {headGroupSpec: {template: TEMPLATE}, workerGroupSpecs: [{maxReplicas: 3, template: "
            "TEMPLATE}]}}"
        ),
        {
            "spec.rayClusterConfig.headGroupSpec.template.spec": 2,
            "spec.rayClusterConfig.workerGroupSpecs.0.template.spec": 6,
        },
    ),
    (
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        "spec: {trainer: {numNodes: 4, resourcesPerNode: {limits: {nvidia.com/gpu: 1}}}}",
        {"spec.trainer": 4},
    ),
    (
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        (
            "spec: {runtimePatches: [{trainingRuntimeSpec: {template: {spec: {replicatedJobs: [{name: n, template: {spec: "
            "{template: TEMPLATE}}}]}}}}]}"
        ),
        {
            "spec.runtimePatches.0.trainingRuntimeSpec.template.spec.replicatedJobs.0.template.spec.template.spec": "unknown"
        },
    ),
    (
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        "spec: {podTemplateOverrides: [{spec: POD}]}",
        {"spec.podTemplateOverrides.0.spec": "unknown"},
    ),
    (
        "trainer.kubeflow.org/v1alpha1",
        "TrainJob",
        f"spec: {{podSpecOverrides: [{{targetJobs: [{{name: node}}], initContainers: [{CONTAINER}]}}]}}",
        {"spec.podSpecOverrides.0": "unknown"},
    ),
    (
        "trainer.kubeflow.org/v1alpha1",
        "ClusterTrainingRuntime",
        "spec: {mlPolicy: {numNodes: 2}, template: {spec: {replicatedJobs: [{template: {spec: {template: TEMPLATE}}}]}}}",
        {"spec.template.spec.replicatedJobs.0.template.spec.template.spec": "unknown"},
    ),
    (
        "kubeflow.org/v1",
        "PyTorchJob",
        (
            "spec: {elasticPolicy: {maxReplicas: 6}, pytorchReplicaSpecs: {Master: {template: TEMPLATE}, Worker: {replicas: "
            "3, template: TEMPLATE}}}"
        ),
        {
            "spec.pytorchReplicaSpecs.Master.template.spec": 1,
            "spec.pytorchReplicaSpecs.Worker.template.spec": 6,
        },
    ),
    (
        "kubeflow.org/v1",
        "TFJob",
        "spec: {tfReplicaSpecs: {PS: {replicas: 2, template: TEMPLATE}, Worker: {replicas: 3, template: TEMPLATE}}}",
        {"spec.tfReplicaSpecs.PS.template.spec": 2, "spec.tfReplicaSpecs.Worker.template.spec": 3},
    ),
    (
        "kubeflow.org/v1",
        "XGBoostJob",
        "spec: {xgbReplicaSpecs: {Worker: {replicas: 3, template: TEMPLATE}}}",
        {"spec.xgbReplicaSpecs.Worker.template.spec": 3},
    ),
    (
        "kubeflow.org/v1",
        "MPIJob",
        "spec: {mpiReplicaSpecs: {Launcher: {template: TEMPLATE}, Worker: {replicas: 3, template: TEMPLATE}}}",
        {"spec.mpiReplicaSpecs.Launcher.template.spec": 1, "spec.mpiReplicaSpecs.Worker.template.spec": 3},
    ),
    (
        "batch.volcano.sh/v1alpha1",
        "Job",
        "spec: {minAvailable: 1, tasks: [{name: w, replicas: 3, template: TEMPLATE}]}",
        {"spec.tasks.0.template.spec": 3},
    ),
    (
        "serving.kserve.io/v1beta1",
        "InferenceService",
        (
            f"spec: {{predictor: {{minReplicas: 1, maxReplicas: 3, model: {CONTAINER}, workerSpec: {{pipelineParallelSize: "
            f"2, containers: [{CONTAINER}]}}}}, transformer: {{maxReplicas: 2, containers: [{CONTAINER}]}}, explainer: "
            f"{{maxReplicas: 4, containers: [{CONTAINER}]}}}}"
        ),
        {
            "spec.predictor": 3,
            "spec.predictor.workerSpec": 3,
            "spec.transformer": 2,
            "spec.explainer": 4,
        },
    ),
    *[
        (
            "serving.kserve.io/v1beta1",
            "InferenceService",
            f"spec: {{predictor: {{maxReplicas: 3, {server}: {CONTAINER}}}}}",
            {"spec.predictor": 3},
        )
        for server in ("pytorch", "tensorflow", "sklearn", "xgboost", "triton", "onnx", "huggingface")
    ],
    (
        "serving.kserve.io/v1alpha1",
        "ServingRuntime",
        "spec: POD",
        {"spec": "unknown"},
    ),
    (
        "serving.kserve.io/v1alpha1",
        "LLMInferenceService",
        (
            "spec: {replicas: 2, parallelism: {data: 8, dataLocal: 4}, template: POD, worker: POD, prefill: {replicas: 3, "
            "parallelism: {pipeline: 2}, template: POD, worker: POD}, router: {scheduler: {template: POD}}}"
        ),
        {
            "spec.template": 2,
            "spec.worker": 2,
            "spec.prefill.template": 3,
            "spec.prefill.worker": 3,
            "spec.router.scheduler.template": 1,
        },
    ),
    (
        "serving.kserve.io/v1alpha1",
        "LLMInferenceServiceConfig",
        "spec: {template: POD, worker: POD}",
        {"spec.template": "unknown", "spec.worker": "unknown"},
    ),
    (
        "argoproj.io/v1alpha1",
        "Workflow",
        (
            f"spec: {{templates: [{{container: {CONTAINER}}}, {{script: {CONTAINER}}}, {{containerSet: {{containers: "
            f"[{CONTAINER}]}}}}, {{initContainers: [{CONTAINER}]}}, {{sidecars: [{CONTAINER}]}}]}}"
        ),
        {f"spec.templates.{n}": "unknown" for n in range(5)},
    ),
    (
        "argoproj.io/v1alpha1",
        "WorkflowTemplate",
        f"spec: {{templates: [{{container: {CONTAINER}}}]}}",
        {"spec.templates.0": "unknown"},
    ),
    (
        "argoproj.io/v1alpha1",
        "CronWorkflow",
        f"spec: {{workflowSpec: {{templates: [{{container: {CONTAINER}}}]}}}}",
        {"spec.workflowSpec.templates.0": "unknown"},
    ),
    (
        "serving.knative.dev/v1",
        "Service",
        f"spec: {{template: {{metadata: {{annotations: {{autoscaling.knative.dev/max-scale: '7'}}}}, spec: {POD}}}}}",
        {"spec.template.spec": 7},
    ),
    ("serving.knative.dev/v1", "Revision", "spec: POD", {"spec": "unbounded"}),
    (
        "workload.codeflare.dev/v1beta2",
        "AppWrapper",
        "spec: {components: [{template: {apiVersion: batch/v1, kind: Job, spec: {parallelism: 3, template: TEMPLATE}}}]}",
        {"spec.components.0.template.spec.template.spec": 3},
    ),
    (
        "kueue.x-k8s.io/v1beta1",
        "Workload",
        "spec: {podSets: [{name: main, count: 3, template: TEMPLATE}]}",
        {"spec.podSets.0.template.spec": 3},
    ),
    # Kinds that nobody listed.
    (
        "machinelearning.seldon.io/v1",
        "SeldonDeployment",
        "spec: {predictors: [{componentSpecs: [{spec: POD}]}]}",
        {"spec.predictors.0.componentSpecs.0.spec": "unknown"},
    ),
    (
        "work.open-cluster-management.io/v1",
        "ManifestWork",
        (
            "spec: {workload: {manifests: [{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {parallelism: 3, "
            "template: TEMPLATE}}]}}"
        ),
        {"spec.workload.manifests.0.spec.template.spec": 3},
    ),
    (
        "nvidia.com/v1alpha1",
        "DynamoGraphDeployment",
        "spec: {services: {Worker: {replicas: 2, resources: {limits: {nvidia.com/gpu: 1}}}}}",
        {"spec.services.Worker": "unknown"},
    ),
    (
        "apps.nvidia.com/v1alpha1",
        "NIMService",
        "spec: {replicas: 2, resources: {limits: {nvidia.com/gpu: 1}}}",
        {"spec": "unknown"},
    ),
]


def manifest(api_version: str, kind: str, text: str) -> dict[str, Any]:
    """The object, with pods where they belong."""
    written = text.replace("TEMPLATE", TEMPLATE).replace("POD", POD)
    head = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x, namespace: n}}\n"
    value: dict[str, Any] = yaml.safe_load(head + written)
    return value


@pytest.mark.parametrize(
    ("api_version", "kind", "text", "peaks"),
    KINDS,
    ids=[f"{kind}-{n}" for n, (_, kind, *_) in enumerate(KINDS)],
)
def test_the_pods_of_a_kind(api_version: str, kind: str, text: str, peaks: dict[str, Any]) -> None:
    answer = said_of(manifest(api_version, kind, text))
    found: dict[str, Any] = {}
    for charge in answer["charges"]:
        assert charge["resource"] == "nvidia.com/gpu"
        of = _holder([str(part) for part in charge["path"]], peaks)
        found[of] = charge["pods"]
        assert charge["total"] == (
            charge["devices"] * charge["pods"] if _known(charge["pods"]) else charge["pods"]
        )
    assert found == peaks
    assert answer["unreadable"] == []


def _known(amount: object) -> bool:
    return isinstance(amount, int)


def _holder(path: list[str], peaks: dict[str, Any]) -> str:
    """The longest of the expected places in which a path lies, or the path itself."""
    prefixes = [".".join(path[:length]) for length in range(len(path), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in peaks), prefixes[0])


# The claims of groups of pods are one a group, wherever the group is written.
@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2", "v1alpha3", "v1beta1"])
@pytest.mark.parametrize(
    ("kind", "text", "path"),
    [
        ("PodGroup", "spec: {resourceClaims: [CLAIM]}", "spec.resourceClaims.0"),
        (
            "Workload",
            "spec: {podGroupTemplates: [{name: g, resourceClaims: [CLAIM]}]}",
            "spec.podGroupTemplates.0.resourceClaims.0",
        ),
        (
            "Workload",
            "spec: {compositePodGroupTemplates: [{podGroupTemplates: [{resourceClaims: [CLAIM]}]}]}",
            "spec.compositePodGroupTemplates.0.podGroupTemplates.0.resourceClaims.0",
        ),
    ],
)
def test_the_claims_of_a_group(version: str, kind: str, text: str, path: str) -> None:
    text = text.replace("CLAIM", "{name: fabric, resourceClaimTemplateName: channel}")
    answer = said_of(manifest(f"scheduling.k8s.io/{version}", kind, text))
    [claim] = answer["pod_claims"]
    assert ".".join([str(part) for part in claim["path"]]) == path
    assert (claim["how"], claim["reference"], claim["used"], claim["pod"]) == (
        "template",
        "channel",
        True,
        False,
    )


# Pods that name claims, in every kind with a pod spec or a template of Argo's.
@pytest.mark.parametrize(("holder", "text"), [
    ("spec", "spec: {resourceClaims: [CLAIM], templates: [{container: {resources: {claims: [{name: gpu}]}}}]}"),
    ("spec.templates.0", "spec: {templates: [{resourceClaims: [CLAIM], container: {resources: {claims: [{name: gpu}]}}}]}"),
])  # fmt: skip
def test_the_claims_of_a_workflow(holder: str, text: str) -> None:
    text = text.replace("CLAIM", "{name: gpu, resourceClaimTemplateName: t}")
    [claim] = said_of(manifest("argoproj.io/v1alpha1", "Workflow", text))["pod_claims"]
    assert ".".join([str(part) for part in claim["holder"]]) == holder
    assert claim["used"]


# Names of device plugins that public manifests rarely have: told as devices, each with its number.
@pytest.mark.parametrize(
    "name",
    [
        "nvidia.com/mig-1g.5gb",
        "nvidia.com/mig-3g.20gb",
        "nvidia.com/gpu.shared",
        "nvidia.com/gpumem",
        "xilinx.com/fpga-xilinx_u200_gen3x16_xdma_base_2-0",
        "amd.com/xilinx_u250_xdma_201830_2-0",
        "fpga.intel.com/af-d8424dc4a4a3c413f89e433683f9040b",
        "fpga.intel.com/arria10.dcp1.2-nlb0",
        "habana.ai/gaudi",
        "aws.amazon.com/neuroncore",
        "google.com/tpu",
        "gpu.intel.com/xe",
        "rdma/hca_shared_devices_a",
    ],
)
@pytest.mark.parametrize("field", ["limits", "requests"])
@pytest.mark.parametrize("holder", ["containers", "initContainers"])
def test_devices_of_plugins(name: str, field: str, holder: str) -> None:
    container: dict[str, Any] = {"name": "c", "resources": {field: {name: "2"}}}
    answer = said_of({"apiVersion": "v1", "kind": "Pod", "spec": {holder: [container]}})
    [found] = answer["extended"]
    assert (found["resource"], found["kind"], found["count"]) == (name, "plugin", 2)
    assert [(charge["devices"], charge["total"]) for charge in answer["charges"]] == [(2, 2)]


def _claim(version: str, devices: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": f"resource.k8s.io/{version}", "kind": "ResourceClaim", "spec": {"devices": devices}}


# KEP-4816: every class of the list is charged, the most that an alternative of it has.
@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])
def test_alternatives_of_several_classes(version: str) -> None:
    alternatives = [
        {"name": "a", "deviceClassName": "large", "count": 2},
        {"name": "b", "deviceClassName": "small", "count": 8},
        {"name": "c", "deviceClassName": "small", "count": 4},
        {"name": "d", "deviceClassName": "any", "allocationMode": "All"},
    ]
    answer = said_of(_claim(version, {"requests": [{"name": "gpu", "firstAvailable": alternatives}]}))
    assert [one["name"] for one in answer["requests"]] == ["gpu/a", "gpu/b", "gpu/c", "gpu/d"]
    assert answer["by_class"] == {"large": 2, "small": 8, "any": 32}
    assert answer["unreadable"] == []


def test_what_devices_must_not_have_in_common() -> None:
    request = {"name": "gpu", "exactly": {"deviceClassName": "c", "count": 2}}
    constraints = [{"distinctAttribute": "example.com/card", "requests": ["gpu"]}]
    answer = said_of(_claim("v1", {"requests": [request], "constraints": constraints}))
    [found] = answer["constraints"]
    assert (found["match"], found["distinct"], found["requests"]) == ("", "example.com/card", ["gpu"])
    assert answer["unreadable"] == []


# The API says: clients must refuse to handle requests with unknown modes.
@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2", "v1alpha3", "v3"])
@pytest.mark.parametrize(
    "request_",
    [
        {"name": "gpu", "exactly": {"deviceClassName": "c", "allocationMode": "Best"}},
        {"name": "gpu", "exactly": {"deviceClassName": "c", "derivedAttributes": []}},
        {"name": "gpu", "exactly": {"deviceClassName": "c", "skipNodeOperations": True}},
        {"name": "gpu", "exactly": {}},
        {"name": "gpu", "exactly": None},
        {"name": "gpu", "firstAvailable": []},
        {"name": "gpu", "firstAvailable": [{"name": "a", "deviceClassName": "c", "adminAccess": True}]},
        {"name": "gpu", "firstAvailable": [{"name": "a", "deviceClassName": "c", "allocationMode": "Some"}]},
        {"name": "gpu", "atMost": {"deviceClassName": "c"}},
        {"name": "gpu", "deviceClassName": "c", "allocationMode": "Exact"},
        "gpu",
        [],
    ],
    ids=repr,
)
def test_ways_to_ask_that_are_not_known(version: str, request_: Any) -> None:
    assert said_of(_claim(version, {"requests": [request_]}))["unreadable"] != []
