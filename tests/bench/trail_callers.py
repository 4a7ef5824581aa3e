"""Callers as a server has them: worker processes that draft for themselves, and one that appends for all over a socket.

`python -m tests.bench.trail_callers SOCKET DATABASE SECONDS THREADS` is one worker: it says `ready`, waits for a line, and
says how many receipts its threads got.
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from lockgate.audit.recorder import Recorder
from lockgate.audit.store.appender_server import AppenderServer
from lockgate.audit.store.appender_socket import SocketAppender
from lockgate.audit.store.store import open_store
from lockgate.audit.vault import Vault

from tests.audit.trails import MASTER, ORIGIN, Trail, draft_decision
from tests.shared_folder import ROOT

PROCESSES = 4
THREADS = 16


def throughput_over_socket(trail: Trail, seconds: float = 5.0) -> float:
    """Entries a second that PROCESSES workers of THREADS callers get receipts for, each caller waiting for its own."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "socket")
        server = AppenderServer(trail.appender, place)
        command = [sys.executable, "-m", __name__, str(place), trail.store.url, str(seconds), str(THREADS)]
        workers = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        try:
            for worker in workers:
                assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
            started = time.perf_counter()
            counts = [worker.communicate("go\n", timeout=seconds + 60)[0] for worker in workers]
            return sum([int(count) for count in counts]) / (time.perf_counter() - started)
        finally:
            for worker in workers:
                if worker.poll() is None:
                    worker.kill()
                    worker.wait()
            server.close()


def work(place: Path, database: str, seconds: float, threads: int) -> None:
    """One worker."""
    store = open_store(database, ORIGIN)
    recorder = Recorder(Vault(MASTER, store), "lockgate/test")
    appender = SocketAppender(place)
    counts = [0] * threads
    end = 0.0

    def call(caller: int) -> None:
        while time.perf_counter() < end:
            appender.append(draft_decision(recorder, counts[caller]))
            counts[caller] += 1
        appender.close()

    draft_decision(recorder, 0)
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.perf_counter() + seconds
    callers = [threading.Thread(target=call, args=(caller,)) for caller in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    print(sum(counts), flush=True)
    store.close()


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
