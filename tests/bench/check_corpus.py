"""`lockgate check` on the whole shared corpus with the profile `regulated`, from process start to exit: `python -m tests.bench check_corpus`.

On one core, in one process; cold is without the cache of compiled policies, warm with it.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.commands import LOCKGATE, peak, run_once
from tests.policies.shipped import POLICIES
from tests.shared_folder import shared_path

RUNS: Final = 3
# The bars: seconds, and MB of memory at the peak.
MOST_SECONDS: Final = 30.0
MOST_MEMORY: Final = 400.0
_PINNED: Final = (
    sys.executable,
    "-c",
    "import os, sys; os.sched_setaffinity(0, {0}); os.execv(sys.argv[1], sys.argv[1:])",
)


def command_of(profile: str, cached: str) -> list[str | Path]:
    """The check of the corpus with a profile, on one core. cached: `--cache` or `--no-cache`."""
    policies = POLICIES.root / "profiles" / f"{profile}.yaml"
    options = ["--jobs", "1", "--format", "json", "--no-progress", cached]
    return [*_PINNED, *LOCKGATE, "check", "-p", policies, *options, shared_path("corpus")]


def measure(command: Sequence[str | Path], environment: dict[str, str], runs: int) -> tuple[float, float]:
    """The median of the seconds that a command takes, and its peak of memory in MB. Files that cannot be read are in the corpus."""
    taken = [run_once(command, environment, (0, 1, 2)).wall for _ in range(runs)]
    return median(taken), peak(command, environment)


def print_section() -> None:
    """The table."""
    print(
        f"Check of the whole corpus, one core, median of {RUNS} (bars: {MOST_SECONDS:.0f} s, {MOST_MEMORY:.0f} MB)"
    )
    print(f"{'':20} {'seconds':>8} {'peak MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        environment["XDG_CACHE_HOME"] = folder
        for profile in ("baseline", "regulated"):
            seconds, memory = measure(command_of(profile, "--no-cache"), environment, 1)
            print(f"{profile + ', cold':20} {seconds:8.1f} {memory:8.0f}")
            # The first run fills the cache.
            run_once(command_of(profile, "--cache"), environment, (0, 1, 2))
            seconds, memory = measure(command_of(profile, "--cache"), environment, RUNS)
            print(f"{profile + ', warm':20} {seconds:8.1f} {memory:8.0f}")
    print()
