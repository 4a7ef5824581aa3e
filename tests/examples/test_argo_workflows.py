"""The gate in a pipeline of Argo Workflows: its script, run as it is written with its parameters in their places."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.shared_folder import ROOT

EXAMPLE = ROOT / "examples" / "argo-workflows"


@dataclass(frozen=True, slots=True)
class Step:
    """How a run of the step ended: its exit code, and the parameters that it gives out."""

    code: int
    outputs: dict[str, str]
    report: Path
    said: str


def template() -> Any:
    (gate,) = yaml.safe_load((EXAMPLE / "lockgate-gate.yaml").read_text())["spec"]["templates"]
    return gate


def fill(text: str, parameters: dict[str, str]) -> str:
    """The text with Argo's references to input parameters replaced; none of another kind is left."""
    filled = re.sub(r"\{\{inputs\.parameters\.([\w-]+)\}\}", lambda found: parameters[found[1]], text)
    assert "{{" not in text.replace("{{inputs.parameters.", "")
    return filled


def run_gate(folder: Path, compiled: str, **given: str) -> Step:
    """Runs the script as the pod would, with a folder in the place of /gate."""
    gate = template()
    named = {name.replace("_", "-"): value for name, value in given.items()}
    parameters = {
        one["name"]: named[one["name"]] if one["name"] in named else str(one["value"])
        for one in gate["inputs"]["parameters"]
    }
    script = gate["script"]
    # Text of a script that had a parameter in it could be changed by it.
    assert "{{" not in script["source"]
    source = script["source"].replace('"/gate"', repr(str(folder)))
    assert source != script["source"]
    environment = {one["name"]: fill(one["value"], parameters) for one in script["env"]}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable if script["command"] == ["python"] else "", "-c", source],
        env={"PATH": path, "HOME": str(folder), "XDG_CACHE_HOME": compiled, **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    outputs = {}
    for one in gate["outputs"]["parameters"]:
        file = folder / Path(one["valueFrom"]["path"]).relative_to("/gate")
        outputs[one["name"]] = file.read_text() if file.exists() else one["valueFrom"]["default"]
    report = folder / Path(gate["outputs"]["artifacts"][0]["path"]).relative_to("/gate")
    return Step(done.returncode, outputs, report, done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The volume of the step, with the artifact in its place."""
    (place,) = [one["path"] for one in template()["inputs"]["artifacts"]]
    shutil.copytree(EXAMPLE / "manifests", tmp_path / Path(place).relative_to("/gate"))
    return tmp_path


def spoil(folder: Path) -> None:
    file = folder / "manifests" / "serving.yaml"
    file.write_text(file.read_text().replace("  predictor:\n", "  predictor:\n    hostNetwork: true\n"))


def test_a_pipeline_goes_on_with_what_nothing_denies(folder: Path, compiled: str) -> None:
    step = run_gate(folder, compiled)
    assert (step.code, step.outputs) == (0, {"verdict": "pass", "denied": "0", "warned": "0"}), step.said
    assert json.loads(step.report.read_text())["summary"]["documents"] == 1


def test_a_denial_stops_it_and_says_so(folder: Path, compiled: str) -> None:
    spoil(folder)
    # Settings of what is judged do not count.
    (folder / "manifests" / "lockgate.yaml").write_text("exclude: ['serving.yaml']\n")
    step = run_gate(folder, compiled)
    assert (step.code, step.outputs["verdict"], step.outputs["denied"]) == (1, "deny", "1")
    (found,) = json.loads(step.report.read_text())["violations"]
    assert found["path"] == ["spec", "predictor", "hostNetwork"]


@pytest.mark.parametrize(
    ("given", "broken"),
    [
        ({"policies": "$(touch broken); --help"}, False),
        ({}, True),
    ],
)
def test_what_cannot_be_judged_stops_it(
    folder: Path, compiled: str, given: dict[str, str], broken: bool
) -> None:
    if broken:
        (folder / "manifests" / "more.yaml").write_text("kind: [\n")
    step = run_gate(folder, compiled, **given)
    assert (step.code, step.outputs["verdict"]) == (2, "error")
    assert not (folder / "broken").exists()


def test_the_release_depends_on_the_gate() -> None:
    tasks = yaml.safe_load((EXAMPLE / "pipeline.yaml").read_text())["spec"]["templates"][0]["dag"]["tasks"]
    gate, release = tasks
    assert gate["templateRef"] == {"name": "lockgate-gate", "template": template()["name"]}
    assert release["depends"] == "gate.Succeeded"
    given = {one["name"] for one in gate["arguments"]["parameters"]}
    assert given <= {one["name"] for one in template()["inputs"]["parameters"]}
