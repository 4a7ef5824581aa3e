"""Where the real programs are that `make e2e` builds: $LOCKGATE_PROGRAMS, or the user's cache.

Each is in a folder of its version; the version of a program of ours is the hash of its sources.
"""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

VERSIONS: Mapping[str, str] = {
    "opa": "1.22.2",
    "gator": "3.23.1",
    "gatekeeper": "3.23.1",
    "conftest": "0.71.1",
    "fsck": "1.0.4",
    "hammer": "1.0.4",
    "posix": "1.0.4",
    "etcd": "3.6.13",
    "kube-apiserver": "1.34.4",
    "kube-apiserver-newest": "1.37.2",
    "kustomize": "5.8.1",
    "kpt": "1.0.0-beta.61",
    "argo": "4.0.5",
}
ORACLES = Path(__file__).parent / "oracles"
OURS = ("yaml", "trail-judge", "trail-witness", "trail-peer", "cel")


def programs_root() -> Path:
    """The folder that the programs are built into."""
    return Path(os.environ.get("LOCKGATE_PROGRAMS", Path.home() / ".cache" / "lockgate-programs"))


def version_of(name: str) -> str:
    """A program's version; of ours, twelve digits of a hash over the names and bytes of its sources."""
    if name not in OURS:
        return VERSIONS[name]
    sources = hashlib.sha256()
    for path in sorted((ORACLES / name).iterdir()):
        sources.update(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return sources.hexdigest()[:12]


def place_of(name: str) -> Path:
    """Where a program is once it is built."""
    return programs_root() / f"{name}-{version_of(name)}" / name


def program(name: str) -> Path:
    """The path of a real program; skips the test, saying so, when it is not built.

    With LOCKGATE_REQUIRE_PROGRAMS=1 a missing program fails the test instead.
    """
    path = place_of(name)
    if not os.access(path, os.X_OK):
        absent(f"{path} is absent: build the real programs with `make e2e`")
    return path


def absent(reason: str) -> NoReturn:
    """Skips the test for something that is not on this machine; fails it with LOCKGATE_REQUIRE_PROGRAMS=1."""
    if os.environ.get("LOCKGATE_REQUIRE_PROGRAMS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def run_program(name: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a real program in a folder and return what it said and its exit code; it is given two minutes."""
    command = [str(program(name)), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
