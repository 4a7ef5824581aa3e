"""Outside vectors that come with Go modules: which modules, and where they are in the module cache.

`python -m tests.vectors` downloads them. Nothing of them is part of the project.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from tests.required import absent

MODULES: Final[Mapping[str, str]] = {
    "merkle": "github.com/transparency-dev/merkle@v0.0.3-0.20260707140218-77df88e508fa",
    "tessera": "github.com/transparency-dev/tessera@v1.0.4",
    # The examples of RFC 8785, by its author.
    "canonical": "github.com/cyberphone/json-canonicalization@v0.0.0-20241213102144-19d51d7fe467",
    # What C2SP's CCTV keeps as ed25519: the edge cases that Go's own crypto/ed25519 is tested with.
    "ed25519": "filippo.io/mostly-harmless/ed25519vectors@v0.0.0-20210322192420-30a2d7243a94",
    # Project Wycheproof: attacks on signatures, those of JSON Web Tokens among them.
    "wycheproof": "github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a",
}
# A module is a few megabytes, Wycheproof 25.
TIMEOUT_S: Final = 300


class VectorsAbsentError(Exception):
    """A module cannot be had; the text says which, and why."""


def _present(go: str) -> dict[str, Path | str]:
    """The modules that lie unpacked in the cache, where Go puts them once their sums are right: no network is asked."""
    asked = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, timeout=60, check=False)
    root = Path(asked.stdout.strip() or "/nonexistent")
    return {name: root / module for name, module in MODULES.items() if (root / module).is_dir()}


@cache
def download() -> Mapping[str, Path | str]:
    """The folder of each module in the module cache, downloaded when it is not there; else a text that says why not."""
    go = shutil.which("go")
    if go is None:
        return dict.fromkeys(MODULES, "Go is not installed, and these vectors come as Go modules")
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GO111MODULE": "on"}
    present = _present(go)
    if len(present) == len(MODULES):
        return present
    with tempfile.TemporaryDirectory() as place:
        try:
            done = subprocess.run(
                [go, "mod", "download", "-json", *MODULES.values()],
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return dict.fromkeys(MODULES, f"go mod download took longer than {TIMEOUT_S} seconds")
    found: dict[str, Path | str] = {}
    names = {module: name for name, module in MODULES.items()}
    decoder = json.JSONDecoder()
    rest = done.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        rest = rest[end:].strip()
        name = names.get(f"{answer['Path']}@{answer['Version']}")
        if name is not None:
            found[name] = (
                Path(answer["Dir"]) if "Dir" in answer else str(answer.get("Error", "no reason given"))
            )
    why = done.stderr.strip() or "go mod download said nothing of it"
    return {name: found.get(name, why) for name in MODULES}


def module_folder(module: str) -> Path:
    """The folder of a module in the module cache. Raises VectorsAbsentError."""
    found = download()[module]
    if isinstance(found, str):
        raise VectorsAbsentError(f"the vectors of {MODULES[module]} are absent: {found}")
    return found


def vector_path(module: str, *parts: str) -> Path:
    """A path in a module; skips the test, saying so, when it cannot be had.

    Where LOCKGATE_REQUIRE_VECTORS asks for `go`, its absence fails the test instead.
    """
    try:
        return module_folder(module).joinpath(*parts)
    except VectorsAbsentError as error:
        absent("go", str(error))
