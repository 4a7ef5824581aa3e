"""Outside vectors that come with Go modules: which modules, and where they are in the module cache.

`python -m tests.vectors` downloads them. Nothing of them is part of the project.
"""

import json
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

MODULES = {
    "merkle": "github.com/transparency-dev/merkle@v0.0.3-0.20260707140218-77df88e508fa",
    "tessera": "github.com/transparency-dev/tessera@v1.0.4",
}


class VectorsAbsentError(Exception):
    """The modules cannot be had; the text says why."""


@cache
def module_folders() -> dict[str, Path]:
    """The folder of each module in the module cache, downloaded when it is not there."""
    go = shutil.which("go")
    if go is None:
        raise VectorsAbsentError("Go is not installed, and these vectors come with Go modules")
    with tempfile.TemporaryDirectory() as place:
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GO111MODULE": "on"}
        done = subprocess.run(
            [go, "mod", "download", "-json", *MODULES.values()],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    found: dict[str, Path] = {}
    decoder = json.JSONDecoder()
    rest = done.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        rest = rest[end:].strip()
        for name, module in MODULES.items():
            if "Dir" in answer and module == f"{answer['Path']}@{answer['Version']}":
                found[name] = Path(answer["Dir"])
    if len(found) != len(MODULES):
        raise VectorsAbsentError(f"go mod download failed: {done.stderr.strip() or done.stdout.strip()}")
    return found


def vector_folder(module: str, *parts: str) -> Path:
    """A folder of a module; skips the test, saying so, when it cannot be had.

    With LOCKGATE_REQUIRE_VECTORS=1 its absence fails the test instead.
    """
    try:
        return module_folders()[module].joinpath(*parts)
    except VectorsAbsentError as error:
        if os.environ.get("LOCKGATE_REQUIRE_VECTORS") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
