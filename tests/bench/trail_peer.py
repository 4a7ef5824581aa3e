"""The trail beside Tessera's POSIX log on the same disk, both behind HTTP: time to verifiable proof, and throughput.

`python -m tests.bench.trail_peer [FOLDER]`; the folder, whose disk is measured, is by default that of the working tree.
"""

import base64
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lockgate.audit.note import VerifierKey, make_verifier_key, render_verifier_key

from tests.audit.trails import Clock, make_trail, private_key
from tests.bench.trail_add_server import TrailLog, serving
from tests.bench.trail_load import Times, hammered, milliseconds, paced
from tests.e2e.postgres import running_postgres
from tests.e2e.processes import free_port, running, wait_until
from tests.e2e.programs import place_of, version_of

RATE = 100
PACED_SECONDS = 15.0
HAMMERED_SECONDS = 22.0
WRITERS = (64, 512)
ROUNDS = 3

# The URL of a running log, and its verifier key.
Served = tuple[str, str]


@contextmanager
def peer(folder: Path, *options: str) -> Iterator[Served]:
    """Tessera's POSIX log with intervals of ours."""
    command = [str(place_of("trail-peer")), "-dir", str(folder), *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            yield f"http://127.0.0.1:{ready['port']}/", ready["vkey"]
        finally:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _note_key(key: VerifierKey, seed: bytes) -> str:
    """A private key as Go's package note writes it."""
    return f"PRIVATE+KEY+{key.name}+{key.key_id.hex()}+{base64.b64encode(bytes([1]) + seed).decode()}"


@contextmanager
def personality(folder: Path) -> Iterator[Served]:
    """Tessera's own conformance personality, as it comes."""
    key = private_key(77)
    name, public = "example.com/personality", key.public_key().public_bytes_raw()
    vkey = make_verifier_key(name, public)
    key_file, port, log = folder / "key", free_port(), folder / "personality.log"
    key_file.write_text(_note_key(vkey, key.private_bytes_raw()))
    (folder / "log").mkdir()
    command: list[str | Path] = [
        place_of("posix"),
        f"--private_key={key_file}",
        f"--storage_dir={folder / 'log'}",
    ]

    def is_ready() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/checkpoint")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    command.append(f"--listen=127.0.0.1:{port}")
    with running(command, log) as process:
        wait_until(is_ready, process, log)
        yield f"http://127.0.0.1:{port}/", render_verifier_key(vkey)


@contextmanager
def ours(folder: Path) -> Iterator[Served]:
    """A trail on SQLite, its entries decisions."""
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}", clock=Clock(step_ms=0))
    try:
        with serving(TrailLog(trail)) as url:
            yield url, trail.vkey
    finally:
        trail.close()


@contextmanager
def ours_on_postgres(folder: Path) -> Iterator[Served]:
    """The same on a PostgreSQL server of its own."""
    # Beside the folder, since its own user cannot go through that.
    with running_postgres(folder.parent) as server:
        trail = make_trail(server.url, clock=Clock(step_ms=0))
        try:
            with serving(TrailLog(trail)) as url:
                yield url, trail.vkey
        finally:
            trail.close()


LOGS: dict[str, Callable[[Path], AbstractContextManager[Served]]] = {
    "Lockgate, SQLite": ours,
    "Lockgate, PostgreSQL": ours_on_postgres,
    "Tessera, default intervals (250 ms, 10 s)": peer,
    "Tessera's personality as it comes (1 s, 1 s)": personality,
    # The library refuses less than 100 ms between checkpoints.
    "Tessera, shortest intervals (5 ms, 100 ms)": lambda folder: peer(
        folder, "-age", "5ms", "-checkpoint", "100ms"
    ),
}


def print_section(place: Path) -> None:
    """The tables; a folder of its own in `place` is written to and removed."""
    print(f"## The trail beside Tessera {version_of('posix')} (POSIX), over HTTP on one disk\n")
    missing = [name for name in ("trail-peer", "posix", "hammer") if not place_of(name).exists()]
    if missing:
        print(f"Not built: {', '.join(missing)}\n")
        return
    columns = [f"at {RATE}/s: index, p50 · p99", f"at {RATE}/s: provable, p50 · p99"]
    for writers in WRITERS:
        columns += [f"hammer, {writers} writers", "provable meanwhile, p50 · p99"]
    print(f"| log (batch, checkpoint) | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    # Rounds of all logs, so that a disk that is busy for a minute slows none of them more than the others.
    rounds = [{name: _measured(start, place) for name, start in LOGS.items()} for _ in range(ROUNDS)]
    for name in LOGS:
        steady, *loaded = (_quietest([one[name][at] for one in rounds]) for at in range(1 + len(WRITERS)))
        cells = [milliseconds(steady.acknowledged), milliseconds(steady.provable)]
        for times in loaded:
            cells += [f"{times.per_second:,.0f}/s", milliseconds(times.provable)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print(f"\nThe quietest of {ROUNDS} rounds; load of the machine at the end: {os.getloadavg()[1]:.1f}\n")


def _measured(start: Callable[[Path], AbstractContextManager[Served]], place: Path) -> list[Times]:
    """A log at RATE, then new ones under each number of writers."""
    made: list[Times] = []
    for writers in (0, *WRITERS):
        folder = Path(tempfile.mkdtemp(prefix=".bench-", dir=place))
        try:
            with start(folder) as (url, vkey):
                made.append(
                    hammered(url, vkey, writers, HAMMERED_SECONDS, folder)
                    if writers
                    else paced(url, RATE, PACED_SECONDS, "steady")
                )
        finally:
            shutil.rmtree(folder)
    return made


def _quietest(rounds: Sequence[Times]) -> Times:
    return min(rounds, key=lambda times: (-times.per_second, statistics.median(times.provable)))


if __name__ == "__main__":
    print_section(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd().parent)
