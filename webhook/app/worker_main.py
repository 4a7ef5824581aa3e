"""A worker's process: `python -m lockgate.webhook.app.worker_main DOOR FEED VAULT`, the numbers of sockets."""

import asyncio
import gc
import os
import resource
import signal
import socket
import ssl
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import uvloop
from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.webhook.app.asgi import AdmissionApp, CallerRules
from lockgate.webhook.app.connections import ConnectionLimits
from lockgate.webhook.app.foreign_logs import take_foreign_logs
from lockgate.webhook.app.http_server import HttpServer
from lockgate.webhook.app.intake import Handed
from lockgate.webhook.app.log_writer import LogWriter
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.tls import TlsFiles, make_context
from lockgate.webhook.app.worker_settings import WorkerSettings, read_settings
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.feed import Frame, FrameReader, render_frame
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.measure_frames import render_delta
from lockgate.webhook.serving.measures import Measures
from lockgate.webhook.serving.metric_families import IN_FLIGHT, RECORDS_WAITING
from lockgate.webhook.serving.worker_feed import WorkerFeed

if TYPE_CHECKING:
    from lockgate.webhook.serving.remembering import Remembering

# As the command line has it: values hold no cycles worth looking for often.
GC_THRESHOLD: Final = (50_000, 20, 50)
# Descriptors besides connections.
SPARE_FILES: Final = 128
MEASURE_S: Final = 1.0
GRACE_S: Final = 30.0


@final
class Worker:
    """One worker on its event loop."""

    def __init__(
        self,
        settings: WorkerSettings,
        door: socket.socket,
        peer: socket.socket,
        frames: FrameReader,
        vault: socket.socket,
        log: Log,
    ) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._ends = asyncio.Event()
        self._context: ssl.SSLContext | None = None
        self._measures = Measures()
        cache = CodeCache(settings.cache, compiler_fingerprint()) if settings.cache else None
        self._live = LiveGate(LiveSettings(engine=settings.engine, cache=cache))
        grants = LiveGrants(frozenset(settings.ended_grants))
        terms = Terms(
            settings.mode, frozenset(settings.excluded_namespaces), settings.namespaces, settings.engine
        )
        admitting = Admitting(self._live, grants, terms, time.time_ns)
        callers = CallerRules(settings.token, settings.verifies_clients)
        self._remembering = _remembering(settings, vault) if settings.trail else None
        app = AdmissionApp(admitting, callers, self._measures, log, self._remembering)
        self._server = HttpServer(app, Handed(door), _limits(), lambda: self._context)
        self._is_serving = False
        self._feed = WorkerFeed(peer, frames, self._live, grants, self._applied, self._told, self._ended)

    def _applied(self) -> None:
        """In the feed's thread: what is known is in force."""
        if not self._is_serving:
            self._is_serving = True
            # What was loaded stays: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            self._on_loop(self._serve)

    def _told(self, frame: Frame) -> None:
        """In the feed's thread: what else main tells."""
        if frame.kind == "certificate":
            chain, key = frame.header["chain"], frame.header["key"]
            raw = frame.raw
            files = TlsFiles(raw[:chain], raw[chain : chain + key], raw[chain + key :])
            self._context = make_context(files)
        elif frame.kind == "draining":
            self._on_loop(self._drain)
        elif frame.kind == "stop":
            self._ended("")

    def _drain(self) -> None:
        self._server.is_draining = True

    def _ended(self, reason: str) -> None:
        """In the feed's thread: main is gone, or cannot be followed; it starts another worker."""
        if reason:
            self._log.write("error", "worker cannot go on", {"reason": reason})
        self._on_loop(self._ends.set)

    def _on_loop(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            # The loop has ended.
            return

    def _serve(self) -> None:
        self._server.start()
        self._feed.send(render_frame("serving", {}))

    async def run(self) -> None:
        """Serves until main says stop, or ends."""
        for one in (signal.SIGINT, signal.SIGTERM):
            # A terminal's interrupt goes to main too, which stops its workers in order.
            self._loop.add_signal_handler(one, lambda: None)
        telling = self._loop.create_task(self._tell())
        await self._ends.wait()
        telling.cancel()
        await self._server.stop(GRACE_S)
        self._tell_measures()

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(MEASURE_S)
            self._tell_measures()

    def _tell_measures(self) -> None:
        gauges = {IN_FLIGHT.name: self._measures.in_flight}
        remembering = self._remembering
        if remembering is not None:
            gauges[RECORDS_WAITING.name] = remembering.waiting
            judged, unmatched, refused = remembering.counts.take()
            counts = {"judged": judged, "unmatched": unmatched, "refused": refused}
            self._feed.send(render_frame("coverage", counts))
        delta = self._measures.take(gauges)
        self._feed.send(render_frame("measures", {}, render_delta(delta)))


def _remembering(settings: WorkerSettings, vault: socket.socket) -> "Remembering":
    """What records. Raises LockgateError for a master key that cannot be read."""
    # The log's code is needed by servers that record.
    from lockgate.audit.key_files import read_master_key
    from lockgate.audit.vault import Vault
    from lockgate.audit.vault_socket import VaultClient
    from lockgate.webhook.serving.remembering import Remembering
    from lockgate.webhook.serving.trail_client import TrailClient
    from lockgate.webhook.spool import Spool

    keys = Vault(read_master_key(Path(settings.master_key)), VaultClient(vault))
    spool = Spool(Path(settings.spool), keys.master.spool_tag) if settings.spool else None
    client = TrailClient(settings.trail, settings.trail_connections)
    return Remembering(keys, settings.evaluator, client, spool)


def _limits() -> ConnectionLimits:
    """As many connections as there are descriptors for."""
    limits = ConnectionLimits()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + SPARE_FILES
    files = wanted if most == resource.RLIM_INFINITY else min(most, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return ConnectionLimits(connections=max(16, files - SPARE_FILES))


def main() -> None:
    """The process' entry."""
    door = socket.socket(fileno=int(sys.argv[1]))
    peer = socket.socket(fileno=int(sys.argv[2]))
    vault = socket.socket(fileno=int(sys.argv[3]))
    gc.set_threshold(*GC_THRESHOLD)
    frames = FrameReader()
    first = _first_frame(peer, frames)
    if first is None:
        return
    settings = read_settings(first.header)
    writer = LogWriter(2)
    log = Log(
        writer,
        format=settings.log_format,
        level=settings.log_level,
        process=settings.name,
        now_ns=time.time_ns,
    )
    take_foreign_logs(log)

    async def run() -> None:
        await Worker(settings, door, peer, frames, vault, log).run()

    try:
        uvloop.run(run())
    finally:
        writer.close()
    # Threads that compute or wait on a provider hold nothing that is not answered for.
    os._exit(0)


def _first_frame(peer: socket.socket, frames: FrameReader) -> Frame | None:
    """The frame with the settings; None when main ended before it."""
    while True:
        data = peer.recv(1 << 16)
        if not data:
            return None
        found = next(frames.feed(data), None)
        if found is not None:
            return found


if __name__ == "__main__":
    main()
