"""Tricks to be given devices past the rules on claims, each with the honest twin that the rules let through.

Numbers are those of the ways around; what cannot be decided at one place has the later one that decides beside it, and on a
real API server in `tests/e2e/test_claims_cluster.py`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.webhook.cli import run

from tests.bypasses.gate import Gate, gate
from tests.engine.devices.objects import device
from tests.engine.devices.objects import device_class as defined
from tests.engine.devices.objects import resource_slice as published
from tests.policies.shipped import RULES
from tests.webhook.serving.server_processes import review_of

Json = dict[str, Any]

CLASS = "gpu.nvidia.com"
OTHER = "everything.example.com"
PLUGIN = "nvidia.com/gpu"
SCHEDULER = "system:kube-scheduler"
CLAIM_CONTROLLER = "system:serviceaccount:kube-system:resource-claim-controller"
SELECTOR = [{"cel": {"expression": 'device.driver == "gpu.nvidia.com"'}}]

# What a careful administrator sets.
PARAMETERS: dict[str, Json] = {
    "claims/approved_device_classes": {"allowedDeviceClasses": [CLASS], "allowedExtendedResources": []},
    "claims/device_counts": {"maxPerRequest": 8, "maxPerObject": 16, "all": "refuse"},
    "claims/admin_access": {"allowedUsers": ["monitor"]},
    "claims/device_tolerations": {"allowedKeys": ["example.com/reserved"]},
    "claims/driver_config": {
        "allowed": [{"driver": "gpu.nvidia.com", "kinds": ["GpuConfig"]}],
        "sharing": ["TimeSlicing"],
    },
    "claims/controller_fields": {},
    "claims/guarded_namespaces": {"allowedUsers": ["platform-admin"]},
    "claims/undeclared_device_access": {},
    "claims/claim_references": {"namedClaims": ["shared-*"]},
    "claims/approved_selectors": {"allowed": [f'device.driver == "{CLASS}"']},
    "claims/pinned_device_classes": {"classes": [{"name": CLASS, "digest": "0" * 64}]},
    "claims/resource_slices": {"drivers": [{"driver": "gpu.nvidia.com", "users": ["nvidia"]}]},
    "claims/queue_name": {},
}


def policies(*keys: str, **parameters: Json) -> Iterator[str]:
    """The templates of rules (all that are below), with a constraint each that matches everything."""
    given = {**PARAMETERS, **parameters}
    for rule in RULES:
        if rule.key in (keys or PARAMETERS):
            template = rule.template.read_text("utf-8")
            yield template
            kind = yaml.safe_load(template)["spec"]["crd"]["spec"]["names"]["kind"]
            yield yaml.safe_dump(
                {
                    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
                    "kind": kind,
                    "metadata": {"name": rule.name.replace("_", "-")},
                    "spec": {"parameters": given[rule.key]},
                }
            )


@pytest.fixture(scope="module")
def rules() -> Gate:
    return gate(*policies())


def said(rules: Gate, value: Json, user: str = "mallory", old: Json | None = None, **fields: Any) -> set[str]:
    """The constraints that deny an object, by name."""
    operation = "CREATE" if old is None else "UPDATE"
    given = {"userInfo": {"username": user}, "oldObject": old, "operation": operation, **fields}
    answer = rules.admit(review_of(value, **given))
    if answer["allowed"]:
        return set()
    return {line[1:].partition("]")[0] for line in answer["status"]["message"].splitlines()}


def claim(*requests: Json, version: str = "v1", **fields: Any) -> Json:
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "team-a", **fields.pop("metadata", {})},
        "spec": {"devices": {"requests": list(requests), **fields.pop("devices", {})}},
        **fields,
    }


def template(*requests: Json, version: str = "v1") -> Json:
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "t", "namespace": "team-a"},
        "spec": {"spec": {"devices": {"requests": list(requests)}}},
    }


def exactly(class_name: str = CLASS, **fields: Any) -> Json:
    return {"name": "gpu", "exactly": {"deviceClassName": class_name, **fields}}


def flat(class_name: str = CLASS, **fields: Any) -> Json:
    return {"name": "gpu", "deviceClassName": class_name, **fields}


def first(*classes: str, **fields: Any) -> Json:
    alternatives = [{"name": f"a{i}", "deviceClassName": one, **fields} for i, one in enumerate(classes)]
    return {"name": "gpu", "firstAvailable": alternatives}


QUEUED = {"labels": {"kueue.x-k8s.io/queue-name": "team-a"}}


def pod(spec: Json, **metadata: Any) -> Json:
    meta = {"name": "p", "namespace": "team-a", **QUEUED, **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def container(**fields: Any) -> Json:
    return {"name": "c", "image": "registry.example.com/ml/train", **fields}


USING = {
    "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "t"}],
    "containers": [container(resources={"claims": [{"name": "gpu"}]})],
}


def resources(name: str, number: Any = 1) -> Json:
    return {"containers": [container(resources={"limits": {name: number}})]}


def test_what_is_honest_is_allowed(rules: Gate) -> None:
    for value in (
        claim(exactly()),
        claim(exactly(count=8)),
        template(exactly()),
        claim(flat(), version="v1beta1"),
        claim(first(CLASS, CLASS), version="v1beta2"),
        pod(USING),
        pod({"containers": [container()]}),
    ):
        assert said(rules, value) == set(), value


# B1: an alternative of `firstAvailable` is as good as a request
# (https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/4816-dra-prioritized-list).
@pytest.mark.parametrize("place", [0, 1, 7])
def test_b1_an_alternative_of_another_class(place: int, rules: Gate) -> None:
    classes = [CLASS] * 8
    classes[place] = OTHER
    assert said(rules, claim(first(*classes))) == {"approved-device-classes"}


# B2: the webhook sees the version that the client sends; the shape of one version is looked for in all.
@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1", "v1beta2", "v1"])
@pytest.mark.parametrize("shape", [exactly, flat])
def test_b2_the_shape_of_another_version(version: str, shape: Any, rules: Gate) -> None:
    assert "approved-device-classes" in said(rules, claim(shape(OTHER), version=version))
    assert "approved-device-classes" in said(rules, template(shape(OTHER), version=version))


def test_b2_a_version_that_is_not_known(rules: Gate) -> None:
    assert "approved-device-classes" in said(rules, claim(exactly(), version="v2"))


def test_b2_the_class_of_v1alpha2(rules: Gate) -> None:
    old = claim(version="v1alpha2")
    old["spec"] = {"resourceClassName": OTHER}
    assert "approved-device-classes" in said(rules, old)


# B3: Kubernetes' own example of a policy on adminAccess names two old versions
# (https://github.com/kubernetes/kubernetes/blob/master/test/e2e/dra/test-driver/deploy/example/admin-access-policy.yaml).
@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1", "v1beta2", "v1"])
@pytest.mark.parametrize("make", [claim, template])
@pytest.mark.parametrize("shape", [exactly, flat])
def test_b3_admin_access_in_a_version_that_no_policy_names(
    version: str, make: Any, shape: Any, rules: Gate
) -> None:
    assert "admin-access" in said(rules, make(shape(adminAccess=True), version=version))


# B4: the template, and the claim that the controller makes of it, are judged like a claim.
def test_b4_a_template_in_place_of_a_claim(rules: Gate) -> None:
    assert said(rules, template(exactly(OTHER))) == {"approved-device-classes"}
    made = claim(exactly(OTHER), metadata={"annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"}})
    assert said(rules, made, CLAIM_CONTROLLER) == {"approved-device-classes"}
    shared = {**USING, "resourceClaims": [{"name": "gpu", "resourceClaimName": "made-before"}]}
    assert said(rules, pod(shared)) == {"claim-references"}


# B5: a pod names a template that is made, or made anew, later: not decidable at the pod. The claim that comes of it is
# judged where it is created, whoever asks.
def test_b5_a_template_that_is_replaced_later(rules: Gate) -> None:
    assert said(rules, pod(USING)) == set()
    assert said(rules, template(exactly(OTHER))) == {"approved-device-classes"}
    assert said(rules, claim(exactly(OTHER)), CLAIM_CONTROLLER) == {"approved-device-classes"}


def device_class(name: str, **spec: Any) -> Json:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": name},
        "spec": spec,
    }


# B6: DeviceClasses may be changed, and of two that serve one extended resource the later wins
# (https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5004-dra-extended-resource).
def test_b6_a_class_that_is_changed_after_it_was_approved(rules: Gate) -> None:
    before = device_class(CLASS, selectors=SELECTOR)
    after = device_class(CLASS, selectors=[{"cel": {"expression": "true"}}])
    assert said(rules, after, old=before) == {"pinned-device-classes"}
    assert said(rules, device_class("later", selectors=SELECTOR, extendedResourceName=PLUGIN)) == {
        "pinned-device-classes"
    }


# B7: works for every DeviceClass, without a claim in the manifest
# (https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#extended-resource).
def test_b7_a_resource_that_names_a_class(rules: Gate) -> None:
    assert said(rules, pod(resources(f"deviceclass.resource.kubernetes.io/{OTHER}"))) == {
        "approved-device-classes"
    }
    assert said(rules, pod(resources(f"deviceclass.resource.kubernetes.io/{CLASS}"))) == set()


# B8: which class serves a vendor's resource only the cluster knows, so the names themselves are approved.
@pytest.mark.parametrize("name", [PLUGIN, "example.com/cheap", "amd.com/gpu", "xilinx.com/fpga-xdma"])
@pytest.mark.parametrize("field", ["limits", "requests"])
def test_b8_an_extended_resource_of_another_name(name: str, field: str, rules: Gate) -> None:
    asking = {"containers": [container(resources={field: {name: 1}})]}
    assert said(rules, pod(asking)) == {"approved-device-classes"}


NVIDIA_GPU = f"device.driver == '{CLASS}' && device.attributes['{CLASS}'].type == 'gpu'"
# What there is: two products of the approved driver, of which one is approved, and two drivers more.
DEVICES = (
    published("a100", device("gpu-0", type="gpu", productName="A100")),
    published("h200", device("gpu-0", type="gpu", productName="H200"), pool="node-2"),
    published("other", device("gpu-0", type="gpu", productName="A100"), driver="gpu.example.com"),
    published("nics", device("nic-0", rdma=True), driver="dra.net"),
)
CLASSES = (
    defined(CLASS, NVIDIA_GPU, extendedResourceName=PLUGIN),
    defined("a100.example.com", f"{NVIDIA_GPU} && device.attributes['{CLASS}'].productName == 'A100'"),
    defined(OTHER),
)
ONLY_A100 = f"device.driver == '{CLASS}' && device.attributes['{CLASS}'].productName == 'A100'"


@pytest.fixture(scope="module")
def reach() -> Gate:
    """The rule that evaluates selectors, with the cluster's classes and devices; B9 and B10 by what is reached."""
    approved = {"allowed": [{"driver": CLASS, "attributes": {"productName": ["A100"]}}]}
    rule = policies("claims/reachable_devices", **{"claims/reachable_devices": approved})
    return gate(*rule, *map(json.dumps, (*CLASSES, *DEVICES)), covered=DEVICE_KINDS)


