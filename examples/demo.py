"""`python -m examples.demo`: the main job on a small repository, first with mistakes, then mended.

Prints each command and what it said, and ends with 0 when the first check denied and the second found nothing.
"""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent / "repository"
CHECK = ["check"]


def run(stage: str, arguments: list[str]) -> int:
    """Runs `lockgate` in one version of the repository as a user would, and returns its exit code."""
    place = REPOSITORY / stage
    print(f"$ cd {os.path.relpath(place)}", flush=True)
    print(f"$ lockgate {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "lockgate.webhook", *arguments]
    done = subprocess.run(command, cwd=place, check=False)  # noqa: S603 - our own command
    print(f"exit code {done.returncode}\n", flush=True)
    return done.returncode


def main() -> int:
    """Both checks; returns the exit code of the demo."""
    print("A repository of an ML platform, with mistakes:\n", flush=True)
    before = run("before", CHECK)
    print("The same repository, mended:\n", flush=True)
    after = run("after", CHECK)
    if (before, after) != (1, 0):
        print(f"expected the exit codes 1 and 0, got {before} and {after}", file=sys.stderr)
        return 1
    print("Next: read examples/repository, or run `lockgate check` in a repository of your own.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
