"""Random CEL expressions beside Kubernetes' own CEL, and random policies fused beside one by one, for a time."""

import time

from tests.e2e.cel_differential import Differences, compare
from tests.engine.cel.random_policies import Answer, answers

BATCH = 2_000
# Policies for each batch of expressions.
POLICIES = 500


def run_cel(seed: int, end: float, most_shown: int) -> int:
    """Compares until the time is over; 1 when something differs."""
    run = Differences()
    wrong: list[Answer] = []
    first = seed
    while time.monotonic() < end:
        compare(range(seed, seed + BATCH), run)
        for one in range(seed, seed + POLICIES):
            wrong += [answer for answer in answers(one) if not answer.agrees]
        seed += BATCH
    print(f"{seed - first} seeds: {dict(run.counts)}")
    print(f"{(seed - first) // BATCH * POLICIES} policies: {len(wrong)} answers differ")
    for answer in wrong[:most_shown]:
        print(f"-----\n{answer}")
    for difference in sorted(run.found, key=len)[:most_shown]:
        print(f"-----\n{difference}")
    return 1 if run.found or wrong else 0
