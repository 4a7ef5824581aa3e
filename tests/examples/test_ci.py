"""The workflow, the template and the hooks for CI: their commands, run as they are written."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest
import yaml

from examples.demo import REPOSITORY
from tests.shared_folder import ROOT

CI = ROOT / "examples" / "ci"
INSTALL = "python -m pip install lockgate"


def read(path: Path) -> Any:
    # Every scalar as text: YAML 1.1 takes the key `on` for true.
    return yaml.load(path.read_text(), yaml.BaseLoader)


def github() -> list[str]:
    steps = read(CI / "github-workflow.yml")["jobs"]["check"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab() -> list[str]:
    return list(read(CI / "gitlab-ci.yml")["lockgate"]["script"])


def hooks() -> dict[str, Any]:
    return {hook["id"]: hook for hook in read(ROOT / ".pre-commit-hooks.yaml")}


def checks(commands: list[str]) -> list[str]:
    """All but the installation."""
    assert commands[0] == INSTALL
    return commands[1:]


def copied(tmp_path: Path, stage: str) -> Path:
    place = tmp_path / "repository"
    shutil.copytree(REPOSITORY / stage, place)
    return place


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch, compiled: str) -> None:
    """What was compiled once is there, for commands that may take it."""
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)


def shell(command: str, place: Path, *, ci: bool = False) -> int:
    """Runs a command with this environment's programs. ci: as on a CI server, where every command compiles anew."""
    environment = {
        **os.environ,
        "CI": "true" if ci else "",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=place,
        env=environment,
        capture_output=True,
        check=False,
    )
    return done.returncode


def nothing(place: Path) -> None:
    """Leaves the repository as it is."""


def unreadable(place: Path) -> None:
    (place / "serving" / "broken.yaml").write_text("kind: [")


def unrendered(place: Path) -> None:
    (place / "serving" / "template.yaml").write_text("kind: {{ .Values.kind }}\napiVersion: v1\n")


def unknown_labels(place: Path) -> None:
    """A constraint on labels of a namespace that nobody tells."""
    path = next((place / "policies").rglob("*.yaml"))
    first = path.read_text().split("\n---\n")[0]
    made = yaml.safe_load(first)
    made["metadata"]["name"] = "labelled"
    made["spec"]["match"] = {"namespaceSelector": {"matchLabels": {"tier": "gold"}}}
    (place / "policies" / "labelled.yaml").write_text(yaml.safe_dump(made))
    (place / "serving" / "more.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: nobody-knows}\nspec: {containers: []}\n"
    )


def no_objects(place: Path) -> None:
    for found in place.iterdir():
        if found.is_dir() and found.name != "policies":
            shutil.rmtree(found)
            found.mkdir()
            (found / "notes.yaml").write_text("a: b\n")


CASES: dict[str, tuple[str, Callable[[Path], None], int]] = {
    "mended": ("after", nothing, 0),
    "mistakes": ("before", nothing, 1),
    "unreadable beats mistakes": ("before", unreadable, 2),
    "unreadable": ("after", unreadable, 2),
    "unrendered": ("after", unrendered, 2),
    "not evaluated": ("after", unknown_labels, 2),
    "no objects": ("after", no_objects, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_that_was_judged_in_part_does_not_pass(tmp_path: Path, case: str) -> None:
    stage, change, expected = CASES[case]
    place = copied(tmp_path, stage)
    change(place)
    for command in [*checks(github()), *checks(gitlab())]:
        assert shell(command, place, ci=case == "mistakes") == expected, command
    assert json.loads((place / "lockgate.sarif").read_text())["version"] == "2.1.0"
    root = parse(place / "lockgate.xml").getroot()
    # Without an object there is no case; the exit code says it.
    failed = int(root.get("failures", "")) + int(root.get("errors", "")) > 0
    assert failed == (expected > 0 and case != "no objects")


@pytest.mark.parametrize(("stage", "expected"), [("after", 0), ("before", 1)])
def test_the_hook_judges_what_the_configuration_names(tmp_path: Path, stage: str, expected: int) -> None:
    hook = hooks()["lockgate-check"]
    assert hook["pass_filenames"] == "false"
    assert shell(hook["entry"], copied(tmp_path, stage)) == expected


@pytest.mark.parametrize(("file", "expected"), [("serving/fraud.yaml", 1), ("serving/kustomization.yaml", 0)])
def test_the_hook_judges_changed_files(tmp_path: Path, file: str, expected: int) -> None:
    hook = hooks()["lockgate-check-changed"]
    command = f"{hook['entry']} {shlex.quote(file)}"
    assert shell(command, copied(tmp_path, "before")) == expected


def test_the_files_are_what_ci_servers_read() -> None:
    workflow = read(CI / "github-workflow.yml")
    assert set(workflow) == {"name", "on", "permissions", "jobs"}
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["check"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    job = read(CI / "gitlab-ci.yml")["lockgate"]
    assert job["artifacts"] == {"when": "always", "reports": {"junit": "lockgate.xml"}}
    assert job["allow_failure"] == "false"
    for hook in hooks().values():
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["language"] == "python"
