"""`lockgate policy rollout`: what policies would do to objects and to recorded Decisions, and when that is too much."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lockgate.gatekeeper.exemptions.moments import render_moment
from lockgate.webhook.cli import run

from tests.gatekeeper.exemptions.making import DAY_NS
from tests.webhook.replay.trails import checked, constraint, entries_of, made_trail, pod, policies, valid

OBJECTS = (
    pod("good", "v1") + pod("old", "latest") + pod("next", "rc", "team-b") + pod("other", "rc", "team-b")
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, compiled: str) -> Path:
    """A folder with a trail, the policies `v1` that made it, and other policies `v2`."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", compiled)
        made_trail()
        checked(policies("v1", constraint("latest", ":latest")), OBJECTS)
        policies("v2", constraint("rc", ":rc"), constraint("any", ":v1", "warn"))
    return folder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, kept: Path, compiled: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    shutil.copytree(kept, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    yield


def rolled_out(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run(["policy", "rollout", "v2", "-p", "v1", "--format", "json", *arguments]) == code
    return valid(capsys.readouterr().out)


def changes(part: dict[str, Any]) -> dict[str, int]:
    return {name: count for name, count in part["difference"]["changes"].items() if count}


EXPECTED = {"denied": 2, "warned": 1, "letThrough": 1}


def test_the_effect_on_live_objects(capsys: pytest.CaptureFixture[str]) -> None:
    made = rolled_out(capsys, "--objects", "objects.yaml")
    live = made["live"]
    assert (changes(live), live["errors"], live["difference"]["compared"]) == (EXPECTED, [], 4)
    assert live["difference"]["namespaces"] == [
        {"namespace": "team-a", "warned": 1, "letThrough": 1},
        {"namespace": "team-b", "denied": 2},
    ]
    names = [one["resource"]["name"] for one in live["difference"]["objects"] if "denied" in one["changes"]]
    assert names == ["next", "other"]
    assert made["newDenials"] == {"objects": 2}
    assert "trail" not in made
    assert entries_of("access") == []


def test_the_effect_on_recent_decisions(capsys: pytest.CaptureFixture[str]) -> None:
    made = rolled_out(capsys, "--no-live", "--trail", "trail")
    assert "live" not in made
    assert (changes(made["trail"]), made["newDenials"]) == (EXPECTED, {"decisions": 2})
    assert made["trail"]["fidelity"]["same"] == 4
    assert made["trail"]["question"] == {"since": "30d"}
    (access,) = entries_of("access")
    assert access["action"] == "replay"


def test_both_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    made = rolled_out(capsys, "--objects", "objects.yaml", "--trail", "trail", "--namespace", "team-b")
    assert made["newDenials"] == {"objects": 2, "decisions": 2}
    assert changes(made["trail"]) == {"denied": 2}
    assert (made["live"]["policies"], made["live"]["against"]) == (
        made["trail"]["policies"],
        made["trail"]["against"],
    )


@pytest.mark.parametrize("most, code", [(0, 1), (1, 1), (2, 0), (3, 0)])
@pytest.mark.parametrize("on", [["--objects", "objects.yaml"], ["--no-live", "--trail", "trail"]])
def test_more_new_denials_than_are_wanted(
    most: int, code: int, on: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rolled_out(capsys, *on, "--max-new-denials", str(most), code=code)


def test_a_policy_bundle_is_rolled_out_and_rolled_back(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("v1", "v2"):
        assert run(["policy", "bundle", name, "-o", f"{name}.tar.gz"]) == 0
    capsys.readouterr()
    there = [
        "policy",
        "rollout",
        "v2.tar.gz",
        "-p",
        "v1.tar.gz",
        "--objects",
        "objects.yaml",
        "--format",
        "json",
    ]
    assert run(there) == 0
    forward = json.loads(capsys.readouterr().out)["live"]
    assert changes(forward) == EXPECTED
    there[2], there[4] = there[4], there[2]
    assert run(there) == 0
    back = json.loads(capsys.readouterr().out)["live"]
    assert changes(back) == {"denied": 1, "letThrough": 2, "relieved": 1}
    assert (back["policies"], back["against"]) == (forward["against"], forward["policies"])


def test_what_cannot_be_read_is_an_error_and_not_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    Path("live").mkdir()
    Path("live/good.yaml").write_text(OBJECTS)
    Path("live/bad.yaml").write_text("kind: [\n")
    made = rolled_out(capsys, "--objects", "live", code=2)
    assert changes(made["live"]) == EXPECTED
    (error,) = made["live"]["errors"]
    assert error["about"].startswith("live/bad.yaml:")


def test_exemptions_count_on_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    Path("exempt.yaml").write_text(
        "apiVersion: exemptions.lockgate.dev/v1alpha1\nkind: Exemption\nmetadata: {name: next}\n"
        "spec:\n  policies: [{kind: K8sNo, name: rc}]\n  owner: team-b\n  reason: a trial\n"
        f"  issuedAt: '{render_moment(time.time_ns() - DAY_NS)}'\n"
        f"  expiresAt: '{render_moment(time.time_ns() + DAY_NS)}'\n  match: {{namespaces: [team-b], name: next}}\n"
    )
    code = run(
        [
            *("policy", "rollout", "v2", "-p", "v1", "--objects", "objects.yaml"),
            *("--exemptions", "exempt.yaml", "--format", "json"),
        ]
    )
    out = capsys.readouterr()
    assert code == 0, out.err
    assert changes(json.loads(out.out)["live"])["denied"] == 1


# what is wrong → what is told
REFUSED = {
    "nothing to compare": (["-p", "v1", "--no-live"], "give --trail"),
    "no policies in force": (["--objects", "objects.yaml"], "name them with -p"),
    "both a cluster and files": (
        ["-p", "v1", "--objects", "objects.yaml", "--context", "c"],
        "--objects stands for a cluster",
    ),
    "objects that are not wanted": (
        ["-p", "v1", "--objects", "x", "--no-live", "--trail", "trail"],
        "--no-live",
    ),
    "no such objects": (["-p", "v1", "--objects", "absent"], "absent"),
    "no moment": (["-p", "v1", "--no-live", "--trail", "trail", "--since", "then"], "--since takes a moment"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = REFUSED[case]
    assert run(["policy", "rollout", "v2", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_policies_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "rollout", "v3", "-p", "v1", "--objects", "objects.yaml"]) == 2
    assert "v3 does not exist" in capsys.readouterr().err


def test_tampering_with_the_trail_ends_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect("trail/trail.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'deny', 'warn') AS BLOB)")
    assert run(["policy", "rollout", "v2", "-p", "v1", "--no-live", "--trail", "trail"]) == 3


def test_text_tells_what_lives_and_then_the_records(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["policy", "rollout", "v2", "-p", "v1", "--objects", "objects.yaml", "--trail", "trail"])
    out = capsys.readouterr().out
    assert code == 0
    assert "v2 on objects.yaml:\n  2 of 4 objects newly denied\n  1 of 4 objects newly warned of\n" in out
    assert "v1 Pod team-b/next: K8sNo/rc: next has the image registry.example/app:rc" in out
    assert out.index("newly denied") < out.index("Fidelity of the policies")
    assert "2 of 4 Decisions newly denied" in out


def test_without_a_trail_its_libraries_are_not_imported() -> None:
    code = (
        "import sys; from lockgate.webhook.cli import run; "
        "code = run(['policy', 'rollout', 'v2', '-p', 'v1', '--objects', 'objects.yaml']); "
        "sys.exit(code or any(name in sys.modules for name in ('cryptography', 'sqlmodel', 'kubernetes')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
