"""A worker's process: `python -m lockgate.webhook.app.worker_main DOOR FEED VAULT`, the numbers of sockets."""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import uvloop
from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.webhook.app.admission_app import AdmissionApp, CallerRules
from lockgate.webhook.app.client_names import ClientNames
from lockgate.webhook.app.connections import ConnectionLimits
from lockgate.webhook.app.garbage import Garbage
from lockgate.webhook.app.http_server import HttpServer
from lockgate.webhook.app.intake import Handed
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.memory import resident_bytes
from lockgate.webhook.app.process_log import process_log
from lockgate.webhook.app.provider_app import ProviderApp
from lockgate.webhook.app.tls import ServerTls, make_tls
from lockgate.webhook.app.tls_source import parse_certificate
from lockgate.webhook.app.worker_app import WorkerApp
from lockgate.webhook.app.worker_settings import WorkerSettings, read_settings
from lockgate.webhook.opa_engine import OpaServers, make_backend
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.aside import Aside
from lockgate.webhook.serving.feed import Frame, FrameReader, render_frame
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_https import make_provide
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.measure_frames import render_delta
from lockgate.webhook.serving.measures import Measures
from lockgate.webhook.serving.metric_families import IN_FLIGHT, RECORDS_WAITING, WORKER_MEMORY
from lockgate.webhook.serving.worker_feed import GC_THRESHOLD, WorkerFeed, first_frame

if TYPE_CHECKING:
    from lockgate.engine.policy import PolicySet
    from lockgate.gatekeeper.external_data.answering import Offered
    from lockgate.gatekeeper.loader import Loaded
    from lockgate.webhook.serving.quota_door import QuotaDoor
    from lockgate.webhook.serving.remembering import Remembering

# Descriptors besides connections.
SPARE_FILES: Final = 128
MEASURE_S: Final = 1.0
GRACE_S: Final = 30.0
# How long a thread that computes keeps the interpreter from a request that has come, in place of 5 ms.
SWITCH_S: Final = 0.000_5


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
        self._tls: ServerTls | None = None
        self._measures = Measures()
        cache = CodeCache(settings.cache, compiler_fingerprint()) if settings.cache else None
        provide = make_provide(settings.provider_certificate, settings.provider_key)
        live = LiveSettings(
            engine=settings.engine,
            cache=cache,
            provide=provide,
            offers=bool(settings.asker_names),
            later=Aside().do,
            ledger_cluster=settings.ledger_cluster,
            cluster_name=settings.cluster_name,
            living=settings.living,
        )
        if settings.opa.urls:
            live = replace(live, place=_placing(settings.opa, log))
        self._live = LiveGate(live)
        grants = LiveGrants(frozenset(settings.ended_grants))
        terms = Terms(
            settings.mode,
            frozenset(settings.excluded_namespaces),
            settings.namespaces,
            settings.engine,
            frozenset(settings.namespace_editors),
            frozenset(settings.enforced_namespaces),
            frozenset(settings.guarded_labels),
        )
        self._door = _door(settings) if settings.ledger else None
        admitting = Admitting(self._live, grants, terms, time.time_ns, self._door)
        callers = CallerRules(settings.token, ClientNames(frozenset(settings.client_names)))
        self._remembering = _remembering(settings, vault) if settings.trail else None
        admission = AdmissionApp(admitting, callers, self._measures, log, self._remembering)
        askers = ClientNames(frozenset(settings.asker_names))
        providers = ProviderApp(self._in_process, askers, self._measures, log)
        app = WorkerApp(admission, providers)
        self._server = HttpServer(app, Handed(door), _limits(), lambda: self._tls)
        self._is_serving = False
        self._garbage = Garbage(time.monotonic)
        self._feed = WorkerFeed(peer, frames, self._live, grants, self._applied, self._told, self._ended)

    def _applied(self) -> None:
        """In the feed's thread: what is known is in force."""
        gate = self._live.gate
        policies = "" if gate is None else gate.policies.digest
        if self._is_serving:
            self._garbage.changed(policies)
        else:
            self._is_serving = True
            self._garbage.begin(policies)
            self._on_loop(self._serve)

    def _in_process(self) -> "Offered | None":
        """Who answers for external data here; None before policies are loaded."""
        state = self._live.state
        return None if state is None else state.in_process

    def _told(self, frame: Frame) -> None:
        """In the feed's thread: what else main tells."""
        if frame.kind == "certificate":
            self._tls = make_tls(parse_certificate(frame))
        elif frame.kind == "ledger" and self._door is not None:
            self._door.tell(frame.header)
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
        gauges: dict[str, float] = {
            IN_FLIGHT.name: self._measures.in_flight,
            WORKER_MEMORY.name: resident_bytes(),
        }
        remembering = self._remembering
        if remembering is not None:
            gauges[RECORDS_WAITING.name] = remembering.waiting
            judged, unmatched, refused = remembering.counts.take()
            counts = {"judged": judged, "unmatched": unmatched, "refused": refused}
            self._feed.send(render_frame("coverage", counts))
            self._tell_claims(remembering)
        delta = self._measures.take(gauges)
        self._feed.send(render_frame("measures", {}, render_delta(delta)))

    def _tell_claims(self, remembering: "Remembering") -> None:
        untold = remembering.untold
        claims = [] if untold is None else untold.take()
        if claims:
            from lockgate.webhook.serving.claims import render_claims

            self._feed.send(render_claims(claims))