def reaches(reach: Gate, value: Json) -> str:
    """What the rule says of an object; "" where it lets it through."""
    answer = reach.admit(review_of(value, userInfo={"username": "mallory"}, operation="CREATE"))
    return "" if answer["allowed"] else answer["status"]["message"]


def selecting(expression: str) -> list[Json]:
    return [{"cel": {"expression": expression}}]


# B9: an approved class whose selectors, with the request's own, reach another product or driver.
@pytest.mark.parametrize("version", ["v1alpha3", "v1beta1", "v1beta2", "v1"])
@pytest.mark.parametrize("make", [claim, template])
@pytest.mark.parametrize("shape", [exactly, flat, first])
def test_b9_what_is_reached_is_told_by_evaluation(make: Any, shape: Any, version: str, reach: Gate) -> None:
    if shape is first or (shape is flat) == (version in ("v1alpha3", "v1beta1")):
        # The shape of that version: others are looked for in it too.
        assert reaches(reach, make(shape("a100.example.com"), version=version)) == ""
        assert reaches(reach, make(shape(CLASS, selectors=selecting(ONLY_A100)), version=version)) == ""
    assert "productName=H200" in reaches(reach, make(shape(CLASS), version=version))
    assert "productName=H200" in reaches(
        reach, make(shape(CLASS, selectors=selecting(ONLY_A100.replace("A100", "H200"))), version=version)
    )
    everything = reaches(reach, make(shape(OTHER), version=version))
    assert "1 of dra.net" in everything and "1 of gpu.example.com" in everything


