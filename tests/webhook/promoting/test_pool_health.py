"""A step that is blocked while devices are unhealthy: what the cluster says is handed in, and judged."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.promotions.test_pool_health import READY, devices, node
from tests.webhook.promoting.office import BYTES, Office

BROKEN = {
    "type": "GPUUnhealthy",
    "status": "True",
    "reason": "Xid79",
    "lastTransitionTime": "2026-11-27T10:00:00Z",
}


def at(**ago: int) -> str:
    """A moment before now, as Kubernetes spells it."""
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def listed(*objects: dict[str, Any], heard: str = "") -> str:
    """What kubectl prints."""
    beat = {**READY, "lastHeartbeatTime": heard or at()}
    return json.dumps({"kind": "List", "items": [*objects, node("last", beat)]})


def observed(
    office: Office,
    *objects: dict[str, Any],
    heard: str = "",
    cluster: str = "eu-1",
    more: tuple[str, ...] = (),
) -> Any:
    """Runs `promotions health`, which writes health.json."""
    office.write("objects.json", listed(*objects, heard=heard))
    return office.run(
        "promotions", "health", "objects.json", "--cluster", cluster, "--output", "health.json", *more
    )


def asked(office: Office, *more: str) -> Any:
    """A promotion that lacks nothing but healthy devices."""
    office.write_policy_of({"to": "prod", "blockedWhileUnhealthy": True})
    return office.promote("prod", "--digest", BYTES, "--cluster", "eu-1", *more)


def test_devices_that_are_well_let_it_in(office: Office) -> None:
    ran = observed(office, node("a", gpus="8"), devices("a", "gpu-0"))
    assert ran.code == 0, ran.err
    assert "  healthy    gpu.nvidia.com: 0 of 1 nodes are struck\n" in ran.out
    assert "--pool-health" in asked(office).out
    assert "missing: prod takes nothing while" not in asked(office, "--pool-health", "health.json").out


def test_who_is_struck_is_told_with_the_reason_and_since_when(office: Office) -> None:
    ran = observed(office, node("a", READY, BROKEN, gpus="8"))
    assert "             a: GPUUnhealthy is True (Xid79) since 2026-11-27T10:00:00Z\n" in ran.out
    ran = asked(office, "--pool-health", "health.json")
    told = "nvidia.com/gpu in eu-1, 1 of 1 nodes: a (GPUUnhealthy is True (Xid79) since 2026-11-27T10:00:00Z)"
    assert (
        f"missing: prod takes nothing while a pool of devices is not known to be healthy: {told}" in ran.out
    )
    # What stands is judged anew with what is known by then.
    pending = office.run("promotions", "pending", *office.desk(), "--pool-health", "health.json")
    assert told in pending.out
    assert "nobody knows" in office.pending().out


def test_a_share_may_be_out_for_repair(office: Office) -> None:
    nodes = [node(f"n{number}", gpus="8") for number in range(9)]
    ran = observed(office, *nodes, node("a", READY, BROKEN, gpus="8"))
    assert "  healthy    nvidia.com/gpu: 1 of 10 nodes are struck\n" in ran.out
    ran = observed(office, *nodes, node("a", READY, BROKEN, gpus="8"), more=("--share", "0"))
    assert "  unhealthy  nvidia.com/gpu: 1 of 10 nodes are struck\n" in ran.out


def test_another_clusters_devices_say_nothing(office: Office) -> None:
    observed(office, node("a", gpus="8"), cluster="us-1")
    assert "nobody knows" in asked(office, "--pool-health", "health.json").out


@pytest.mark.parametrize(("minutes", "told"), [(40, "longer ago than 30 minutes"), (-20, "still to come")])
def test_what_was_true_once_is_no_fact_now(office: Office, minutes: int, told: str) -> None:
    # Writing the file again does not make what it tells any younger.
    observed(office, node("a", gpus="8"), heard=at(minutes=minutes))
    ran = asked(office, "--pool-health", "health.json")
    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "health.json"),
        ("[]", "health.json is no object"),
        ('{"schemaVersion": 2}', "schemaVersion of health.json is not 1"),
        ('{"schemaVersion": 1, "observed": "yesterday"}', "is no time as RFC 3339 has it"),
        ('{"schemaVersion": 1, "observed": "2026-11-27T10:00:00"}', "is a time without its zone"),
        ('{"schemaVersion": 1, "observed": "NOW", "share": 1}', "is no share"),
        (
            '{"schemaVersion": 1, "observed": "NOW", "share": 0, "pools": [{"name": "p", "nodes": 0, "unhealthy": []}]}',
            "is fewer than",
        ),
        ('{"schemaVersion": 1, "schemaVersion": 1}', "health.json"),
    ],
)
def test_a_file_that_is_none(office: Office, text: str, told: str) -> None:
    office.write("health.json", text.replace("NOW", at()))
    ran = asked(office, "--pool-health", "health.json")
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "objects.json"),
        ('{"kind": "List", "items": []}', "has no Node that tells when it was heard of last"),
        ('{"kind": "List", "items": [{"kind": "Node", "metadata": {}}]}', "objects.json"),
        (listed(), "tells of no devices"),
        (listed({"kind": "ResourceSlice", "spec": {}}), "spec of objects.json"),
    ],
)
def test_what_no_cluster_says(office: Office, text: str, told: str) -> None:
    office.write("objects.json", text)
    ran = office.run("promotions", "health", "objects.json", "--cluster", "eu-1")
    assert ran.code == 2
    assert told in ran.err
    assert "Traceback" not in ran.err
