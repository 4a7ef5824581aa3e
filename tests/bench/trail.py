"""The trail: durable appends with proof, throughput of many callers, proofs and verification of a large log.

Decisions are drafted by the callers, as a server's workers would: masked, committed to, and sealed.
"""

import os
import random
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from lockgate.audit.draft import Draft
from lockgate.audit.export import ExportRequest, export_trail
from lockgate.audit.export_folder import ExportFolder
from lockgate.audit.merkle import inclusion_proof, leaf_hash, verify_inclusion
from lockgate.audit.store.store import Store, open_store
from lockgate.audit.tiles import TileHashes
from lockgate.audit.verify.parallel import Opened, scan_here, scan_in_processes
from lockgate.audit.verify.verify import verify_trail

from tests.audit.trails import START_MS, Clock, Trail, make_large, make_trail
from tests.bench.trail_callers import PROCESSES, THREADS, throughput_over_socket
from tests.e2e.postgres import running_postgres
from tests.e2e.programs import place_of
from tests.faults.checking import trust_of

RATE = 100
SECONDS = 20
CALLERS = 64
RUNS = 5
LARGE = 1_000_000
VERIFIERS = 2
NOW_MS = START_MS + 10**11


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on the disk of the working tree: a temporary one may be in memory."""
    made = Path(tempfile.mkdtemp(prefix=".bench-", dir=Path.cwd().parent))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def latencies(trail: Trail) -> list[float]:
    """Seconds from when a decision was due, at RATE a second, to its receipt with proof."""
    times: list[float] = []
    due = iter(range(RATE * SECONDS))
    lock = threading.Lock()
    start = time.perf_counter() + 0.1

    def call() -> None:
        while True:
            with lock:
                number = next(due, None)
            if number is None:
                return
            moment = start + number / RATE
            time.sleep(max(0.0, moment - time.perf_counter()))
            trail.appender.append(trail.decide(number))
            times.append(time.perf_counter() - moment)

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def throughput(trail: Trail, drafts: Sequence[Draft] = (), seconds: float = 5.0) -> float:
    """Entries a second that CALLERS callers get receipts for, each waiting for its own.

    drafts: made beforehand, as by other processes; without them each caller drafts its own.
    """
    counts = [0] * CALLERS
    end = time.perf_counter() + seconds

    def call(caller: int) -> None:
        while time.perf_counter() < end:
            number = counts[caller]
            draft = drafts[(caller * 97 + number) % len(drafts)] if drafts else trail.decide(number)
            trail.appender.append(draft)
            counts[caller] += 1

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(CALLERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _open(path: str) -> AbstractContextManager[Opened]:
    return nullcontext((open_store(path), None, None))


def _open_export(path: str) -> AbstractContextManager[Opened]:
    return nullcontext((ExportFolder(Path(path)), None, None))


def _timed_proofs(store: Store, count: int) -> list[float]:
    chance = random.Random(1)
    head = store.head()
    times: list[float] = []
    for _ in range(count):
        index = chance.randrange(head.size)
        started = time.perf_counter()
        path = inclusion_proof(index, head.size, TileHashes(head.size, store.tile))
        times.append(time.perf_counter() - started)
        entry = next(store.entries(index, index + 1))
        verify_inclusion(leaf_hash(entry), index, head.size, path, head.root)
    return times


def _row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


def _print_appends(name: str, trail: Trail) -> None:
    times = latencies(trail)
    _row(
        f"{name}: append with proof at {RATE}/s, p50 · p99 · max",
        " · ".join(
            [
                f"{1000 * one:.1f} ms"
                for one in (statistics.median(times), _percentile(times, 0.99), max(times))
            ]
        ),
    )
    drafts = [trail.decide(number) for number in range(3000)]
    for callers, measure in (
        (f"{CALLERS} callers that draft in this process", partial(throughput, trail)),
        (f"{CALLERS} callers, drafts made before", partial(throughput, trail, drafts)),
        (
            f"{PROCESSES} processes of {THREADS} callers that draft, over the appender's socket",
            partial(throughput_over_socket, trail),
        ),
    ):
        rates = sorted([measure() for _ in range(RUNS)])
        _row(
            f"{name}: {callers}, median of {RUNS} (least, most)",
            f"{statistics.median(rates):,.0f} entries/s ({rates[0]:,.0f}, {rates[-1]:,.0f})",
        )


def _print_verify(place: Path, trail: Trail) -> None:
    key = trail.signer.verifier_key
    size = trail.store.head().size
    export = place / "export"
    export_trail(trail.store, export, trail.vkey, ExportRequest(bodies="none"))
    reader = ExportFolder(export)
    for name, source, scan in (
        ("export", reader, scan_here(reader, None)),
        ("export", reader, scan_in_processes(partial(_open_export, str(export)), VERIFIERS)),
        (
            "store with bodies",
            trail.store,
            scan_in_processes(partial(_open, str(place / "large.db")), PROCESSES),
        ),
    ):
        processes = 1 if scan.__qualname__.startswith("scan_here") else VERIFIERS
        started = time.perf_counter()
        report = verify_trail(source, trust_of(key), now_ms=NOW_MS, scan=scan)
        took = time.perf_counter() - started
        assert (report.exit_code, report.entries) == (0, size), report.findings
        _row(f"verify, {name}, {processes} processes", f"{size / took:,.0f} entries/s ({took:.1f} s)")
    fsck = place_of("fsck")
    if not os.access(fsck, os.X_OK):
        _row("Tessera's fsck", "not built")
        return
    command = [
        str(fsck),
        f"--storage_url=file://{export}/",
        f"--public_key={export / 'log.vkey'}",
        "--ui=false",
        "--N=2048",
    ]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    took = time.perf_counter() - started
    agreed = f"Successfully fsck'd log with size {size}" in done.stderr
    _row(
        "Tessera's fsck, export",
        f"{size / took:,.0f} entries/s ({took:.1f} s){'' if agreed else ', REFUSED'}",
    )


def print_section() -> None:
    """The tables."""
    print("## The trail\n\n| what | figure |\n|---|---|")
    with folder() as place:
        trail = make_trail(f"sqlite:///{place / 'trail.db'}", clock=Clock(step_ms=0))
        _print_appends("SQLite", trail)
        trail.appender.close()
        size = trail.store.head().size
        entries = sum([len(entry) for entry in trail.store.entries(0, size)])
        sealed = sum([len(body.sealed or b"") for body in trail.store.bodies(0, size)])
        trail.store.close()
        whole = sum([path.stat().st_size for path in place.iterdir()])
        _row(
            "bytes a decision: entry · sealed body · all of the database",
            f"{entries / size:,.0f} · {sealed / size:,.0f} · {whole / size:,.0f}",
        )
    with running_postgres() as server:
        trail = make_trail(server.url, clock=Clock(step_ms=0))
        _print_appends("PostgreSQL", trail)
        trail.close()
    with folder() as place:
        trail = make_large(place / "large.db", LARGE)
        times = _timed_proofs(trail.store, 300)
        _row(
            f"proof at {trail.store.head().size:,} entries, p50 · p99",
            f"{1000 * statistics.median(times):.2f} · {1000 * _percentile(times, 0.99):.2f} ms",
        )
        _print_verify(place, trail)
        trail.store.close()
    print()
