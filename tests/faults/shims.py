"""Shims that are preloaded into a server (ld.so(8), LD_PRELOAD), compiled for a test."""

import subprocess
from pathlib import Path

import pytest

from tests.faults.trace import compiler

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler: the shim cannot be built")


def build(folder: Path, name: str) -> Path:
    """The shim of a name, compiled into a folder."""
    made = folder / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    command = [compiler() or "cc", "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return made