def test_b9_resources_and_classes_are_evaluated_too(reach: Gate) -> None:
    assert "productName=H200" in reaches(reach, pod(resources(PLUGIN)))
    implicit = "deviceclass.resource.kubernetes.io/"
    assert "1 of dra.net" in reaches(reach, pod(resources(f"{implicit}{OTHER}")))
    assert reaches(reach, pod(resources(f"{implicit}a100.example.com"))) == ""
    assert "1 of dra.net" in reaches(reach, defined("wide"))
    assert reaches(reach, defined("narrow", ONLY_A100)) == ""


def test_b9_a_class_that_nobody_has_made_yet(reach: Gate) -> None:
    assert "there is no DeviceClass 'later'" in reaches(reach, claim(exactly("later")))


def test_b9_a_product_that_is_not_there_yet(reach: Gate) -> None:
    later = selecting(ONLY_A100.replace("A100", "B300"))
    assert "reaches no device that is known" in reaches(reach, claim(exactly(CLASS, selectors=later)))


# B10: the words of an approved selector, and another meaning.
@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (f"{ONLY_A100} || true", "1 of dra.net"),
        (f"{ONLY_A100} || device.driver == 'dra.net'", "1 of dra.net"),
        (f"true // {ONLY_A100}", "1 of dra.net"),
        (f'"{ONLY_A100}" != ""', "1 of dra.net"),
        (f"!({ONLY_A100})", "1 of gpu.example.com"),
        ("device.driver == 'gpu.' + 'example.com'", "1 of gpu.example.com"),
        (f"['{CLASS}', 'dra.net'].exists(d, d == device.driver)", "1 of dra.net"),
        (f"cel.bind(device, {{'driver': '{CLASS}'}}, device.driver == '{CLASS}')", "1 of dra.net"),
        ("device.driver.matches('^(gpu[.]nvidia|dra)[.]')", "1 of dra.net"),
        ("device.driver == 'gpu.nvidia\u2024com'", "reaches no device that is known"),
        (f"device.attributes['{CLASS}'].productName == 'A100'", "no such key: productName"),
        ("device.drivr == 'x'", "is no selector"),
        ("", "no CEL expression"),
    ],
)
def test_b10_selectors_are_evaluated_and_never_read(expression: str, said: str, reach: Gate) -> None:
    assert said in reaches(reach, claim(exactly(OTHER, selectors=selecting(expression))))
    if "reaches no device" not in said:
        assert said in reaches(reach, defined("new", expression))


