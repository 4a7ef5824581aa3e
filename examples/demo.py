"""`python -m examples.demo`: the main jobs on a small repository: checked with mistakes and mended, then recorded, then a promotion, then a year of records.

Prints each command and what it said. Ends with 0 when the first check denied, the second found nothing, the record
verified, a record that somebody changed did not, and the golden path went to its end.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from examples.trail.__main__ import how_to_open, make
from examples.trail.plan import HOUR_MS

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE / "repository"
CHECK = ["check"]
ORIGIN = "example.com/lockgate/demo"
# Entries of the made-up year.
YEAR = 6_000
# One changed entry is noticed in many places; the first few are enough here.
SHOWN = 10
# What somebody does who has the database: the triggers in it stop nobody. A place is a log and, in 40 bits, an index.
TAMPERING = (
    "DROP TRIGGER leaf_update",
    "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'deny', 'allow') AS BLOB) WHERE place % 1099511627776 = 3",
)


def lockgate(place: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs `lockgate` in a folder as a user would."""
    print(f"$ lockgate {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "lockgate.webhook", *arguments]
    return subprocess.run(command, cwd=place, check=False, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command


def run(stage: str, arguments: list[str]) -> int:
    """Runs `lockgate` in one version of the repository, and returns its exit code."""
    place = REPOSITORY / stage
    print(f"$ cd {os.path.relpath(place)}", flush=True)
    done = lockgate(place, arguments)
    print(f"{done.stdout}exit code {done.returncode}\n", flush=True)
    return done.returncode


def verify(place: Path, trail: str) -> int:
    """Verifies a trail with the key that was kept elsewhere."""
    done = lockgate(place, ["audit", "verify", trail, "--log-key", "kept-elsewhere.vkey"])
    lines = done.stdout.splitlines()
    more = [f"  … {len(lines) - SHOWN} more lines"] if len(lines) > SHOWN else []
    print("\n".join([*lines[:SHOWN], *more]), flush=True)
    print(f"exit code {done.returncode}\n", flush=True)
    return done.returncode


def record(place: Path) -> list[int]:
    """The second act: a check whose Decisions are in a signed log, which is verified, and then tampered with."""
    done = lockgate(place, ["audit", "init", "trail", "--origin", ORIGIN])
    codes = [done.returncode]
    print(done.stdout, flush=True)
    print("$ cp trail/log.vkey kept-elsewhere.vkey\n", flush=True)
    shutil.copy(place / "trail" / "log.vkey", place / "kept-elsewhere.vkey")
    shutil.copytree(REPOSITORY / "before", place / "repository")
    done = lockgate(place, [*CHECK, "--trail", "trail", "--config", "repository/lockgate.yaml", "repository"])
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    print(f"…\n{last}\nexit code {done.returncode}\n", flush=True)
    codes += [done.returncode, verify(place, "trail")]

    print("Somebody with the database turns a deny into an allow:\n", flush=True)
    shutil.copytree(place / "trail", place / "tampered")
    connection = sqlite3.connect(place / "tampered" / "trail.db")
    for statement in TAMPERING:
        print(f"sqlite> {statement};", flush=True)
        connection.execute(statement)
    connection.commit()
    connection.close()
    print(flush=True)
    return [*codes, verify(place, "tampered")]


def golden_path(place: Path) -> int:
    """The third act: a model from a pull request to production, and back. Its exit code."""
    environment = {**os.environ, "LOCKGATE": f"{sys.executable} -m lockgate.webhook"}
    print("$ examples/golden-path/run.sh", flush=True)
    command = ["bash", str(HERE / "golden-path" / "run.sh"), str(place)]
    return subprocess.run(command, check=False, env=environment).returncode  # noqa: S603 - our own script


def made_up_year() -> str:
    """The last act: the trail of a made-up year in a folder that stays; how its pages are opened."""
    place = Path(tempfile.mkdtemp(prefix="lockgate-year-"))
    now_ms = time.time_ns() // 1_000_000
    told = make(place, YEAR, 1, now_ms - now_ms % HOUR_MS)
    print(f"$ python -m examples.trail {place}\n{told['size']} entries in {place / 'trail'}\n", flush=True)
    return how_to_open(place)


def main() -> int:
    """Everything; returns the exit code of the demo."""
    print("A repository of an ML platform, with mistakes:\n", flush=True)
    codes = [run("before", CHECK)]
    print("The same repository, mended:\n", flush=True)
    codes.append(run("after", CHECK))
    print("The first check again, and this time every Decision is recorded in a signed log:\n", flush=True)
    with tempfile.TemporaryDirectory() as place:
        codes += record(Path(place))
    print("A model moves from a pull request to production, drifts, and is rolled back:\n", flush=True)
    with tempfile.TemporaryDirectory() as place:
        codes.append(golden_path(Path(place)))
    expected = [1, 0, 0, 1, 0, 3, 0]
    if codes != expected:
        print(f"expected the exit codes {expected}, got {codes}", file=sys.stderr)
        return 1
    print("A year of such records, as an auditor finds them:\n", flush=True)
    opening = made_up_year()
    print("Next: read examples/repository, or run `lockgate check` in a repository of your own.", flush=True)
    print(f"\nThe auditor's pages of that year:\n\n{opening}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
