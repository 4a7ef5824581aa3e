"""Where the real programs are that `make e2e` builds: $LOCKGATE_PROGRAMS, or the user's cache."""

import os
import subprocess
from pathlib import Path

import pytest

PLACES = {
    "opa": "opa-1.22.2/opa",
    "gator": "gator-3.23.1/gator",
    "conftest": "conftest-0.71.1/conftest",
}


def programs_root() -> Path:
    """The folder that the programs are built into."""
    return Path(os.environ.get("LOCKGATE_PROGRAMS", Path.home() / ".cache" / "lockgate-programs"))


def program(name: str) -> Path:
    """The path of a real program; skips the test, saying so, when it is not built.

    With LOCKGATE_REQUIRE_PROGRAMS=1 a missing program fails the test instead.
    """
    path = programs_root() / PLACES[name]
    if not os.access(path, os.X_OK):
        reason = f"{path} is absent: build the real programs with `make e2e`"
        if os.environ.get("LOCKGATE_REQUIRE_PROGRAMS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def run_program(name: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a real program in a folder and return what it said and its exit code; it is given two minutes."""
    command = [str(program(name)), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
