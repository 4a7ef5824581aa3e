"""Quotas of a snapshot as policies: what is denied, warned of and not evaluated."""

import json
import os
from functools import cache
from typing import Any

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.codegen.values import parse_json
from lockgate.engine.decision import Decision, PolicyKey
from lockgate.engine.evaluate import evaluate
from lockgate.engine.policy import Facts, PolicySet
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.claims.library import ClaimsLibrary, open_library
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.quota.charging import Charger
from lockgate.webhook.quota.checking import learn_known
from lockgate.webhook.quota.prediction import QuotaPolicy

from tests.gatekeeper.exemptions.making import NOW_NS, read
from tests.gatekeeper.quotas.making import quota
from tests.webhook.quota.making import CLASS, DEVICES, claim, deployment, parsed, template, use

Json = dict[str, Any]
STRICT: Json = {"mode": "Strict", "strict": {"admin": "charge"}}


@cache
def library() -> ClaimsLibrary:
    return open_library(SHIPPED, open_cache(True, os.environ), "quota")


def judge(
    value: Json,
    *quotas: Json,
    usage: tuple[Json, ...] = (),
    old: Json | None = None,
    around: tuple[Json, ...] = (),
    **more: Any,
) -> Decision:
    found = parsed(*quotas, usage=usage, **more)
    charger = Charger(library(), learn_known([parse_json(json.dumps(one)) for one in around]))  # type: ignore[misc]
    policies = [QuotaPolicy(one, found, charger, one.digest) for one in found.quotas]
    former = None if old is None else read(old).value
    review = review_document(
        read(value), Cluster(), operation="CREATE" if old is None else "UPDATE", old=former
    )
    return evaluate(review, PolicySet(policies), Facts(), now_ns=NOW_NS, limits=Limits())


def messages(decision: Decision) -> list[str]:
    assert not decision.failures
    return [one.message for one in decision.violations]


def test_claims_within_the_limit() -> None:
    found = judge(claim(3), usage=(use("gpus", 5),))
    assert (found.verdict, found.matched) == ("allow", 1)


def test_claims_above_the_limit() -> None:
    found = judge(
        claim(4), usage=(use("gpus", 4, reserved=1, holders=[{"object": "pods ml/a", "amount": 5}]),)
    )
    assert found.verdict == "deny"
    (one,) = found.violations
    assert one.policy == PolicyKey("DeviceQuota", "gpus")
    assert one.message == (
        "quota gpus does not allow it: devices of class gpu.example.com: limit 8, used 4, reserved 1, asked 4; 3 left; "
        "held by pods ml/a (5)"
    )
    assert one.path == ("spec", "devices", "requests", 0, "exactly")
    numbers = {"limit": 8, "used": 4, "reserved": 1, "spent": 0, "asked": 4}
    assert one.details == {"scope": "gpus", "dimension": DEVICES, "window": 0, **numbers}


def test_soft_limits_warn() -> None:
    soft = quota(limits=[{"class": CLASS, "soft": 4, "hard": 8}])
    assert judge(claim(4), soft).verdict == "allow"
    found = judge(claim(5), soft)
    assert (found.verdict, messages(found)) == (
        "warn",
        [
            "quota gpus warns of it: devices of class gpu.example.com: soft limit 4, used 0, reserved 0, asked 5; 4 left"
        ],
    )


def test_all_quotas_have_to_hold() -> None:
    both = (
        quota("a"),
        quota("b", limits=[{"class": CLASS, "hard": 2}]),
        quota("c", scope={"namespaces": ["x"]}),
    )
    assert [one.policy.name for one in judge(claim(3), *both).violations] == ["b"]
    assert [one.policy.name for one in judge(claim(9), *both).violations] == ["a", "b"]


def test_workloads_are_predicted() -> None:
    assert judge(deployment(4), around=(template(2),)).verdict == "allow"
    found = judge(deployment(5), around=(template(2),))
    assert messages(found) == [
        "quota gpus does not allow it: devices of class gpu.example.com: limit 8, used 0, reserved 0, asked 10; 8 left"
    ]
    assert found.violations[0].path == ("spec", "template", "spec", "resourceClaims", 0)


def test_templates_of_other_namespaces_are_not_meant() -> None:
    found = judge(deployment(1), around=(template(2, namespace="other"),))
    assert [one.needs for one in found.not_evaluated] == ["the ResourceClaimTemplate ml/t"]