def test_b10_an_honest_selector_of_any_form(reach: Gate) -> None:
    for expression in (
        ONLY_A100,
        f"device.driver.startsWith('gpu.nv') && device.attributes['{CLASS}'].productName in ['A100', 'A30']",
        f"cel.bind(a, device.attributes['{CLASS}'], has(a.productName) && a.productName == 'A100')",
    ):
        assert reaches(reach, claim(exactly(OTHER, selectors=selecting(expression)))) == "", expression


# B9: a class that reaches everything, and a request that chooses from it.
def test_b9_a_selector_that_aims_elsewhere(rules: Gate) -> None:
    specs: list[Json] = [{}, {"selectors": []}]
    for spec in specs:
        assert said(rules, device_class("wide", **spec)) == {"pinned-device-classes"}
    other = [{"cel": {"expression": 'device.driver == "gpu.example.com"'}}]
    for shape in (exactly, first):
        assert said(rules, claim(shape(CLASS, selectors=other))) == {"approved-selectors"}
        assert said(rules, claim(shape(CLASS, selectors=SELECTOR))) == set()


# B10: what policies find that look for words.
@pytest.mark.parametrize(
    "expression",
    [
        'device.driver == "gpu.nvidia.com" || true',
        'device.driver == "gpu.nvidia.com" || device.driver == "gpu.example.com"',
        'device.driver != "gpu.example.com" // device.driver == "gpu.nvidia.com"',
        '"device.driver == \\"gpu.nvidia.com\\"" != ""',
        'device.driver == "gpu." + "example.com"',
        '["gpu.nvidia.com", "gpu.example.com"].exists(d, d == device.driver)',
        'device.driver == "gpu.nvidia\u2024com"',
    ],
)
def test_b10_a_selector_that_says_something_else(expression: str, rules: Gate) -> None:
    selectors = [{"cel": {"expression": expression}}]
    assert said(rules, claim(exactly(selectors=selectors))) == {"approved-selectors"}


