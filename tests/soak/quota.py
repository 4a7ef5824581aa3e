"""The full count of rounds of the race for a limit: an AssertionError says what was passed or lost, and ends the run."""

import tempfile
import time
from pathlib import Path

from tests.e2e.postgres import running_postgres
from tests.faults.quota_race import LIMIT, PROCESSES, REQUESTS, THREADS, race

ROUNDS = 200
# So that a run that is ended early has said how far it came.
TOLD = 20


def run_quota(seed: int) -> int:
    """The race on both databases; prints a line for each 20 rounds and returns 0."""
    print(
        f"{REQUESTS} requests a round by {PROCESSES} processes, one of them killed; a limit of {LIMIT}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        _tell("SQLite", f"sqlite:///{Path(folder) / 'ledger.db'}", seed)
    with running_postgres(connections=PROCESSES * THREADS + 20) as server:
        _tell("PostgreSQL", server.url, seed)
    return 0


def _tell(name: str, url: str, seed: int) -> None:
    started = time.monotonic()
    with race(url, seed) as made:
        for number in range(ROUNDS):
            made.run(number)
            if (number + 1) % TOLD == 0 or number + 1 == ROUNDS:
                shown = ", ".join([f"{what} {counted:,}" for what, counted in sorted(made.counts.items())])
                print(
                    f"{name}: {number + 1} rounds, never more than {LIMIT}, nothing lost: {shown}; "
                    f"{time.monotonic() - started:.0f} s",
                    flush=True,
                )
