"""The claims library on objects with a wrong value anywhere: it answers, with no error of a builtin and no conflict of rules."""

import copy
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.conformance.dra.library import said_of, said_of_json

POD = {
    "resourceClaims": [
        {"name": "a", "resourceClaimTemplateName": "t"},
        {"name": "b", "source": {"resourceClaimName": "c"}},
    ],
    "runtimeClassName": "nvidia",
    "volumes": [{"name": "v", "hostPath": {"path": "/dev"}}],
    "containers": [
        {
            "name": "c",
            "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}],
            "securityContext": {"privileged": True},
            "resources": {
                "claims": [{"name": "a", "request": "r"}],
                "limits": {"nvidia.com/gpu": 1, "deviceclass.resource.kubernetes.io/x": "2"},
            },
        }
    ],
    "initContainers": [
        {"name": "i", "restartPolicy": "Always", "resources": {"requests": {"nvidia.com/gpu": 1}}}
    ],
}
TEMPLATE = {
    "metadata": {"annotations": {"cdi.k8s.io/x": "y", "autoscaling.knative.dev/max-scale": "3"}},
    "spec": POD,
}
DEVICES = {
    "requests": [
        {
            "name": "r",
            "exactly": {
                "deviceClassName": "a",
                "count": 2,
                "selectors": [{"cel": {"expression": "true"}}],
                "tolerations": [{"key": "k", "operator": "Exists"}],
                "capacity": {"requests": {"memory": "1Gi"}},
            },
        },
        {"name": "f", "firstAvailable": [{"name": "s", "deviceClassName": "b", "allocationMode": "All"}]},
    ],
    "constraints": [{"requests": ["r"], "matchAttribute": "a/b"}],
    "config": [
        {"requests": ["r"], "opaque": {"driver": "d", "parameters": {"apiVersion": "v1", "kind": "K"}}}
    ],
}
RAY = {
    "headGroupSpec": {"template": TEMPLATE},
    "workerGroupSpecs": [
        {"replicas": 1, "minReplicas": 1, "maxReplicas": 4, "numOfHosts": 2, "template": TEMPLATE}
    ],
}
JOB = {"parallelism": 2, "completions": 3, "template": TEMPLATE}


def _object(version: str, kind: str, spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "n", "annotations": {"a": "b"}},
        "spec": spec,
    }