# B11: the API server asks for a label of the namespace alone
# (https://github.com/kubernetes/kubernetes/blob/master/pkg/registry/resource/utils.go).
def test_b11_admin_access_by_whoever_labels_the_namespace(rules: Gate) -> None:
    label = "resource.kubernetes.io/admin-access"
    labelled: Json = {
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a", "labels": {label: "true"}},
    }  # fmt: skip
    plain: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}
    assert said(rules, labelled, old=plain) == {"guarded-namespaces"}
    assert said(rules, labelled) == {"guarded-namespaces"}
    assert said(rules, labelled, "platform-admin") == set()
    assert said(rules, claim(exactly(adminAccess=True))) == {"admin-access"}
    assert said(rules, claim(exactly(adminAccess=True)), "monitor") == set()


# B12: charged as 32 (https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/4381-dra-structured-parameters).
def test_b12_all_devices(rules: Gate) -> None:
    assert said(rules, claim(exactly(allocationMode="All"))) == {"device-counts"}
    assert said(rules, claim(first(CLASS, allocationMode="All"))) == {"device-counts"}


# B13: counts go up to the largest int64, and sums of them beyond.
@pytest.mark.parametrize("count", [9, 2**31, 2**63 - 1, 2**70])
def test_b13_a_huge_count(count: int, rules: Gate) -> None:
    assert "device-counts" in said(rules, claim(exactly(count=count)))


@pytest.mark.parametrize("count", [0, -1, "8", 1.5, [], True])
def test_b13_a_count_that_is_none(count: Any, rules: Gate) -> None:
    assert said(rules, claim(exactly(count=count)))


def test_b13_many_pods(rules: Gate) -> None:
    many: Json = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j", "namespace": "team-a", **QUEUED},
        "spec": {
            "parallelism": 2**40,
            "template": {"spec": resources(f"deviceclass.resource.kubernetes.io/{CLASS}")},
        },
    }
    assert said(rules, many) == {"device-counts"}


# B14: a taint is no access control, and a toleration without a key tolerates every one
# (https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5055-dra-device-taints-and-tolerations).
@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"operator": "Exists", "effect": "NoExecute"},
        {"key": "", "operator": "Exists"},
        {"key": "gpu.nvidia.com/xid", "operator": "Exists"},
        {"key": "example.com/other", "operator": "Equal", "value": "x"},
    ],
)
@pytest.mark.parametrize("shape", [exactly, first])
def test_b14_tolerations(toleration: Json, shape: Any, rules: Gate) -> None:
    assert said(rules, claim(shape(CLASS, tolerations=[toleration]))) == {"device-tolerations"}


