"""Builds the real programs with Go into the cache, once a version: `python -m tests.e2e.build [NAME]...`.

They come from the Go module proxy and are built without cgo, one after another, the short ones first. What is there is
left alone. Without names, all that `make e2e` needs are built, and the packages of the system that tests need are looked for too.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.axe import fetch_axe
from tests.e2e.environments import add_environments
from tests.e2e.packages import add_packages
from tests.e2e.programs import place_of, programs_root, version_of
from tests.e2e.recipes import FURTHER, RECIPES, Recipe


def is_built(recipe: Recipe) -> bool:
    """Whether the version that is wanted is in the cache."""
    return os.access(place_of(recipe.name), os.X_OK)


def build(recipe: Recipe, go: str) -> None:
    """Builds a program into its folder in the cache; a build that fails ends the run."""
    name, version = recipe.name, version_of(recipe.name)
    print(f"building {name} {version} …", flush=True)
    place = place_of(name)
    # Nothing is half there when a build is broken off.
    scratch = programs_root() / f".building-{name}-{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOBIN": str(scratch)}
    environment.pop("GOFLAGS", None)
    command = [go, *recipe.arguments(version, scratch / name)]
    try:
        done = subprocess.run(command, cwd=recipe.folder or Path.cwd(), env=environment, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{name} {version} cannot be built (go exits with {done.returncode})")
        place.parent.mkdir(exist_ok=True)
        (scratch / name).replace(place)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main(names: Sequence[str]) -> int:
    """Builds what is missing; 2 without Go, or for a name that is none."""
    unknown = set(names) - {recipe.name for recipe in (*RECIPES, *FURTHER)}
    if unknown:
        print(f"no such program: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    go = shutil.which("go")
    wanted = [recipe for recipe in (*RECIPES, *FURTHER) if recipe.name in names] if names else RECIPES
    for recipe in wanted:
        if is_built(recipe):
            print(f"{recipe.name} {version_of(recipe.name)} is built")
        elif go is None:
            print("Go 1.26 or newer is needed to build the real programs: https://go.dev/dl", file=sys.stderr)
            return 2
        else:
            build(recipe, go)
    return 0 if names else add_packages() or add_environments() or fetch_axe()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
