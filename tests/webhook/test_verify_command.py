"""`lockgate verify`: what the command adds to the suites' runner."""

import re
from pathlib import Path

import pytest
from lockgate.webhook.cli import run
from lockgate.webhook.jobs import can_fork
from lockgate.webhook.verify_command import SUITES_EACH

from tests.gatekeeper.suite_cases import write_suite


def test_the_command_keeps_compiled_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "suite").mkdir()
    path = write_suite(tmp_path / "suite")
    for option, kept in (("--no-cache", False), ("--cache", True)):
        assert run(["verify", option, str(path)]) == 1
        assert (tmp_path / "cache").exists() is kept


@pytest.mark.skipif(not can_fork(), reason="this system cannot copy a process: there is one job")
def test_processes_tell_what_one_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(2 * SUITES_EACH):
        (tmp_path / f"{number:02}").mkdir()
        write_suite(tmp_path / f"{number:02}")
    told: set[str] = set()
    for jobs in ("1", "2", "auto"):
        assert run(["verify", "--no-cache", "-j", jobs, f"{tmp_path}/..."]) == 1
        told.add(re.sub(r"\d+\.\d+s", "", capsys.readouterr().out))
    assert len(told) == 1
    assert run(["verify", "-j", "many", str(tmp_path)]) == 2
    assert "neither auto nor a number" in capsys.readouterr().err