# B15: the API server does not look at parameters (https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu).
@pytest.mark.parametrize(
    "opaque",
    [
        {"driver": "gpu.nvidia.com", "parameters": {"kind": "VfioDeviceConfig"}},
        {"driver": "gpu.nvidia.com", "parameters": {"kind": "GpuConfig", "sharing": {"strategy": "MPS"}}},
        {"driver": "gpu.nvidia.com", "parameters": {}},
        {"driver": "other.example.com", "parameters": {"kind": "GpuConfig"}},
    ],
)
def test_b15_parameters_for_a_driver(opaque: Json, rules: Gate) -> None:
    assert said(rules, claim(exactly(), devices={"config": [{"opaque": opaque}]})) == {"driver-config"}


# B16: any pod of the namespace may name a claim that is there, up to 256 of them.
def test_b16_somebody_elses_claim(rules: Gate) -> None:
    for reference in ({"resourceClaimName": "theirs"}, {"source": {"resourceClaimName": "theirs"}}):
        spec = {**USING, "resourceClaims": [{"name": "gpu", **reference}]}
        assert "claim-references" in said(rules, pod(spec))
    spec = {**USING, "resourceClaims": [{"name": "gpu", "resourceClaimName": "shared-eval"}]}
    assert said(rules, pod(spec)) == set()


# B17: groups of pods have claims of their own
# (https://github.com/kubernetes/api/blob/master/scheduling/v1beta1/types.go).
def test_b17_claims_of_groups(rules: Gate) -> None:
    theirs = [{"name": "gpu", "resourceClaimName": "theirs"}]
    specs: list[tuple[str, Json]] = [
        ("PodGroup", {"resourceClaims": theirs}),
        ("Workload", {"podGroupTemplates": [{"name": "g", "resourceClaims": theirs}]}),
        (
            "Workload",
            {
                "compositePodGroupTemplates": [
                    {"podGroupTemplates": [{"name": "g", "resourceClaims": theirs}]}
                ]
            },
        ),
    ]
    for kind, spec in specs:
        group: Json = {
            "apiVersion": "scheduling.k8s.io/v1beta1",
            "kind": kind,
            "metadata": {"name": "g", "namespace": "team-a"},
            "spec": spec,
        }
        assert "claim-references" in said(rules, group)


EXTENDED = {"annotations": {"resource.kubernetes.io/extended-resource-claim": "true"}}


# B18: any number of forged claims was kept out of quota (https://github.com/kubernetes/kubernetes/issues/135404).
def test_b18_a_claim_that_says_it_is_the_schedulers(rules: Gate) -> None:
    assert said(rules, claim(exactly(), metadata=EXTENDED)) == {"controller-fields"}
    assert said(rules, claim(exactly(), metadata=EXTENDED), old=claim(exactly())) == {"controller-fields"}
    assert said(rules, claim(exactly(), metadata=EXTENDED), SCHEDULER) == set()


# B19: controllers trust these marks.
@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"}},
        {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}]},
    ],
)
def test_b19_a_claim_that_says_it_is_a_pods(metadata: Json, rules: Gate) -> None:
    assert said(rules, claim(exactly(), metadata=metadata)) == {"controller-fields"}
    assert said(rules, claim(exactly(), metadata=metadata), CLAIM_CONTROLLER) == set()


# B20: until 1.36 an update of the status forges an allocation
# (https://kubernetes.io/docs/concepts/security/hardening-guide/dynamic-resource-allocation/).
def test_b20_a_forged_status(rules: Gate) -> None:
    forged = claim(exactly(), status={"allocation": {"devices": {"results": []}}})
    assert said(rules, forged, old=claim(exactly()), subResource="status") == {"controller-fields"}
    assert said(rules, forged, SCHEDULER, old=claim(exactly()), subResource="status") == set()


# B21: selectors believe what slices say. Whether a slice is true is not decidable; who writes it is.
def test_b21_a_slice_of_another_driver(rules: Gate) -> None:
    forged: Json = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {"driver": "gpu.nvidia.com", "nodeName": "node-1", "devices": []},
    }
    assert said(rules, forged) == {"resource-slices"}
    assert said(rules, forged, "nvidia") == set()


