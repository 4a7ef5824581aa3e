"""The command in this process, in a folder, with a cache of compiled policies that these tests share."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.webhook.helpers import Ran

Here = Callable[..., Ran]


@pytest.fixture
def here(compiled: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """Runs `lockgate ARGUMENTS` in the folder `cwd`."""
    # To compile the claims library takes longer than all else.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)

    def run_here(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
        monkeypatch.chdir(cwd)
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = run([*arguments])
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return run_here
