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
# Logs that the crashes are shared out to: each crash is followed by a look at the whole of its log.
LOGS = 20
TRACES = 5


def run_crashes(seed: int) -> int:
    """Every kind of crash; prints a line for each and returns 0."""
    started = time.monotonic()

    def tell(what: str, told: str) -> None:
        print(f"{what}: {told}; {time.monotonic() - started:.0f} s so far", flush=True)

    size = receipts = 0
    for one in range(LOGS):
        with tempfile.TemporaryDirectory() as folder:
            found = kill_runs(Path(folder), KILLS // LOGS, seed + one * KILLS)
        size, receipts = size + found[0], receipts + found[1]
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
    size = receipts = 0
    for one in range(LOGS):
        with running_postgres() as server, tempfile.TemporaryDirectory() as folder:
            found = immediate_runs(server, Path(folder), STOPS // LOGS, seed + one * STOPS)
        size, receipts = size + found[0], receipts + found[1]
    tell(f"{STOPS} servers stopped", f"{size} entries, {receipts} acknowledged, none lost or doubled")
    return 0