ASKING = resources(f"deviceclass.resource.kubernetes.io/{OTHER}")
# B22: policies that match Pods alone see these too late, or never where the webhook's failures are ignored.
EMBEDDED: list[tuple[str, str, Json]] = [
    ("apps/v1", "Deployment", {"template": {"spec": ASKING}}),
    ("batch/v1", "CronJob", {"jobTemplate": {"spec": {"template": {"spec": ASKING}}}}),
    (
        "jobset.x-k8s.io/v1alpha2",
        "JobSet",
        {"replicatedJobs": [{"name": "w", "template": {"spec": {"template": {"spec": ASKING}}}}]},
    ),
    (
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        {"leaderWorkerTemplate": {"workerTemplate": {"spec": ASKING}}},
    ),
    ("ray.io/v1", "RayCluster", {"workerGroupSpecs": [{"template": {"spec": ASKING}}]}),
    ("kubeflow.org/v1", "PyTorchJob", {"pytorchReplicaSpecs": {"Worker": {"template": {"spec": ASKING}}}}),
    ("serving.kserve.io/v1beta1", "InferenceService", {"predictor": ASKING}),
    (
        "serving.kserve.io/v1beta1",
        "InferenceService",
        {"predictor": {"model": ASKING["containers"][0]}},
    ),
    (
        "argoproj.io/v1alpha1",
        "Workflow",
        {"templates": [{"name": "t", "container": ASKING["containers"][0]}]},
    ),
    ("batch.volcano.sh/v1alpha1", "Job", {"tasks": [{"template": {"spec": ASKING}}]}),
    ("example.com/v1", "Unheard", {"template": {"spec": ASKING}}),
]


@pytest.mark.parametrize(("api_version", "kind", "spec"), EMBEDDED, ids=lambda one: str(one)[:30])
def test_b22_pods_inside_of_other_objects(api_version: str, kind: str, spec: Json, rules: Gate) -> None:
    value: Json = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "w", "namespace": "team-a", **QUEUED},
        "spec": spec,
    }
    assert "approved-device-classes" in said(rules, value)


HIDDEN: dict[str, str] = {
    "a list": """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: team-a}}
- %s
""",
    "a list of lists": """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: List, items: [%s]}
""",
    "the second document": """
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: team-a}
---
%s
""",
    "an alias": """
apiVersion: v1
kind: List
items:
- &base
  %s
- *base
""",
    "JSON": "%s",
}


# B23: what stands in a file is more than its first document
# (https://github.com/kubernetes/website/blob/main/content/en/examples/dra/dra-example-job.yaml is JSON in YAML), and of two
# equal keys the API server takes the last, other readers the first: that is an error.
def test_b23_hidden_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policies.yaml"
    policy.write_text("---\n".join(policies("claims/approved_device_classes")))
    folder = tmp_path / "manifests"
    folder.mkdir()
    for number, text in enumerate(HIDDEN.values()):
        (folder / f"{number}.yaml").write_text(text % json.dumps(claim(exactly(OTHER))))
    twice = f"deviceClassName: {CLASS}\n        deviceClassName: {OTHER}"
    text = yaml.safe_dump(claim(exactly())).replace(f"deviceClassName: {CLASS}", twice)
    (folder / "twice.yaml").write_text(text)
    assert run(["check", "--no-cache", "-j", "1", "--format", "json", "-p", str(policy), str(folder)]) == 2
    report = json.loads(capsys.readouterr().out)
    assert {Path(one["file"]).stem for one in report["violations"]} == {str(n) for n in range(len(HIDDEN))}
    assert [Path(one["file"]).stem for one in report["errors"]] == ["twice"]


