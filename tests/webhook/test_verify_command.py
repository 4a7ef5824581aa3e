"""`lockgate verify`: what the command adds to the suites' runner."""

from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.gatekeeper.suite_cases import write_suite


def test_the_command_keeps_compiled_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "suite").mkdir()
    path = write_suite(tmp_path / "suite")
    for option, kept in (("--no-cache", False), ("--cache", True)):
        assert run(["verify", option, str(path)]) == 1
        assert (tmp_path / "cache").exists() is kept
