"""The full count of forged logs and of honest histories: an AssertionError says what went unnoticed, and ends the run."""

import tempfile
import time
from pathlib import Path

from tests.adversaries.running import run_honest, run_with_key, run_without_key

FORGED = 2000
HONEST = 1000


def run_adversaries(seed: int) -> int:
    """Both forgers and the honest; prints a line for each and returns 0."""
    started = time.monotonic()

    def tell(told: str) -> None:
        print(f"{told}; {time.monotonic() - started:.0f} s so far", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        forged, exported = run_without_key(Path(folder), FORGED, seed)
    tell(f"{forged} logs forged without the key, {exported} of them shown as exports: none unnoticed")
    with tempfile.TemporaryDirectory() as folder:
        forged = run_with_key(Path(folder), FORGED, seed)
    tell(f"{forged} logs forged with the key, against a witness: none unnoticed")
    entries = run_honest(HONEST, seed)
    tell(f"{HONEST} honest histories of {entries} entries: no false alarm")
    return 0
