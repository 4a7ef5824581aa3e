"""Defaults: what is filled in, what is left alone, and that no object is changed."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.defaults.defaulting import apply_defaults, as_it_is

CONTAINER = {
    "imagePullPolicy": "IfNotPresent",
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}
IN_POD = {"enableServiceLinks": True, "serviceAccountName": "default", "serviceAccount": "default"}


def pod(spec: Any, **metadata: Any) -> Any:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", **metadata}, "spec": spec}


def of(api_version: str, kind: str, spec: Any) -> Any:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, "spec": spec}


def spec_of(value: Any) -> Any:
    made: Any = apply_defaults(value)
    return made["spec"]


def container_of(container: Any, **spec: Any) -> Any:
    """The container, in a Pod, with its defaults; what every container gets is left out."""
    made = spec_of(pod({"containers": [{"image": "a:1", **container}], **spec}))["containers"][0]
    return {name: value for name, value in made.items() if CONTAINER.get(name) != value and name != "image"}


def test_a_pod() -> None:
    made = spec_of(pod({"containers": [{"name": "c", "image": "a:1"}]}))
    assert made == {**SPEC, **IN_POD, "containers": [{"name": "c", "image": "a:1", **CONTAINER}]}


def test_what_is_said_stays() -> None:
    said = dict.fromkeys(("dnsPolicy", "restartPolicy", "schedulerName"), "said")
    said |= {"serviceAccountName": "own", "enableServiceLinks": False, "terminationGracePeriodSeconds": 0}  # type: ignore[dict-item]
    made = spec_of(pod({**said, "securityContext": {"runAsUser": 1}, "containers": []}))
    assert {name: made[name] for name in said} == said
    assert made["securityContext"] == {"runAsUser": 1} and made["serviceAccount"] == "own"


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"ports": [{"containerPort": 1}]}, {"ports": [{"containerPort": 1, "protocol": "TCP"}]}),
        (
            {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}, "requests": {"cpu": "500m"}}},
            {
                "resources": {
                    "limits": {"cpu": "2", "memory": "1Gi"},
                    "requests": {"cpu": "500m", "memory": "1Gi"},
                }
            },
        ),
        (
            {"livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 5}},
            {
                "livenessProbe": {
                    "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
                    "periodSeconds": 5,
                    "timeoutSeconds": 1,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                }
            },
        ),
        (
            {"lifecycle": {"preStop": {"httpGet": {"port": 80}}}},
            {"lifecycle": {"preStop": {"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}}}},
        ),
        (
            {"env": [{"name": "a", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]},
            {
                "env": [
                    {
                        "name": "a",
                        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}},
                    }
                ]
            },
        ),
        (
            {"env": [{"name": "a", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]},
            {
                "env": [
                    {
                        "name": "a",
                        "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}},
                    }
                ]
            },
        ),
        # What the API server leaves out.
        ({"env": [{"name": "a", "value": ""}], "args": [], "command": None}, {"env": [{"name": "a"}]}),
        ({"volumeMounts": [{"name": "v", "readOnly": False}]}, {"volumeMounts": [{"name": "v"}]}),
    ],
)
def test_containers(written: Any, made: Any) -> None:
    assert container_of(written) == made


def test_ports_of_the_host() -> None:
    ports = container_of({"ports": [{"containerPort": 80}]}, hostNetwork=True)["ports"]
    assert ports == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]


def test_the_kubelets_own_pods_have_no_account() -> None:
    made = spec_of(pod({"containers": []}, annotations={"kubernetes.io/config.mirror": "x"}))
    assert "serviceAccountName" not in made


@pytest.mark.parametrize(
    ("volume", "made"),
    [
        ({}, {"emptyDir": {}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        ({"configMap": {"name": "m", "defaultMode": 0}}, {"configMap": {"name": "m", "defaultMode": 0}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        ({"emptyDir": {"sizeLimit": "1024Mi"}}, {"emptyDir": {"sizeLimit": "1Gi"}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "defaultMode": 420,
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                }
            },
        ),
        ({"image": {"reference": "a"}}, {"image": {"reference": "a", "pullPolicy": "Always"}}),
        (
            {"ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"volumeMode": "Filesystem", "resources": {}}}}},
        ),
    ],
)
def test_volumes(volume: Any, made: Any) -> None:
    assert spec_of(pod({"volumes": [{"name": "v", **volume}]}))["volumes"] == [{"name": "v", **made}]


TEMPLATE = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"containers": [{"image": "a:1", "resources": {"limits": {"cpu": 1}}}]},
}
MADE_TEMPLATE = {
    **TEMPLATE,
    # Requests as the limits are: only in Pods themselves.
    "spec": {**SPEC, "containers": [{"image": "a:1", **CONTAINER, "resources": {"limits": {"cpu": "1"}}}]},
}


@pytest.mark.parametrize(
    ("api_version", "kind", "made"),
    [
        (
            "apps/v1",
            "Deployment",
            {
                "replicas": 1,
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": 600,
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
                },
            },
        ),
        ("apps/v1", "ReplicaSet", {"replicas": 1}),
        (
            "apps/v1",
            "StatefulSet",
            {
                "replicas": 1,
                "revisionHistoryLimit": 10,
                "serviceName": "",
                "podManagementPolicy": "OrderedReady",
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
            },
        ),
        (
            "apps/v1",
            "DaemonSet",
            {
                "revisionHistoryLimit": 10,
                "updateStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
                },
            },
        ),
        (
            "batch/v1",
            "Job",
            {
                "completions": 1,
                "parallelism": 1,
                "backoffLimit": 6,
                "completionMode": "NonIndexed",
                "suspend": False,
                "manualSelector": False,
                "podReplacementPolicy": "TerminatingOrFailed",
            },
        ),
        ("v1", "ReplicationController", {"replicas": 1, "selector": {"a": "b"}}),
    ],
)
def test_workloads(api_version: str, kind: str, made: Any) -> None:
    assert spec_of(of(api_version, kind, {"template": TEMPLATE})) == {**made, "template": MADE_TEMPLATE}


def test_labels_of_the_template() -> None:
    for api_version, kind in (("batch/v1", "Job"), ("v1", "ReplicationController")):
        made: Any = apply_defaults(of(api_version, kind, {"template": TEMPLATE}))
        assert made["metadata"] == {"name": "x", "labels": {"a": "b"}}


def test_jobs() -> None:
    made = spec_of(of("batch/v1", "Job", {"completions": 3, "backoffLimitPerIndex": 1, "template": TEMPLATE}))
    assert (made["completions"], made["parallelism"], made["backoffLimit"]) == (3, 1, 2**31 - 1)
    made = spec_of(of("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": TEMPLATE}}}))
    assert made.pop("jobTemplate") == {"spec": {"template": MADE_TEMPLATE}}
    assert made == {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }


@pytest.mark.parametrize(
    ("spec", "made"),
    [
        (
            {"ports": [{"port": 80}]},
            {
                "type": "ClusterIP",
                "sessionAffinity": "None",
                "internalTrafficPolicy": "Cluster",
                "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}],
            },
        ),
        (
            {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
            {
                "type": "LoadBalancer",
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10_800}},
                "internalTrafficPolicy": "Cluster",
                "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": True,
            },
        ),
        (
            {"type": "ExternalName", "externalName": "a"},
            {"type": "ExternalName", "externalName": "a", "sessionAffinity": "None"},
        ),
    ],
)
def test_services(spec: Any, made: Any) -> None:
    assert spec_of(of("v1", "Service", spec)) == made


@pytest.mark.parametrize("version", ["v1", "v1beta2", "v1beta1"])
def test_claims_of_devices(version: str) -> None:
    asked = {"deviceClassName": "gpu", "tolerations": [{"key": "k"}]}
    got = {
        "deviceClassName": "gpu",
        "allocationMode": "ExactCount",
        "count": 1,
        "tolerations": [{"key": "k", "operator": "Equal"}],
    }
    flat = version == "v1beta1"
    requests = [
        {"name": "r", **asked} if flat else {"name": "r", "exactly": asked},
        {"name": "f", "firstAvailable": [{"name": "a", "deviceClassName": "x", "allocationMode": "All"}]},
    ]
    made = [{"name": "r", **got} if flat else {"name": "r", "exactly": got}, requests[1]]
    spec = {"devices": {"requests": requests}}
    group = f"resource.k8s.io/{version}"
    assert spec_of(of(group, "ResourceClaim", spec)) == {"devices": {"requests": made}}
    template = spec_of(of(group, "ResourceClaimTemplate", {"spec": spec}))
    assert template == {"metadata": {}, "spec": {"devices": {"requests": made}}}


@pytest.mark.parametrize("version", ["v1", "v1beta2"])
def test_fields_that_a_version_does_not_know_bring_no_others(version: str) -> None:
    spec = {"devices": {"requests": [{"name": "r", "deviceClassName": "gpu"}]}}
    assert spec_of(of(f"resource.k8s.io/{version}", "ResourceClaim", spec)) == spec


def test_claims_of_volumes_and_namespaces() -> None:
    assert spec_of(of("v1", "PersistentVolumeClaim", {"resources": {"requests": {"storage": "1024Gi"}}})) == {
        "volumeMode": "Filesystem",
        "resources": {"requests": {"storage": "1Ti"}},
    }
    made: Any = apply_defaults({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "n"}
    assert made["spec"] == {"finalizers": ["kubernetes"]}


@pytest.mark.parametrize(
    "value",
    [
        of("example.com/v1", "Deployment", {}),
        of("apps/v1beta1", "Deployment", {}),
        of("v1", "Deployment", {}),
        of("v1", "Secret", {}),
        {"apiVersion": ["v1"], "kind": {"Pod": 1}},
        {"kind": "Pod", "apiVersion": 1},
        {},
    ],
)
def test_other_kinds_are_the_same_object(value: Any) -> None:
    assert apply_defaults(value) is value
    assert as_it_is(value) is value


KINDS = [
    *[("v1", kind) for kind in ("Namespace", "PersistentVolumeClaim", "Pod", "PodTemplate", "Service")],
    ("v1", "ReplicationController"),
    *[("apps/v1", kind) for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")],
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
    ("resource.k8s.io/v1", "ResourceClaim"),
    ("resource.k8s.io/v1beta1", "ResourceClaimTemplate"),
]
# Names that defaults look at, so that random objects are near to real ones.
NAMES = st.sampled_from(
    [
        "annotations",
        "backoffLimitPerIndex",
        "clientIP",
        "configMap",
        "containerPort",
        "containers",
        "devices",
        "divisor",
        "downwardAPI",
        "emptyDir",
        "env",
        "ephemeral",
        "exactly",
        "externalIPs",
        "fieldRef",
        "fileKeyRef",
        "firstAvailable",
        "grpc",
        "hostNetwork",
        "hostPath",
        "httpGet",
        "image",
        "items",
        "jobTemplate",
        "labels",
        "lifecycle",
        "limits",
        "livenessProbe",
        "metadata",
        "name",
        "onPodConditions",
        "persistentVolumeClaimRetentionPolicy",
        "podFailurePolicy",
        "ports",
        "postStart",
        "projected",
        "requests",
        "resourceFieldRef",
        "resources",
        "rollingUpdate",
        "rules",
        "selector",
        "serviceAccountName",
        "serviceAccountToken",
        "sessionAffinity",
        "sessionAffinityConfig",
        "sizeLimit",
        "sources",
        "spec",
        "strategy",
        "template",
        "tolerations",
        "type",
        "updateStrategy",
        "valueFrom",
        "volumeClaimTemplate",
        "volumeClaimTemplates",
        "volumeMounts",
        "volumes",
        "deviceClassName",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.sampled_from(["", "a", "1Gi", "RollingUpdate", "ClientIP"])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=40,
)


@given(st.sampled_from(KINDS), st.dictionaries(NAMES, JSON, max_size=4), JSON)
def test_whatever_is_there(named: tuple[str, str], rest: dict[str, Any], spec: Any) -> None:
    """No error, whatever the shape; the object stays as it was; and once done, it stays done."""
    value = {"apiVersion": named[0], "kind": named[1], **rest, "spec": spec}
    before = copy.deepcopy(value)
    once = apply_defaults(value)
    assert value == before
    assert apply_defaults(once) == once
