"""The workflows of the examples, by the checks of Argo Workflows itself (`argo lint --offline`)."""

from pathlib import Path

import pytest

from tests.e2e.programs import run_program
from tests.shared_folder import ROOT

pytestmark = pytest.mark.e2e
EXAMPLE = ROOT / "examples" / "argo-workflows"
FILES = (EXAMPLE / "lockgate-gate.yaml", EXAMPLE / "pipeline.yaml")


def test_argo_takes_the_example(tmp_path: Path) -> None:
    done = run_program("argo", *FILES, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no linting errors" in done.stdout


@pytest.mark.parametrize(
    ("what", "instead"),
    [
        ("template: gate}", "template: gates}"),
        ("tasks.gate.outputs.parameters.verdict", "tasks.gate.outputs.parameters.verdicts"),
        ("depends: gate.Succeeded", "depends: gates.Succeeded"),
    ],
)
def test_argo_refuses_what_the_template_does_not_have(tmp_path: Path, what: str, instead: str) -> None:
    text = FILES[1].read_text()
    assert what in text
    broken = tmp_path / "pipeline.yaml"
    broken.write_text(text.replace(what, instead))
    done = run_program("argo", FILES[0], broken, cwd=tmp_path)
    assert done.returncode == 1, done.stdout
