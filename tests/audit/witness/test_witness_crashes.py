"""A witness that is killed under load has cosigned one history, and never less than it had told."""

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness.errors import ForkError, StaleError, UnreachableError

from tests.audit.growing_log import GrowingLog

TRUNK = GrowingLog().grow(400)
HISTORIES = (TRUNK, *[TRUNK.fork(at).grow(400 - at, f"{at} ") for at in (0, 7, 60)])


def climb(url: str, log: GrowingLog, seed: int) -> list[tuple[int, bytes]]:
    """Asks for ever larger checkpoints of one history until nobody answers; what was cosigned."""
    rng = random.Random(seed)
    held = 0
    told: list[tuple[int, bytes]] = []
    with closing(WitnessClient(url)) as client:
        while True:
            size = min(400, held + rng.randrange(3))
            try:
                client.add_checkpoint(held, log.proof(held, size), log.note(size))
            except StaleError as stale:
                held = min(stale.size, 400)
            except ForkError:
                return told
            except UnreachableError:
                return told
            else:
                told.append((size, log.root(size)))
                held = size
                if size == 400:
                    return told


def run(folder: Path, seed: int, told: dict[int, bytes]) -> None:
    """Starts the witness, lets four logs with four histories ask it, and kills it in between."""
    command = [sys.executable, "-m", "tests.audit.witness.killed_witness", str(folder), TRUNK.origin]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], text=True)
    with process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(climb, url, log, seed * 4 + place) for place, log in enumerate(HISTORIES)]
            # After a random number of its writes, as far as they show: the file changes with each of them.
            wanted = random.Random(seed).randrange(1, 12)
            state = folder / "witness.db"
            seen = {state.stat().st_mtime_ns}
            while len(seen) < wanted and not all(one.done() for one in running):
                seen.add(state.stat().st_mtime_ns)
            process.kill()
            for one in running:
                for size, root in one.result(60):
                    assert told.setdefault(size, root) == root, f"two trees of size {size}"


@pytest.mark.parametrize(
    "runs", [pytest.param(5, id="few"), pytest.param(60, id="many", marks=pytest.mark.e2e)]
)
def test_kills(tmp_path: Path, runs: int) -> None:
    told: dict[int, bytes] = {}
    for seed in range(runs):
        run(tmp_path, seed, told)
    assert told
    # All of one history, whichever won.
    assert any(all(log.root(size) == root for size, root in told.items()) for log in HISTORIES)