OBJECTS = [
    _object("resource.k8s.io/v1", "ResourceClaim", {"devices": DEVICES}),
    _object("resource.k8s.io/v1", "ResourceClaimTemplate", {"spec": {"devices": DEVICES}}),
    _object("resource.k8s.io/v1alpha2", "ResourceClaim", {"resourceClassName": "a"}),
    _object(
        "resource.k8s.io/v1", "DeviceClass", {"selectors": [{"cel": {"expression": "true"}}], "config": DEVICES["config"]}
    ),
    _object("v1", "Pod", POD),
    _object("apps/v1", "Deployment", {"replicas": 3, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}, "template": TEMPLATE}),
    _object("argoproj.io/v1alpha1", "Rollout", {"strategy": {"canary": {"maxSurge": 1}}, "template": TEMPLATE}),
    _object("batch/v1", "CronJob", {"concurrencyPolicy": "Forbid", "jobTemplate": {"spec": JOB}}),
    _object("jobset.x-k8s.io/v1alpha2", "JobSet", {"replicatedJobs": [{"replicas": 2, "template": {"spec": JOB}}]}),
    _object(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        {
            "replicas": 2,
            "rolloutStrategy": {"rollingUpdateConfiguration": {"maxSurge": 1}},
            "leaderWorkerTemplate": {"size": 4, "leaderTemplate": TEMPLATE, "workerTemplate": TEMPLATE},
        },
    ),
    _object("ray.io/v1", "RayService", {"upgradeStrategy": {"type": "None"}, "rayClusterConfig": RAY}),
    _object("ray.io/v1", "RayCronJob", {"jobTemplate": {"rayClusterSpec": RAY}}),
    _object("kubeflow.org/v1", "PyTorchJob", {"elasticPolicy": {"maxReplicas": 4}, "pytorchReplicaSpecs": {"Worker": {"replicas": 2, "template": TEMPLATE}}}),
    _object("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {**POD, "minReplicas": 1, "maxReplicas": 2, "workerSpec": {"pipelineParallelSize": 2, **POD}}}),
    {
        **_object("serving.kserve.io/v1alpha1", "LLMInferenceService", {"replicas": 2, "parallelism": {"data": 8, "dataLocal": 2}, "scaling": {"maxReplicas": 3}, "template": POD, "worker": POD}),
        "metadata": {"annotations": {"serving.kserve.io/exp-dra-device-class": "a", "serving.kserve.io/exp-dra-device-count": "2"}},
    },
    _object("serving.knative.dev/v1", "Service", {"template": TEMPLATE}),
    _object("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication", {"template": {"driver": {"gpu": {"name": "nvidia.com/gpu", "quantity": 1}}, "executor": {"instances": 2, "template": TEMPLATE}, "dynamicAllocation": {"enabled": True}}}),
    _object("argoproj.io/v1alpha1", "Workflow", {"parallelism": 2, "resourceClaims": POD["resourceClaims"], "templates": [{"container": POD["containers"][0], "resourceClaims": POD["resourceClaims"], "volumes": POD["volumes"]}]}),
    _object("kubeflow.org/v1beta1", "Experiment", {"parallelTrialCount": 2, "trialTemplate": {"trialSpec": _object("batch/v1", "Job", JOB)}}),
    _object("scheduling.k8s.io/v1alpha3", "Workload", {"podGroupTemplates": [{"resourceClaims": POD["resourceClaims"]}], "compositePodGroupTemplates": [{"podGroupTemplates": [{"resourceClaims": POD["resourceClaims"]}]}]}),
    _object("trainer.kubeflow.org/v1alpha1", "TrainJob", {"trainer": {"numNodes": 2, "resourcesPerNode": {"limits": {"nvidia.com/gpu": 1}}}}),
    {"apiVersion": "v1", "kind": "List", "items": [_object("v1", "Pod", POD)]},
    _object("v1", "PersistentVolume", {"hostPath": {"path": "/dev"}}),
]  # fmt: skip
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**30,
        "",
        "x",
        "50%",
        [],
        {},
        ["x"],
        [None],
        [[]],
        [{}],
        {"x": None},
        {"a": {"b": "c"}},
    ]
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        found += [place for key, child in value.items() for place in _places(child, (*path, key))]
    elif isinstance(value, list):
        found += [place for number, child in enumerate(value) for place in _places(child, (*path, number))]
    return found


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """An object with one to three wrong values."""
    value: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(OBJECTS)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(value)))
        holder: Any = value
        for part in place[:-1]:
            holder = holder[part]
        holder[place[-1]] = copy.deepcopy(draw(WRONG))
    return value


NULLED: dict[str, Any] = {"devices": {"requests": [{"name": "f", "firstAvailable": None}]}}


@given(spoiled())
@example(_object("resource.k8s.io/v1", "ResourceClaim", NULLED))
@example({"apiVersion": None, "kind": "ResourceClaim"})
@example({"apiVersion": {}, "kind": "ResourceClaimTemplate"})
def test_wrong_values_anywhere(value: dict[str, Any]) -> None:
    said = said_of_json(json.dumps(value))
    assert said.keys() >= {"charges", "unreadable"}


def test_the_objects_are_read() -> None:
    for value in OBJECTS:
        said = said_of(value)
        asked = [said[name] for name in ("classes", "extended", "pod_claims", "device_classes", "accesses")]
        assert any(asked), value
        assert said["unreadable"] == []
