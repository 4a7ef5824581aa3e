"""`lockgate check --quota-snapshot`."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.gatekeeper.quotas.making import quota
from tests.webhook.helpers import Ran
from tests.webhook.quota.conftest import Here
from tests.webhook.quota.making import claim, deployment, snapshot, template, text, use

Json = dict[str, Any]

POLICY = """apiVersion: constraints.gatekeeper.sh/v1beta1
kind: LockgateApprovedDeviceClasses
metadata: {name: approved}
spec: {parameters: {allowedDeviceClasses: [gpu.example.com]}}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "deploy").mkdir()
    return tmp_path


def check(here: Here, tree: Path, *arguments: str, snap: Json | None = None) -> Ran:
    (tree / "quotas.json").write_text(json.dumps(snap or snapshot(), indent=1))
    given = ("-p", "policy.yaml", "--quota-snapshot", "quotas.json", "--format", "json", *arguments, "deploy")
    return here("check", *given, cwd=tree)


def violations(ran: Ran, code: int = 1) -> list[Json]:
    assert ran.code == code, (ran.out, ran.err)
    found: list[Json] = json.loads(ran.out)["violations"]
    return found


def put(tree: Path, *objects: Json, name: str = "app.json") -> None:
    (tree / "deploy" / name).write_text(text(*objects))


def test_what_fits(here: Here, tree: Path) -> None:
    put(tree, template(2), deployment(4))
    assert violations(check(here, tree), 0) == []


def test_a_workload_that_does_not_fit(here: Here, tree: Path) -> None:
    put(tree, template(2), deployment(5))
    (one,) = violations(check(here, tree))
    assert (one["policy"], one["constraint"], one["actions"]) == ("DeviceQuota", "gpus", ["deny"])
    assert one["resource"]["kind"] == "Deployment"
    assert one["path"] == ["spec", "template", "spec", "resourceClaims", 0]
    assert (one["file"], one["exact"], one["docs"]) == ("deploy/app.json", True, "docs/quota.md")
    assert one["message"].endswith("limit 8, used 0, reserved 0, asked 10; 8 left")


def test_what_does_not_fit_together(here: Here, tree: Path) -> None:
    put(tree, claim(3, "a"), claim(5, "b"), name="first.json")
    put(tree, claim(1, "c"), name="second.json")
    (one,) = violations(check(here, tree, "--jobs", "2"))
    assert one["resource"]["name"] == "b"
    assert one["message"].startswith(
        "together with 2 other objects of this check, quota gpus does not allow it:"
    )
    assert one["message"].endswith("limit 8, used 0, reserved 0, asked 9; 8 left")


def test_together_with_one_that_does_not_fit_by_itself(here: Here, tree: Path) -> None:
    put(tree, claim(9, "a"), claim(5, "b"), claim(3, "c"))
    (one,) = violations(check(here, tree))
    assert one["resource"]["name"] == "a"


def test_soft_limits_warn(here: Here, tree: Path) -> None:
    soft = snapshot(quota(limits=[{"class": "gpu.example.com", "soft": 1}]))
    put(tree, claim(2))
    (one,) = violations(check(here, tree, snap=soft), 0)
    assert one["actions"] == ["warn"]
    assert violations(check(here, tree, "--fail-on", "warn", snap=soft), 1)


def test_templates_that_are_not_there_are_told(here: Here, tree: Path) -> None:
    put(tree, deployment(1))
    ran = check(here, tree)
    told = [one for one in json.loads(ran.out)["notEvaluated"] if one["policy"] == "DeviceQuota"]
    assert (ran.code, [one["needs"] for one in told]) == (0, ["the ResourceClaimTemplate ml/t"])
    assert check(here, tree, "--fail-on", "not-evaluated").code == 2


def test_exemptions_count(here: Here, tree: Path) -> None:
    put(tree, claim(9))
    (tree / "exempt.yaml").write_text(
        """apiVersion: exemptions.lockgate.dev/v1alpha1
kind: Exemption
metadata: {name: big}
spec:
  policies: [{kind: DeviceQuota, name: gpus}]
  match: {namespaces: [ml]}
  reason: once
  owner: team
  issuedAt: "2026-01-01T00:00:00Z"
  expiresAt: "2027-01-01T00:00:00Z"
"""
    )
    ran = check(here, tree, "--exemptions", "exempt.yaml")
    assert json.loads(ran.out)["violations"] == []


def test_a_snapshot_that_is_wrong(here: Here, tree: Path) -> None:
    put(tree, claim(1))
    ran = check(here, tree, snap=snapshot(quota(limits=[{"class": "a", "hard": -1}])))
    assert ran.code == 2
    assert "quotas.json:" in ran.err
    assert "quotas[0].spec.limits[0].hard is no whole number" in ran.err


def git(tree: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=tree,
        check=True,
        capture_output=True,
    )


def test_a_change_asks_for_what_is_more_and_brings_no_snapshot(here: Here, tree: Path) -> None:
    full = snapshot(usage=(use("gpus", 8),))
    (tree / "quotas.json").write_text(json.dumps(full, indent=1))
    put(tree, template(1), deployment(8))
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "base")
    assert violations(check(here, tree, "--base", "HEAD", snap=full), 0) == []
    put(tree, template(1), deployment(9))
    # The change's own snapshot would let it pass.
    (one,) = violations(
        check(
            here,
            tree,
            "--base",
            "HEAD",
            snap=snapshot(quota(limits=[{"class": "gpu.example.com", "hard": 99}])),
        )
    )
    assert one["message"].endswith("limit 8, used 8, reserved 0, asked 1; 0 left")