def test_updates_ask_for_what_is_more() -> None:
    full = (use("gpus", 8),)
    around = (template(1),)
    assert judge(deployment(4), usage=full, old=deployment(4), around=around).verdict == "allow"
    assert judge(deployment(3), usage=full, old=deployment(4), around=around).verdict == "allow"
    found = judge(deployment(6), usage=full, old=deployment(4), around=around)
    assert "used 8, reserved 0, asked 2; 0 left" in messages(found)[0]


def test_above_the_limit_already() -> None:
    """A limit that was lowered keeps what is held, and refuses more."""
    over = (use("gpus", 20),)
    assert judge(claim(1), usage=over).verdict == "deny"
    assert judge(deployment(2), usage=over, old=deployment(2), around=(template(),)).verdict == "allow"


@pytest.mark.parametrize("amount", [0, -1, "2", 1.5])
def test_what_cannot_be_counted_is_denied(amount: Any) -> None:
    found = judge(claim(amount))
    assert found.verdict == "deny"
    assert messages(found)[0].startswith(
        "quota gpus cannot count it: the number of devices cannot be read at spec."
    )


def test_huge_counts() -> None:
    assert judge(claim(2**63 - 1)).verdict == "deny"
    assert judge(claim(10**60)).verdict == "deny"


def test_unknown_modes_are_denied() -> None:
    assert judge(claim(1, allocationMode="Some")).verdict == "deny"


def daemons() -> Json:
    made = deployment()
    del made["spec"]["replicas"], made["spec"]["strategy"]
    return {**made, "kind": "DaemonSet"}


def test_a_number_of_pods_that_nobody_knows_is_told() -> None:
    found = judge(daemons(), around=(template(),))
    assert (found.verdict, [one.needs for one in found.not_evaluated]) == (
        "allow",
        ["the number of devices of class gpu.example.com: how many there will be cannot be read from it"],
    )


def workers() -> Json:
    pod = deployment()["spec"]["template"]
    group = {"groupName": "w", "template": pod}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "r", "namespace": "ml"},
        "spec": {
            "enableInTreeAutoscaling": True,
            "headGroupSpec": {"template": {"spec": {"containers": []}}},
            "workerGroupSpecs": [group],
        },
    }


def test_what_nothing_bounds_is_warned_of() -> None:
    found = judge(workers(), around=(template(),))
    assert (found.verdict, len(found.violations)) == ("warn", 1)
    assert "nothing in it says how many there will be at most" in messages(found)[0]


def test_namespaces_whose_labels_are_not_known() -> None:
    team = quota(scope={"team": {"label": "team"}})
    found = judge(claim(9), team)
    assert [one.needs for one in found.not_evaluated] == ["the labels of namespace ml"]
    known = judge(claim(9), team, namespaces={"ml": {"team": "fraud"}}, usage=(use("gpus/fraud", 1),))
    assert messages(known)[0].startswith(
        "quota gpus/fraud does not allow it: devices of class gpu.example.com: limit 8, used 1,"
    )


def test_each_namespace_has_its_amount() -> None:
    each = quota(scope={"namespaces": ["ml", "other"], "per": "Namespace"})
    usage = (use("gpus/other", 8),)
    assert judge(claim(8), each, usage=usage).verdict == "allow"
    assert judge(claim(1, namespace="other"), each, usage=usage).verdict == "deny"


DEVICE_CLASS = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": CLASS},
    "spec": {
        "extendedResourceName": "example.com/gpu",
        "selectors": [{"cel": {"expression": f"device.driver == '{CLASS}'"}}],
    },
}


def slices(*models: str) -> Json:
    devices = [
        {"name": f"d{n}", "attributes": {"productName": {"string": model}}} for n, model in enumerate(models)
    ]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {
            "driver": CLASS,
            "nodeName": "n",
            "pool": {"name": "n", "generation": 1, "resourceSliceCount": 1},
            "devices": devices,
        },
    }


