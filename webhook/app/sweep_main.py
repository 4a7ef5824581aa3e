"""The sweep's process: `python -m lockgate.webhook.app.sweep_main FEED VAULT`, the numbers of sockets.

It is told what workers are told, and judges what lives in the cluster by it; the objects it asks the API server for
itself. Main runs it while this replica leads, and ends it.
"""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Any, Final, final

from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.engine.errors import LockgateError
from lockgate.webhook.app.failure_log import FailureLog
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.process_log import process_log
from lockgate.webhook.app.sweep_settings import SweepSettings
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.sweep_run import SweepParts, SweepPasses, SweepResult
from lockgate.webhook.cluster.sweep_writer import SweepWriter
from lockgate.webhook.cluster.sweeping import SweepEndedError
from lockgate.webhook.serving.feed import Frame, FrameReader, render_frame
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_https import make_provide
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.sweep import Sweep, VerdictChange
from lockgate.webhook.serving.sweep_basis import Basis, basis_of, decides_else
from lockgate.webhook.serving.sweep_memory import read_memory
from lockgate.webhook.serving.sweep_metrics import sweep_samples
from lockgate.webhook.serving.sweep_pace import SweepPace
from lockgate.webhook.serving.worker_feed import GC_THRESHOLD, WorkerFeed, first_frame
from lockgate.webhook.sweep_rounds import SweepRounds

if TYPE_CHECKING:
    from lockgate.audit.draft import Draft
    from lockgate.audit.receipt import Receipt
    from lockgate.webhook.sweep_recording import SweepRecording

# Admission comes first.
NICENESS: Final = 10
# Drafts on their way at once; each has a connection to main's appender.
TRAIL_CONNECTIONS: Final = 8


@final
class SweepProcess:
    """Passes until main says stop, or ends."""

    def __init__(
        self,
        settings: SweepSettings,
        peer: socket.socket,
        frames: FrameReader,
        vault: socket.socket,
        log: Log,
    ) -> None:
        self._log: Final = log
        self._ends: Final = Event()
        self._news: Final[SimpleQueue[None]] = SimpleQueue()
        self._basis: Basis | None = None
        self._pace: Final = SweepPace(settings.interval_s, time.monotonic)
        self._failures: Final = FailureLog(log, "sweep incomplete", "sweep complete again")
        cache = CodeCache(settings.cache, compiler_fingerprint()) if settings.cache else None
        provide = make_provide(settings.provider_certificate, settings.provider_key)
        self._live: Final = LiveGate(
            LiveSettings(
                engine=settings.engine,
                cache=cache,
                provide=provide,
                point="audit.gatekeeper.sh",
                cluster_name=settings.cluster_name,
            )
        )
        self._recording: Final = _recording(settings, vault) if settings.trail else None
        api = open_client(settings.context, settings.kubeconfig)
        sweep = Sweep(read_memory(settings.memory) if settings.memory else {})
        tell = _all_told if self._recording is None else self._recording.record
        parts = SweepParts(sweep, tell, SweepWriter(api), time.time_ns, lambda: not self._ends.is_set())
        self._passes: Final = SweepPasses(api, parts)
        self._rounds: Final = SweepRounds(self._pass, sweep, settings.memory)
        # The last: it begins to apply.
        self._feed: Final = WorkerFeed(
            peer, frames, self._live, LiveGrants(), self._applied, self._told, self._ended
        )

    def _pass(self) -> SweepResult:
        state = self._live.state
        assert state is not None, "a pass comes behind the first changes"
        return self._passes.run(state)

    def _applied(self) -> None:
        """In the feed's thread."""
        state = self._live.state
        assert state is not None
        before, self._basis = self._basis, basis_of(state)
        if before is None or decides_else(before, self._basis):
            self._news.put(None)

    def _told(self, frame: Frame) -> None:
        """In the feed's thread."""
        if frame.kind == "stop":
            self._ended("")

    def _ended(self, reason: str) -> None:
        """In the feed's thread: main says stop, is gone, or cannot be followed; it starts another one."""
        if reason:
            self._log.write("error", "sweep cannot go on", {"reason": reason})
        self._ends.set()
        self._news.put(None)

    def run(self) -> None:
        """Passes until the end; the first one behind the first changes."""
        self._news.get()
        # What was loaded stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        while not self._ends.is_set():
            try:
                self._news.get(timeout=self._pace.wait_s)
            except Empty:
                self._try_pass()
                self._pace.end()
            else:
                self._pace.change()

    def _try_pass(self) -> None:
        try:
            result = self._rounds.run_pass()
        except SweepEndedError:
            # Whoever leads now makes it.
            return
        except LockgateError as error:
            hint = f" ({error.hint})" if error.hint else ""
            self._failures.tell({"the pass": f"{error.message}{hint}"})
            return
        self._tell(result)

    def _tell(self, result: SweepResult) -> None:
        passed, numbers = result.passed, self._rounds.numbers
        told = {
            "objects": passed.looked,
            "judged": passed.judged,
            "changed": passed.changed,
            "seconds": round(numbers.seconds, 3),
        }
        self._log.write("info" if passed.judged else "debug", "swept", told)
        failures = {**passed.failed, **result.unwritten}
        if self._recording is not None and self._recording.failure:
            failures["the trail"] = self._recording.failure
        self._failures.tell(failures)
        samples = [
            [family.name, [*labels], value]
            for family, labels, value in sweep_samples(numbers, self._rounds.totals)
        ]
        self._feed.send(render_frame("swept", {"samples": samples}))


def _all_told(changes: Sequence[VerdictChange]) -> Iterable[ObjectKey]:
    return [change.key for change in changes]


def _recording(settings: SweepSettings, vault: socket.socket) -> "SweepRecording":
    """What records. Raises LockgateError for a master key that cannot be read."""
    # The log's code is needed by servers that record.
    from lockgate.audit.key_files import read_master_key
    from lockgate.audit.recorder import Recorder
    from lockgate.audit.store.appender_socket import SocketAppender
    from lockgate.audit.vault import Vault
    from lockgate.audit.vault_socket import VaultClient
    from lockgate.webhook.sweep_recording import SweepRecording

    keys = Vault(read_master_key(Path(settings.master_key)), VaultClient(vault))
    appender = SocketAppender(Path(settings.trail))
    threads = ThreadPoolExecutor(TRAIL_CONNECTIONS, "trail")

    def submit(draft: "Draft", seconds: float) -> "Future[Receipt]":
        return threads.submit(appender.append, draft, seconds)

    return SweepRecording(Recorder(keys, settings.evaluator), submit)


def main() -> None:
    """The process' entry."""
    peer = socket.socket(fileno=int(sys.argv[1]))
    vault = socket.socket(fileno=int(sys.argv[2]))
    os.nice(NICENESS)
    for one in (signal.SIGINT, signal.SIGTERM):
        # A terminal's interrupt goes to main too, which ends this in order.
        signal.signal(one, signal.SIG_IGN)
    gc.set_threshold(*GC_THRESHOLD)
    frames = FrameReader()
    first = first_frame(peer, frames)
    if first is None:
        return
    given: dict[str, Any] = first.header
    settings = SweepSettings(**given)
    with process_log("sweep", format=settings.log_format, level=settings.log_level) as log:
        try:
            SweepProcess(settings, peer, frames, vault, log).run()
        except LockgateError as error:
            log.write("error", "sweep cannot go on", {"reason": error.message, "hint": error.hint})
            raise SystemExit(2) from None
    # Threads that wait for the trail hold nothing that is not answered for.
    os._exit(0)


if __name__ == "__main__":
    main()
