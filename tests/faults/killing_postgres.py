"""Stops a PostgreSQL server as a crash does, under load, and looks at what it kept."""

import random
import time
from pathlib import Path

from tests.audit.trails import make_trail
from tests.e2e.postgres import Postgres
from tests.faults.checking import check_after, receipts_of
from tests.faults.killing import reopened, start_writer, stop_writer


def immediate_runs(server: Postgres, folder: Path, runs: int, seed: int) -> tuple[int, int]:
    """Stops the server `runs` times under a writer; returns entries and receipts at the end.

    Raises AssertionError for anything acknowledged that is lost, changed or doubled.
    """
    make_trail(server.url).close()
    chance = random.Random(seed)
    size = 0
    for run in range(runs):
        writer = start_writer(server.url, folder, seed + run)
        time.sleep(chance.random() ** 2 * 0.6)
        server.stop_immediate()
        # Its callers are told that nothing is recorded; it does not matter what it says of that.
        stop_writer(writer)
        server.start()
        trail = reopened(server.url)
        try:
            size = check_after(trail, receipts_of(folder))
            trail.appender.append(trail.decide(run, request=f"after {run}"))
        finally:
            trail.close()
    return size, len(receipts_of(folder))
