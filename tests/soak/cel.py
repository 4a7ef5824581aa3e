"""Random CEL expressions beside Kubernetes' own CEL, for a time."""

import time

from tests.e2e.cel_differential import Differences, compare

BATCH = 2_000


def run_cel(seed: int, end: float, most_shown: int) -> int:
    """Compares until the time is over; 1 when something differs."""
    run = Differences()
    first = seed
    while time.monotonic() < end:
        compare(range(seed, seed + BATCH), run)
        seed += BATCH
    print(f"{seed - first} seeds: {dict(run.counts)}")
    for difference in sorted(run.found, key=len)[:most_shown]:
        print(f"-----\n{difference}")
    return 1 if run.found else 0