def test_drivers_and_products() -> None:
    limits = [{"driver": CLASS, "hard": 2}, {"product": "H100", "hard": 1}]
    around = (DEVICE_CLASS, slices("H100", "A100"))
    assert judge(claim(1), quota(limits=limits), around=around).verdict == "allow"
    found = judge(claim(3), quota(limits=limits), around=around)
    assert [one.partition(": limit")[0].rpartition(": ")[2] for one in messages(found)] == [
        "devices of driver gpu.example.com",
        "devices that are H100",
    ]
    chosen = claim(
        2, selectors=[{"cel": {"expression": "device.attributes['gpu.example.com'].productName == 'A100'"}}]
    )
    assert judge(chosen, quota(limits=limits), around=around).verdict == "allow"


def test_drivers_that_are_not_known_are_told() -> None:
    found = judge(claim(1), quota(limits=[{"driver": CLASS, "hard": 2}]))
    (one,) = found.not_evaluated
    assert "DeviceClasses and ResourceSlices that say which drivers" in one.needs


def test_all_devices_of_a_class() -> None:
    asked = claim(1)
    asked["spec"]["devices"]["requests"][0]["exactly"] = {"deviceClassName": CLASS, "allocationMode": "All"}
    assert judge(asked).verdict == "deny"
    around = (DEVICE_CLASS, slices("H100", "A100"))
    assert judge(asked, around=around).verdict == "deny"
    assert judge(asked, quota(**STRICT), around=around).verdict == "allow"
    refused = judge(asked, quota(mode="Strict", strict={"all": "deny"}))
    assert "all devices of a class may not be asked for" in messages(refused)[0]


def gpu_pod(amount: int, resource: str = "example.com/gpu", **spec: Any) -> Json:
    container = {"name": "c", "image": "x", "resources": {"limits": {resource: str(amount)}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ml"},
        "spec": {"containers": [container], **spec},
    }


def test_extended_resources() -> None:
    limits = [{"resource": "example.com/gpu", "hard": 2}]
    assert judge(gpu_pod(2), quota(limits=limits)).verdict == "allow"
    assert judge(gpu_pod(3), quota(limits=limits)).verdict == "deny"
    # Strictly, they are devices of the class that serves them.
    assert judge(gpu_pod(9), quota(**STRICT), around=(DEVICE_CLASS,)).verdict == "deny"
    assert judge(gpu_pod(9, f"deviceclass.resource.kubernetes.io/{CLASS}"), quota(**STRICT)).verdict == "deny"


WEEK = [{"class": CLASS, "every": "week", "gpuHours": {"hard": 100}}]


def test_hours_of_a_window() -> None:
    hours = quota(**STRICT, limits=None, windows=WEEK)
    pod = gpu_pod(2, activeDeadlineSeconds=36_000)
    assert judge(pod, hours, around=(DEVICE_CLASS,)).verdict == "allow"
    # 2026-06-01 is a Monday.
    week = NOW_NS // 10**9
    usage = (use("gpus", 3_600, f"gpu-seconds/{CLASS}", window=week, spent=300_000),)
    found = judge(pod, hours, around=(DEVICE_CLASS,), usage=usage)
    assert (
        "limit 100 h, used 1 h, reserved 0 h, spent 83.33 h, asked 20 h; 15.66 h left" in messages(found)[0]
    )
    unbounded = judge(gpu_pod(2), hours, around=(DEVICE_CLASS,))
    assert (unbounded.verdict, unbounded.violations[0].fix) == (
        "warn",
        "set activeDeadlineSeconds, or maxRunTime in the quota",
    )
    bounded = quota(**STRICT, limits=None, windows=WEEK, maxRunTime="40h")
    assert judge(gpu_pod(2), bounded, around=(DEVICE_CLASS,)).verdict == "allow"
    assert judge(gpu_pod(3), bounded, around=(DEVICE_CLASS,)).verdict == "deny"


def test_other_objects_ask_for_nothing() -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "ml"}}
    assert judge(other, usage=(use("gpus", 8),)).verdict == "allow"
    cluster_wide = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}
    assert judge(cluster_wide).matched == 0


def test_large_numbers_are_counted() -> None:
    """In a review a million is `1e+06`, as Gatekeeper shows it."""
    assert judge(claim(1_000_000), quota(limits=[{"class": CLASS, "hard": 1_000_000}])).verdict == "allow"
    found = judge(claim(1_000_001), quota(limits=[{"class": CLASS, "hard": 1_000_000}]))
    assert "asked 1000001; 1000000 left" in messages(found)[0]
