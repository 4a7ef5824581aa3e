"""The demo and the repository it checks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.demo import CHECK, REPOSITORY
from tests.e2e.programs import run_program
from tests.policies.shipped import INTERNAL
from tests.shared_folder import ROOT

BEFORE = REPOSITORY / "before"
AFTER = REPOSITORY / "after"

# File and line of each mistake, as examples/README.md tells them.
MISTAKES = [
    ("platform/device-claims.yaml", "deviceClassName: any-gpu.example.com"),
    ("serving/feature-store.yaml", "image: busybox:1.37"),
    ("serving/feature-store.yaml", "image: registry.example.com/ml-scratch/feature-store@sha256:"),
    ("serving/fraud.yaml", "image: registry.example.com/ml/fraud-server:latest"),
    ("serving/fraud.yaml", "deviceclass.resource.kubernetes.io/any-gpu.example.com: 1"),
    ("training/claim-template.yaml", "deviceClassName: gpu-debug.example.com"),
    ("training/embed.yaml", "image: rayproject/ray:2.52.0-gpu"),
]


def _check(place: Path, *arguments: str) -> tuple[int, Any]:
    command = [sys.executable, "-m", "lockgate.webhook", *CHECK, "--format", "json", *arguments]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


# It takes a minute, most of it the golden path's: with the runs against real programs.
@pytest.mark.e2e
def test_the_demo_shows_mistakes_and_then_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.demo"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    before, _, rest = done.stdout.partition("The same repository, mended:")
    after, _, recorded = rest.partition("recorded in a signed log:")
    assert "exit code 1" in before and "exit code 0" in after
    for file, text in MISTAKES:
        assert file in before and text in before, text
        assert text not in after
    assert "recorded in example.com/lockgate/demo: entries 1 to" in recorded
    honest, _, tampered = recorded.partition("Somebody with the database")
    assert "example.com/lockgate/demo: verified" in honest and "self-attested" in honest
    assert "TAMPERING FOUND" in tampered and "entry-changed at entry 3" in tampered
    assert "exit code 3" in tampered
    *_, how, then = done.stdout.splitlines()
    (year,) = tmp_path.glob("lockgate-year-*")
    assert f"audit serve --trail {year / 'trail'} --auditors {year / 'auditors.toml'}" in how
    assert then.startswith("then open http://127.0.0.1:8088/ and sign in with the token ")
    assert "Traceback" not in done.stderr


def test_each_mistake_is_found_at_its_line() -> None:
    code, report = _check(BEFORE)
    assert code == 1
    assert report["errors"] == []
    found = []
    for violation in report["violations"]:
        line = (BEFORE / violation["file"]).read_text("utf-8").splitlines()[violation["line"] - 1].strip()
        found.append((violation["file"], line))
        assert violation["exact"] and violation["fix"] and violation["rule"]
    assert len(found) == len(MISTAKES)
    for (file, line), (expected_file, text) in zip(found, MISTAKES, strict=True):
        assert file == expected_file
        assert text in line


def test_the_mended_version_is_clean() -> None:
    code, report = _check(AFTER)
    assert code == 0
    assert report["violations"] == [] and report["errors"] == [] and report["notEvaluated"] == []
    assert [entry["file"] for entry in report["skipped"]] == ["serving/kustomization.yaml"]


def _names(place: Path) -> list[tuple[str, str, str]]:
    return [
        (str(path.relative_to(place)), value.get("kind", ""), value.get("metadata", {}).get("name", ""))
        for path in sorted(place.rglob("*.yaml"))
        for value in yaml.safe_load_all(path.read_text("utf-8"))
    ]


def test_both_versions_hold_the_same_objects() -> None:
    assert _names(BEFORE) == _names(AFTER)


@pytest.mark.e2e
def test_gator_finds_the_same_mistakes() -> None:
    folders = [
        argument
        for name in ("policies", "platform", "serving", "training")
        for argument in ("-f", BEFORE / name)
    ]
    templates = [argument for rule in INTERNAL for argument in ("-f", rule.template)]
    done = run_program("gator", "test", "-o", "json", *templates, *folders, cwd=ROOT)
    theirs = sorted(result["msg"] for result in json.loads(done.stdout))
    _, report = _check(BEFORE)
    assert theirs == sorted(violation["message"] for violation in report["violations"])