def _door(settings: WorkerSettings) -> "QuotaDoor":
    """The way to the ledger. Raises QuotaError where its database cannot be opened."""
    # Databases are for servers that have a ledger or a trail.
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.engine.quota.store.schema import open_ledger
    from lockgate.webhook.serving.quota_door import QuotaDoor

    return QuotaDoor(Ledger(open_ledger(settings.ledger), settings.ledger_cluster))


def _remembering(settings: WorkerSettings, vault: socket.socket) -> "Remembering":
    """What records. Raises LockgateError for a master key that cannot be read."""
    # The log's code is needed by servers that record.
    from lockgate.audit.key_files import read_master_key
    from lockgate.audit.vault import Vault
    from lockgate.audit.vault_socket import VaultClient
    from lockgate.webhook.serving.claims import Untold
    from lockgate.webhook.serving.remembering import Remembering
    from lockgate.webhook.serving.trail_client import TrailClient
    from lockgate.webhook.spool import Spool

    keys = Vault(read_master_key(Path(settings.master_key)), VaultClient(vault))
    spool = Spool(Path(settings.spool), keys.master.spool_tag) if settings.spool else None
    client = TrailClient(settings.trail, settings.trail_at_a_time)
    # Where a cluster is followed, what records claim is looked for in it.
    untold = Untold() if settings.namespaces == "all" else None
    return Remembering(keys, settings.evaluator, client, spool, untold)


def _placing(servers: OpaServers, log: Log) -> "Callable[[Loaded], PolicySet]":
    """What puts policies on OPA servers."""
    # An extra, which other servers do without.
    from lockgate.webhook.live_opa import LiveOpa

    def tell(event: str, told: Mapping[str, LogValue]) -> None:
        log.write("warning", event, told)

    return LiveOpa(make_backend(servers), tell).place


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
    sys.setswitchinterval(SWITCH_S)
    frames = FrameReader()
    first = first_frame(peer, frames)
    if first is None:
        return
    settings = read_settings(first.header)
    with process_log(settings.name, format=settings.log_format, level=settings.log_level) as log:

        async def run() -> None:
            await Worker(settings, door, peer, frames, vault, log).run()

        uvloop.run(run())
    # Threads that compute or wait on a provider hold nothing that is not answered for.
    os._exit(0)


if __name__ == "__main__":
    main()
