"""The full count of crashes of the trail: an AssertionError says what was lost, and ends the run."""

import tempfile
import time
from pathlib import Path

from tests.e2e.postgres import running_postgres
from tests.faults.killing import kill_runs, loss_runs
from tests.faults.killing_postgres import immediate_runs

KILLS = 200
LOSSES = 1000
STOPS = 100
# Writers that are traced; each gives its share of the losses.
TRACES = 5


def run_crashes(seed: int) -> int:
    """Every kind of crash; prints a line for each and returns 0."""
    started = time.monotonic()

    def tell(what: str, told: str) -> None:
        print(f"{what}: {told}; {time.monotonic() - started:.0f} s so far", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        size, receipts = kill_runs(Path(folder), KILLS, seed)
    tell(f"{KILLS} writers killed", f"{size} entries, {receipts} acknowledged, none lost or doubled")
    events = acknowledged = 0
    for one in range(TRACES):
        with tempfile.TemporaryDirectory() as folder:
            found = loss_runs(Path(folder), LOSSES // TRACES, seed + one)
        events, acknowledged = events + found[0], acknowledged + found[1]
    tell(
        f"{LOSSES} losses of unsynced writes",
        f"over {events} writes and syncs, {acknowledged} acknowledged, none lost or doubled",
    )
    with running_postgres() as server, tempfile.TemporaryDirectory() as folder:
        size, receipts = immediate_runs(server, Path(folder), STOPS, seed)
    tell(f"{STOPS} servers stopped", f"{size} entries, {receipts} acknowledged, none lost or doubled")
    return 0
