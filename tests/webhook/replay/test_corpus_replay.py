"""Real manifests: what the shipped rules say of them comes out of their records again, or it is said why not."""

import shutil
from pathlib import Path

import lockgate.webhook
import pytest

from tests.shared_folder import shared_path
from tests.webhook.helpers import run_here
from tests.webhook.replay.trails import made_trail, replayed

SHIPPED = Path(lockgate.webhook.__file__).parent.parent / "policies"
# One in so many files, spread over all folders.
EACH = 6


def test_the_shipped_rules_are_reproduced(
    tmp_path: Path, compiled: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(shared_path("corpus", "dra").rglob("*.yaml"))[::EACH]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    made_trail()
    # Policies among the samples are objects that rules judge, and would be in force.
    policies = shutil.copytree(
        SHIPPED, tmp_path / "policies", ignore=shutil.ignore_patterns("allowed*", "denied*")
    )
    checked = ("check", "-p", str(policies), "--trail", "trail", "--allow-unrendered", "--format", "json")
    ran = run_here(*checked, *map(str, files), cwd=tmp_path)
    assert ran.code in (0, 1, 2), ran.err
    made = replayed(capsys, "-p", str(policies))
    fidelity = made["fidelity"]
    assert fidelity["judged"] == made["replayed"] > 30
    assert fidelity["same"] >= 0.99 * fidelity["judged"]
    assert {one["reason"] for one in fidelity["misses"]} <= {"masked"}
