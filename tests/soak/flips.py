"""The full count of flipped bits in exports: an AssertionError says what went unnoticed, and ends the run."""

import tempfile
import time
from pathlib import Path

from tests.adversaries.flipping import run_flips

FLIPS = 10_000
ROUND = 1000


def run_all_flips(seed: int) -> int:
    """Rounds of exports made anew; prints a line for each and returns 0."""
    started = time.monotonic()
    done = 0
    while done < FLIPS:
        with tempfile.TemporaryDirectory() as folder:
            counts = run_flips(Path(folder), ROUND, seed + done)
        done += ROUND
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        print(f"{done} bits flipped: none unnoticed ({told}); {time.monotonic() - started:.0f} s", flush=True)
    return 0