# B24: indented wrongly, the selector is none and the request is for the whole class; the server refuses it
# (https://github.com/kubernetes/website/blob/main/content/en/examples/dra/resourceclaim.yaml).
@pytest.mark.parametrize(
    "selector",
    [
        {"cel": None, "expression": "true"},
        {"cel": {}},
        {"cel": {"expression": ""}},
        {"cel": "true"},
        {"expression": "true"},
        {},
        "true",
        None,
    ],
)
@pytest.mark.parametrize("shape", [exactly, flat, first])
def test_b24_a_selector_that_is_none(selector: Any, shape: Any, rules: Gate) -> None:
    assert "approved-device-classes" in said(rules, claim(shape(CLASS, selectors=[selector])))


# B25: ephemeral containers have no resources, and an environment that runtimes act on.
def test_b25_ephemeral_containers(rules: Gate) -> None:
    spec = {
        "containers": [container()],
        "ephemeralContainers": [
            container(name="debug", env=[{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}])
        ],
    }
    before = pod({"containers": [container()]})
    assert said(rules, pod(spec), old=before, subResource="ephemeralcontainers") == {
        "undeclared-device-access"
    }


# B26: what grows later is counted at its peak, and judged again where the pods and claims come.
def test_b26_growing_by_updates(rules: Gate) -> None:
    asking = resources(f"deviceclass.resource.kubernetes.io/{CLASS}")
    cluster: Json = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "r", "namespace": "team-a", **QUEUED},
        "spec": {
            "workerGroupSpecs": [
                {"replicas": 1, "minReplicas": 1, "maxReplicas": 2000, "template": {"spec": asking}}
            ]
        },
    }
    assert said(rules, cluster) == {"device-counts"}
    resized = pod(resources(f"deviceclass.resource.kubernetes.io/{CLASS}", 9))
    before = pod(asking)
    assert said(rules, resized, old=before, subResource="resize") == {"device-counts"}


# B27: Gatekeeper's chart leaves out namespaces by a label (https://open-policy-agent.github.io/gatekeeper/website/docs/exempt-namespaces).
def test_b27_a_namespace_that_exempts_itself(rules: Gate) -> None:
    labels = {"admission.gatekeeper.sh/ignore": "yes"}
    value: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a", "labels": labels}}
    assert said(rules, value) == {"guarded-namespaces"}


# B28: ResourceQuota does not count what claims add to a pod (https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/5517-dra-node-allocatable-resources).
# How much a claim adds is not decidable before it is allocated; that devices do is, where the slice is written.
@pytest.mark.parametrize("nested", [False, True])
def test_b28_devices_that_add_memory(nested: bool, rules: Gate) -> None:
    adding: Json = {"nodeAllocatableResources": {"memory": {}}}
    device = {"name": "d", "basic": adding} if nested else {"name": "d", **adding}
    value: Json = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {"driver": "gpu.nvidia.com", "nodeName": "node-1", "devices": [device]},
    }
    assert said(rules, value, "nvidia") == {"resource-slices"}


# B29: pods that are written as text come to be when a workflow runs (https://github.com/argoproj/argo-workflows/blob/main/pkg/apis/workflow/v1alpha1/workflow_types.go):
# not decidable in the workflow. The pod itself is judged like any other.
def test_b29_pods_written_as_text(rules: Gate) -> None:
    workflow: Json = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w", "namespace": "team-a"},
        "spec": {
            "templates": [{"name": "t", "container": container()}],
            "podSpecPatch": "{{inputs.parameters.p}}",
        },
    }
    assert said(rules, workflow) == set()
    key = "claims/approved_device_classes"
    strict = {**PARAMETERS[key], "undecidable": "deny"}
    assert said(gate(*policies(key, **{key: strict})), workflow) == {"approved-device-classes"}
    owner = {
        "ownerReferences": [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "w", "uid": "u"}
        ]
    }
    made = pod(ASKING, **owner)
    assert said(rules, made, "system:serviceaccount:argo:controller") == {"approved-device-classes"}


# B30: without a queue's name Kueue does not count a job (https://kueue.sigs.k8s.io/docs/).
def test_b30_a_workload_without_a_queue(rules: Gate) -> None:
    assert said(rules, pod(USING, labels={})) == {"queue-name"}
