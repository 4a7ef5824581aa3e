"""Which pools of devices are healthy, by what a cluster says."""

from typing import Any

import pytest
from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import Part
from lockgate.engine.promotions.pool_health import (
    FATAL_TAINTS,
    FatalSigns,
    PoolState,
    Struck,
    find_pools,
    listed,
)

SINCE = "2026-11-27T10:00:00Z"
READY = {"type": "Ready", "status": "True", "lastTransitionTime": SINCE}


def node(
    name: str, *conditions: dict[str, Any], taints: Any = (), gpus: Any = None, left: Any = None
) -> dict[str, Any]:
    """A node, ready unless conditions are given; gpus: how many it has, of which `left` are handed out."""
    amounts = {} if gpus is None else {"nvidia.com/gpu": gpus}
    handed = {} if gpus is None else {"nvidia.com/gpu": gpus if left is None else left}
    return {
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"taints": [*taints]},
        "status": {
            "conditions": [*conditions] or [READY],
            "capacity": {"cpu": "8", "example.kubernetes.io/x": "1", **amounts},
            "allocatable": {"cpu": "7", **handed},
        },
    }


def devices(of: str, *names: str, taints: Any = (), **pool: Any) -> dict[str, Any]:
    """What a driver offers on a node, in the pool of its name."""
    found = [{"name": name, "taints": [*taints]} for name in names]
    spec = {"driver": "gpu.nvidia.com", "nodeName": of, "pool": {"name": of, **pool}, "devices": found}
    return {"kind": "ResourceSlice", "metadata": {"name": f"{of}-0"}, "spec": spec}


def pools(*objects: Any, signs: FatalSigns | None = None) -> dict[str, dict[str, str]]:
    """The nodes that are struck, with the reason, by pool."""
    found = find_pools([Part(one, "it") for one in objects], signs or FatalSigns())
    return {pool.name: {one.node: one.why for one in pool.struck} for pool in found}


def test_pools_are_drivers_and_extended_resources() -> None:
    told = pools(node("a", gpus="8"), node("b"), devices("a", "gpu-0"), devices("b", "gpu-0"))
    assert told == {"gpu.nvidia.com": {}, "nvidia.com/gpu": {}}
    found = find_pools([Part(node("a", gpus="8"), "it"), Part(node("b", gpus="0"), "it")], FatalSigns())
    assert [(pool.name, pool.nodes) for pool in found] == [("nvidia.com/gpu", 1)]
    assert pools(node("a")) == {}


NOT_READY = {"type": "Ready", "status": "Unknown", "lastTransitionTime": SINCE}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (node("a", NOT_READY, gpus="8"), "Ready is Unknown"),
        (node("a", {"type": "Ready"}, gpus="8"), "Ready is not told"),
        (node("a", {"type": "Other", "status": "True"}, gpus="8"), "it does not say whether it is ready"),
        (
            node("a", READY, {"type": "KernelDeadlock", "status": "True", "reason": "DockerHung"}, gpus="8"),
            "KernelDeadlock is True (DockerHung)",
        ),
        (
            node("a", READY, {"type": "GPUUnhealthy", "status": "Unknown"}, gpus="8"),
            "GPUUnhealthy is Unknown",
        ),
        (
            node("a", taints=[{"key": "node.kubernetes.io/unreachable"}], gpus="8"),
            "taint node.kubernetes.io/unreachable",
        ),
        (node("a", gpus="8", left="7"), "7 of 8 nvidia.com/gpu are handed out"),
        (node("a", gpus="many"), "how many nvidia.com/gpu it has cannot be read"),
    ],
)
def test_what_strikes_a_node(found: dict[str, Any], why: str) -> None:
    assert pools(found) == {"nvidia.com/gpu": {"a": why}}


