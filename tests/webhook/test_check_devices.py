"""`check` with the rule that asks which devices are reached: from a snapshot, the tree, or nowhere."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from lockgate.webhook.cli import run

from tests.engine.devices.objects import NVIDIA, Json, device, device_class, resource_slice
from tests.policies.shipped import POLICIES
from tests.webhook.serving.test_live_devices import CLAIM, CONSTRAINT

CLUSTER = [
    device_class("gpu", f"device.driver == '{NVIDIA}'"),
    resource_slice("a", device("gpu-0", productName="A100")),
    resource_slice("h", device("gpu-0", productName="H200"), pool="node-2"),
]
UNKNOWN = "the DeviceClasses and ResourceSlices of the cluster (resource.k8s.io), in full: in the inventory, or from a cluster that is watched"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    """A folder with the rule, a claim, and a snapshot of a cluster."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    write("policies/constraint.yaml", CONSTRAINT)
    template = POLICIES.root / "claims" / "reachable_devices" / "template.yaml"
    Path("policies/template.yaml").write_text(template.read_text("utf-8"), "utf-8")
    write("deploy/claim.yaml", CLAIM)
    write("cluster.yaml", *CLUSTER)
    return folder


def write(name: str, *values: Json) -> None:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump_all(values), "utf-8")


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", "-p", "policies", "--format", "json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_a_snapshot_tells(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = check(capsys, "--inventory", "cluster.yaml", "deploy")
    [violation] = report["violations"]
    assert (code, violation["line"], report["notEvaluated"]) == (1, 10, [])
    assert "it reaches 1 of gpu.nvidia.com productName=H200" in violation["message"]
    write("cluster.yaml", *CLUSTER[:2])
    assert check(capsys, "--inventory", "cluster.yaml", "deploy")[0] == 0


def test_the_tree_tells(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = check(capsys, "--inventory", "tree", "deploy", "cluster.yaml")
    assert (code, report["notEvaluated"]) == (1, [])
    # What the class selects is judged too.
    assert sorted(one["resource"]["kind"] for one in report["violations"]) == ["DeviceClass", "ResourceClaim"]


def test_without_devices_it_is_not_evaluated_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    for inventory in ([], ["--inventory", "tree"]):
        code, report = check(capsys, *inventory, "deploy")
        assert (code, report["violations"]) == (0, [])
        [absent] = report["notEvaluated"]
        assert (absent["policy"], absent["needs"]) == ("LockgateReachableDevices", UNKNOWN)
        assert check(capsys, *inventory, "--fail-on", "not-evaluated", "deploy")[0] == 2


def test_classes_without_slices_are_not_enough(capsys: pytest.CaptureFixture[str]) -> None:
    write("cluster.yaml", CLUSTER[0])
    code, report = check(capsys, "--inventory", "cluster.yaml", "deploy")
    assert code == 0
    assert [one["needs"] for one in report["notEvaluated"]] == [
        UNKNOWN.replace("DeviceClasses and ResourceSlices", "ResourceSlices")
    ]
    named = ["--inventory-kind", "resource.k8s.io/v1/ResourceSlice"]
    code, report = check(capsys, "--inventory", "cluster.yaml", *named, "deploy")
    assert code == 1
    assert "no ResourceSlice of a complete pool" in report["violations"][0]["message"]


def test_a_change_does_not_bring_the_devices_that_it_is_judged_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    write("cluster.yaml", *CLUSTER[:2])
    based = ["--base", "main"]
    # What a change leaves as it was is an update that asks for nothing new.
    assert check(capsys, *based, "--inventory", "cluster.yaml", "deploy")[0] == 0
    write("deploy/claim.yaml", {**CLAIM, "metadata": {"name": "another", "namespace": "team-a"}})
    code, report = check(capsys, *based, "--inventory", "cluster.yaml", "deploy")
    assert (code, len(report["violations"])) == (1, 1)
    code, report = check(capsys, *based, "--inventory", "tree", "deploy", "cluster.yaml")
    assert report["violations"] == []
    assert {one["needs"] for one in report["notEvaluated"]} == {UNKNOWN}
