"""Builds the real programs with Go into the cache, once a version: `python -m tests.e2e.build`.

They come from the Go module proxy and are built without cgo. What is there is left alone.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from tests.e2e.programs import PLACES, programs_root


@dataclass(frozen=True, slots=True)
class Package:
    """A Go package to install; `name` is the program's in PLACES, whose folder ends with the version."""

    name: str
    path: str

    @property
    def version(self) -> str:
        """The version that PLACES names."""
        return PLACES[self.name].split("/")[0].rpartition("-")[2]


PACKAGES = (
    Package("opa", "github.com/open-policy-agent/opa"),
    Package("gator", "github.com/open-policy-agent/gatekeeper/v3/cmd/gator"),
    Package("conftest", "github.com/open-policy-agent/conftest"),
)


def build(package: Package, go: str) -> None:
    """Installs a package into its folder in the cache; a build that fails ends the run."""
    place = programs_root() / PLACES[package.name]
    if os.access(place, os.X_OK):
        print(f"{package.name} {package.version} is built")
        return
    print(f"building {package.name} {package.version} …", flush=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOBIN": str(place.parent)}
    command = [go, "install", "-ldflags", "-s -w", f"{package.path}@v{package.version}"]
    done = subprocess.run(command, env=environment, check=False)
    if done.returncode != 0:
        raise SystemExit(
            f"{package.name} {package.version} cannot be built (go exits with {done.returncode})"
        )


def main() -> int:
    """Builds what is missing; 2 without Go."""
    go = shutil.which("go")
    if go is None and not all(os.access(programs_root() / place, os.X_OK) for place in PLACES.values()):
        print("Go 1.26 or newer is needed to build the real programs: https://go.dev/dl", file=sys.stderr)
        return 2
    for package in PACKAGES:
        build(package, go or "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