def test_what_strikes_none() -> None:
    well = node(
        "a",
        READY,
        {"type": "KernelDeadlock", "status": "False"},
        {"type": "Strange", "status": "True"},
        gpus="8",
    )
    tainted = node("b", taints=[{"key": "nvidia.com/gpu", "effect": "NoSchedule"}], gpus="8")
    assert pools(well, tainted) == {"nvidia.com/gpu": {}}
    signs = FatalSigns(frozenset({"Strange"}), FATAL_TAINTS | {"nvidia.com/gpu"})
    assert pools(well, tainted, signs=signs) == {
        "nvidia.com/gpu": {"a": "Strange is True", "b": "taint nvidia.com/gpu"}
    }


def test_what_strikes_devices_of_a_driver() -> None:
    taint = {"key": "example.com/ecc", "effect": "NoExecute", "timeAdded": SINCE}
    assert pools(devices("a", "gpu-0")) == {"gpu.nvidia.com": {"a": "the node is not there"}}
    assert pools(node("a"), devices("a", "gpu-0", taints=[taint])) == {
        "gpu.nvidia.com": {"a": "device gpu-0 has the taint example.com/ecc"}
    }
    assert pools(node("a"), devices("a", "gpu-0", taints=[{**taint, "effect": "None"}])) == {
        "gpu.nvidia.com": {}
    }
    assert pools(node("a"), devices("a", "gpu-0", resourceSliceCount=2)) == {
        "gpu.nvidia.com": {"a": "not all slices of the pool a are there"}
    }
    # What is left of a former generation is on its way out.
    old = devices("a", "gpu-0", taints=[taint], generation=1)
    assert pools(node("a"), old, devices("a", "gpu-0", generation=2)) == {"gpu.nvidia.com": {}}


@pytest.mark.parametrize(
    ("selector", "is_struck"),
    [
        ({}, True),
        ({"driver": "gpu.nvidia.com", "pool": "a", "device": "gpu-0"}, True),
        ({"driver": "other.example.com"}, False),
        ({"pool": "b"}, False),
        ({"device": "gpu-9"}, False),
        (None, False),
    ],
)
def test_a_rule_taints_what_it_selects(selector: Any, is_struck: bool) -> None:
    taint = {"key": "example.com/ecc", "effect": "NoSchedule", "timeAdded": SINCE}
    rule = {
        "kind": "DeviceTaintRule",
        "metadata": {"name": "r"},
        "spec": {"taint": taint, "deviceSelector": selector},
    }
    struck = {"a": "device gpu-0 has the taint example.com/ecc by a rule"} if is_struck else {}
    assert pools(node("a"), devices("a", "gpu-0"), rule) == {"gpu.nvidia.com": struck}


def test_a_share_may_be_struck() -> None:
    state = PoolState("p", 10, (Struck("a", "x"),))
    assert state.is_healthy(0.1)
    assert not state.is_healthy(0.09)
    assert not PoolState("p", 1, (Struck("a", "x"),)).is_healthy(0.5)
    assert PoolState("p", 1, ()).is_healthy(0)


def test_lists_are_read_in_both_forms() -> None:
    mixed = {"kind": "List", "items": [node("a", gpus="8"), devices("a", "gpu-0")]}
    of_nodes = {
        "kind": "NodeList",
        "items": [{name: part for name, part in node("a", gpus="8").items() if name != "kind"}],
    }
    assert [one.value["kind"] for one in listed(Part(mixed, "it"))] == ["Node", "ResourceSlice"]
    assert [one.value["kind"] for one in listed(Part(of_nodes, "it"))] == ["Node"]
    assert [one.value["kind"] for one in listed(Part(node("a"), "it"))] == ["Node"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "Node", "metadata": {}},
        {"kind": "Node", "metadata": {"name": "a"}, "status": {"conditions": "well"}},
        {"kind": "Node", "metadata": {"name": "a"}, "status": {"conditions": [{"type": 7}]}},
        {"kind": "ResourceSlice", "spec": {"driver": "d"}},
        {"kind": "ResourceSlice", "spec": {"driver": 7, "pool": {"name": "a"}}},
        {"kind": "DeviceTaintRule", "spec": {}},
        {"kind": 7},
    ],
)
def test_what_cannot_be_read_is_no_health(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        pools(wrong)
