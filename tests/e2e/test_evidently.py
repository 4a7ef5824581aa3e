"""The example of Evidently with the real library: its report, in both forms, is evidence, and drift flips the decision."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from tests.e2e.environments import environment
from tests.engine.facts.writers import safetensors, tensor
from tests.shared_folder import ROOT
from tests.webhook.promoting.office import Office

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "evidently"
REFERENCE = "s3://models/fraud/7"
SECONDS = 120


def write_data(place: Path, seed: int, shift: float) -> None:
    """Two columns of 400 rows, the first shifted."""
    made = random.Random(seed)
    rows = [f"{made.gauss(100 + shift, 20)},{made.gauss(40, 9)}" for _ in range(400)]
    place.write_text("amount,age\n" + "\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """still.json, drifted.json, legacy-still.json and legacy-drifted.json."""
    python = environment("evidently-0.7.23")
    folder = tmp_path_factory.mktemp("evidently")
    write_data(folder / "reference.csv", 1, 0)
    write_data(folder / "still.csv", 2, 0)
    write_data(folder / "drifted.csv", 3, 60)
    for option, prefix in (((), ""), (("--legacy",), "legacy-")):
        pairs = [name for one in ("still", "drifted") for name in (f"{one}.csv", f"{prefix}{one}.json")]
        done = subprocess.run(
            [python, EXAMPLE / "report.py", *option, "reference.csv", *pairs],
            cwd=folder,
            env={**os.environ, "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "model").mkdir()
    made.make_key("keys/monitoring")
    for name in ("constraint.yaml", "facts-trust.toml", "service.yaml"):
        copy(EXAMPLE / name, tmp_path / name)
    (tmp_path / "model" / "model.safetensors").write_bytes(safetensors({"weight": tensor(0, 4)}, bytes(4)))
    ran = made.run("audit", "init", "trail", "--origin", "example.com/drift", "--administrator", "us")
    assert ran.code == 0, ran.err
    copy(tmp_path / "trail" / "log.vkey", tmp_path / "log.vkey")
    return made


def judge(office: Office, report: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(EXAMPLE / "judge.sh"), str(report), "model", REFERENCE, "service.yaml"],
        cwd=office.folder,
        env={**os.environ, "LOCKGATE": f"{sys.executable} -m lockgate.webhook"},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("form", ["", "legacy-"], ids=["new", "legacy"])
def test_drift_flips_the_decision(office: Office, reports: Path, form: str) -> None:
    before = office.run("check", "service.yaml", "-p", "constraint.yaml", "--fail-on", "not-evaluated")
    assert (before.code, "1 not evaluated" in before.out) == (2, True)
    still = judge(office, reports / f"{form}still.json")
    assert still.returncode == 0, still.stdout + still.stderr
    drifted = judge(office, reports / f"{form}drifted.json")
    assert drifted.returncode == 1, drifted.stdout + drifted.stderr
    assert "out of bounds by drift share" in drifted.stdout
    assert "it has 0.5" in drifted.stdout


@pytest.mark.parametrize("form", ["", "legacy-"], ids=["new", "legacy"])
def test_a_report_that_was_edited_is_refused(office: Office, reports: Path, form: str) -> None:
    text = (reports / f"{form}drifted.json").read_text()
    edited = office.folder / "edited.json"
    value = json.loads(text)
    for metric in value["metrics"]:
        if form and "share_of_drifted_columns" in metric["result"]:
            metric["result"] |= {"share_of_drifted_columns": 0.0, "number_of_drifted_columns": 0}
        elif not form and "DriftedColumnsCount" in metric["metric_name"]:
            metric["value"] = {"share": 0.0, "count": 0}
    edited.write_text(json.dumps(value))
    done = judge(office, edited)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "tells 0 drifted columns, and its own scores make 1" in done.stderr
