"""The pipeline with a gate, compiled by the real kfp and run by its local runner."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.environments import environment
from tests.shared_folder import ROOT

pytestmark = pytest.mark.e2e
EXAMPLE = ROOT / "examples" / "kubeflow-pipelines"
DIGEST = "8f4e3b6a1d2c5f7098e1a4b3c6d5f8a7b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4"
RUN = """\
import json, sys
from kfp import local
import pipeline
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="runs", raise_on_error=True)
print("OUTPUT", pipeline.fraud_release(**json.loads(sys.argv[1])).output)
"""
GATE = """\
import json, sys
from kfp import dsl, local
import pipeline
local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="runs", raise_on_error=True)
given = json.loads(sys.argv[1])
@dsl.pipeline
def only_the_gate():
    made = pipeline.render(model="registry.example.com/a@sha256:" + "a" * 64, privileged=False)
    pipeline.lockgate_gate(manifests=made.outputs["manifests"], **given)
only_the_gate()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLE / "pipeline.py", tmp_path)
    return tmp_path


def run(folder: Path, compiled: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs kfp's Python in the folder, with `lockgate` on the path as in the gate's image."""
    python = environment("kfp-2.17.3")
    path = os.pathsep.join([str(python.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [str(python), *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(folder), "XDG_CACHE_HOME": compiled},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_kfp_compiles_it_to_what_lies_beside_it(folder: Path, compiled: str) -> None:
    done = run(folder, compiled, "pipeline.py")
    assert done.returncode == 0, done.stderr
    assert (folder / "pipeline.yaml").read_text() == (EXAMPLE / "pipeline.yaml").read_text()


def test_what_nothing_denies_is_released(folder: Path, compiled: str) -> None:
    given = json.dumps({"model": f"registry.example.com/sklearn@sha256:{DIGEST}"})
    done = run(folder, compiled, "-c", RUN, given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OUTPUT released manifests: pass" in done.stdout
    (report,) = (folder / "runs").glob("*/lockgate-gate/report")
    assert json.loads(report.read_text())["summary"]["documents"] == 1


def test_a_denial_stops_the_run_before_the_release(folder: Path, compiled: str) -> None:
    given = json.dumps({"model": f"registry.example.com/sklearn@sha256:{DIGEST}", "privileged": True})
    done = run(folder, compiled, "-c", RUN, given)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "policies deny it" in said
    assert "privileged" in said
    assert "OUTPUT" not in done.stdout
    (report,) = (folder / "runs").glob("*/lockgate-gate/report")
    assert json.loads(report.read_text())["summary"]["denied"] >= 1
    assert [*(folder / "runs").glob("*/render")] != []
    assert [*(folder / "runs").glob("*/release")] == []


@pytest.mark.parametrize(
    "given", [{"policies": "/nowhere"}, {"fail_on": "always"}, {"fail_on": "not-evaluated"}]
)
def test_what_cannot_be_judged_stops_it_too(folder: Path, compiled: str, given: dict[str, str]) -> None:
    done = run(folder, compiled, "-c", GATE, json.dumps(given))
    assert done.returncode != 0
    assert "it could not be judged" in done.stdout + done.stderr
