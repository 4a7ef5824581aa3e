"""Main: reads policies and certificates, runs the workers, and answers probes."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.cache import CodeCache, compiler_fingerprint
from lockgate.engine.decision import PolicyKey
from lockgate.engine.errors import LockgateError, UsageError, os_reason
from lockgate.gatekeeper.external_data.client_certificate import ClientFiles
from lockgate.gatekeeper.external_data.kinds import PROMOTIONS_PROVIDER
from lockgate.webhook.app.cluster_keeper import ClusterKeeper
from lockgate.webhook.app.compiling import Compiling
from lockgate.webhook.app.connections import ConnectionLimits
from lockgate.webhook.app.drift_keeper import DriftKeeper
from lockgate.webhook.app.glass_keeper import GlassKeeper
from lockgate.webhook.app.http_server import HttpServer
from lockgate.webhook.app.intake import Listening
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import Level, Log
from lockgate.webhook.app.metrics import Metrics, Totals
from lockgate.webhook.app.own_certificates import CertificateTending
from lockgate.webhook.app.probes import ProbesApp
from lockgate.webhook.app.process_log import process_log
from lockgate.webhook.app.publisher import Publisher
from lockgate.webhook.app.serving_options import Address, ProviderOptions, ServeOptions
from lockgate.webhook.app.sweep_keeper import SweepKeeper, SweepSpawn
from lockgate.webhook.app.sweep_settings import SweepSettings
from lockgate.webhook.app.tls import TlsFiles
from lockgate.webhook.app.tls_source import TlsSource, certificate_frame
from lockgate.webhook.app.worker_settings import WorkerSettings
from lockgate.webhook.certificates.ends import certificate_ends
from lockgate.webhook.serving.exemption_states import ExemptionCounts, ExemptionStates
from lockgate.webhook.serving.feed import Frame, render_frame
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.glass_folder import GlassFolder
from lockgate.webhook.serving.glass_watch import GlassEvent
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.measure_frames import parse_delta
from lockgate.webhook.serving.server_state import ServerState
from lockgate.webhook.serving.supervisor import Hooks, Supervisor, WorkerSpawn

if TYPE_CHECKING:
    from lockgate.webhook.app.promotions_keeper import PromotionsKeeper
    from lockgate.webhook.app.quota_keeper import QuotaKeeper
    from lockgate.webhook.promoting.followed_promotions import FollowedPromotions
    from lockgate.webhook.promoting.promoted_policies import PromotedPolicies
    from lockgate.webhook.serving.replica_trail import ReplicaTrail

# How often files are looked at.
POLL_S: Final = 2.0
# An answer to a probe takes no longer.
PROBES: Final = ConnectionLimits(connections=64, request_s=5.0, idle_s=60.0)
BACKLOG: Final = 2048
PROBES_GRACE_S: Final = 1.0
COVERAGE_S: Final = 1.0
# Drafts that wait at the appender's socket, of all workers: not more than a batch takes.
TRAIL_AT_A_TIME: Final = 240


@final
class Main:
    """The main process on its event loop."""

    def __init__(self, options: ServeOptions, log: Log) -> None:
        self._options = options
        self._log = log
        cache = CodeCache(options.cache, compiler_fingerprint()) if options.cache else None
        settings = LiveSettings(
            engine=options.engine,
            cache=cache,
            offers=bool(options.tls.asker_names),
            ledger_cluster="" if options.ledger is None else options.ledger.cluster,
            cluster_name=options.cluster_name,
            living=options.living,
        )
        self._live = LiveGate(settings)
        self._followed = _follow_promotions(options)
        self._source = FolderSource(
            options.policies if options.promoted is None else self._promoted_policies(options),
            options.exemptions,
            options.cwd,
            settings,
            options.providers.answers,
            options.providers.models,
            frozenset({PROMOTIONS_PROVIDER}) if options.providers.promotions else frozenset(),
        )
        self._client = _client_files(options.providers)
        self._tls = TlsSource(options.tls)
        self._own = None if options.certificates is None else CertificateTending(options.certificates, log)
        self._totals = Totals()
        self._listener = listening(options.listen)
        self._trail = _open_trail(options)
        ended = frozenset[str]() if self._trail is None else self._trail.ended_grants()
        self._glass = GlassKeeper(
            GlassFolder(options.break_glass), log, time.time_ns, ended, self._record_grant
        )
        self._supervisor = Supervisor(
            WorkerSpawn(_command, self._settings, options.workers),
            self._listener,
            Hooks(self._event, self._told, self._totals.drop, self._answer_vault),
        )
        self._sweep = None
        if options.cluster is not None and options.sweep_s > 0:
            spawn = SweepSpawn(_sweep_command, self._sweep_settings, self._answer_vault)
            self._sweep = SweepKeeper(spawn, self._supervisor.objects, log)
        self._compiling = Compiling()
        self._publisher = Publisher(
            self._live, self._glass, self._supervisor, self._trail, log, self._compiling, self._sweep
        )
        self._cluster = _open_cluster(options, self._live, self._publisher, self._drift(options), log)
        self._quotas = self._open_quotas(options)
        self._promotions = self._open_promotions()
        self._ends = asyncio.Event()
        self._is_draining = False
        self._ends_of_certificates: Mapping[str, float] = {}
        self._exemptions = ExemptionStates()
        self._failure: Exception | None = None

    def _drift(self, options: ServeOptions) -> DriftKeeper | None:
        """What tells of the cluster's own in place of what was promoted; None where it is what decides, or nobody's."""
        if options.promoted is None or options.cluster is None:
            return None
        return DriftKeeper(lambda: self._source.promoted_set, self._trail, self._live, self._log)

    def _open_quotas(self, options: ServeOptions) -> "QuotaKeeper | None":
        """What keeps the quotas' ledger; None where there is none. Raises QuotaError where its database cannot be opened."""
        if options.ledger is None or self._cluster is None:
            return None
        # Databases are for servers that have a ledger or a trail.
        from lockgate.engine.quota.store.ledger import Ledger
        from lockgate.engine.quota.store.schema import open_ledger
        from lockgate.webhook.app.quota_keeper import QuotaKeeper

        ledger = Ledger(open_ledger(options.ledger.database), options.ledger.cluster)
        follower = self._cluster.follow_quotas(ledger, options.ledger.ttl_s)
        return QuotaKeeper(follower, self._live, self._supervisor, self._trail, self._log)

    def _open_promotions(self) -> "PromotionsKeeper | None":
        """What tells of a trail's promotions; None where there is none."""
        if self._followed is None:
            return None
        from lockgate.webhook.app.promotions_keeper import PromotionsKeeper

        return PromotionsKeeper(self._followed, self._publisher.publish, self._log)

    def _promoted_policies(self, options: ServeOptions) -> "PromotedPolicies":
        """The policies that were promoted, out of the folder that is given."""
        from lockgate.webhook.promoting.promoted_policies import PromotedPolicies

        promoted, followed = options.promoted, self._followed
        assert promoted is not None and followed is not None
        (folder,) = options.policies
        # Before policies are read for the first time.
        followed.look()
        return PromotedPolicies(
            folder,
            options.cwd,
            lambda: followed.promoted_bundle(promoted.name, promoted.environment, options.cluster_name),
            promoted.name,
            promoted.environment,
        )

    def _settings(self, name: str) -> bytes:
        options = self._options
        settings = WorkerSettings(
            name=name,
            mode=options.mode,
            excluded_namespaces=options.excluded_namespaces,
            namespace_editors=options.namespace_editors,
            guarded_labels=options.guarded_labels,
            enforced_namespaces=options.enforced_namespaces,
            engine=options.engine,
            cache=options.cache,
            token=options.token,
            client_names=options.tls.client_names,
            asker_names=options.tls.asker_names,
            log_format=options.log_format,
            log_level=options.log_level,
            ended_grants=self._glass.ended,
            namespaces="given" if options.cluster is None else "all",
            opa=options.opa,
            provider_certificate=options.providers.certificate,
            provider_key=options.providers.key,
            ledger="" if options.ledger is None else options.ledger.database,
            ledger_cluster="" if options.ledger is None else options.ledger.cluster,
            cluster_name=options.cluster_name,
            living=options.living,
        )
        if self._trail is not None:
            from lockgate.webhook.trail import EVALUATOR

            settings = replace(
                settings,
                trail=self._trail.place,
                master_key=str(self._trail.master_key.absolute()),
                trail_at_a_time=max(2, TRAIL_AT_A_TIME // options.workers),
                evaluator=EVALUATOR,
                spool=os.path.abspath(options.spool) if options.spool else "",
            )
        return render_frame("settings", settings.header())

    def _sweep_settings(self) -> bytes:
        options = self._options
        assert options.cluster is not None
        settings = SweepSettings(
            interval_s=options.sweep_s,
            context=options.cluster.context,
            kubeconfig=options.cluster.kubeconfig,
            engine=options.engine,
            cache=options.cache,
            log_format=options.log_format,
            log_level=options.log_level,
            provider_certificate=options.providers.certificate,
            provider_key=options.providers.key,
            cluster_name=options.cluster_name,
        )
        if self._trail is not None:
            from lockgate.webhook.sweep_rounds import MEMORY
            from lockgate.webhook.trail import EVALUATOR

            settings = replace(
                settings,
                trail=self._trail.place,
                master_key=str(self._trail.master_key.absolute()),
                memory=os.path.abspath(os.path.join(options.trail, MEMORY)),
                evaluator=EVALUATOR,
            )
        return render_frame("settings", settings.header())

    def _event(self, level: Level, event: str, fields: Mapping[str, LogValue]) -> None:
        self._log.write(level, event, fields)

    def _told(self, worker: str, frame: Frame) -> None:
        if frame.kind == "measures":
            self._totals.add(worker, parse_delta(frame.raw))
        elif frame.kind == "coverage" and self._trail is not None:
            told = frame.header
            self._trail.count(told["judged"], told["unmatched"], told["refused"])
        elif frame.kind == "claims" and self._cluster is not None:
            from lockgate.webhook.serving.claims import parse_claims

            self._cluster.claim(parse_claims(frame))

    async def _record_grant(self, event: GlassEvent) -> bool:
        """Whether it is recorded what became of a grant; where nothing is recorded, it is."""
        if self._trail is None:
            return True
        try:
            await asyncio.to_thread(self._trail.tell_grant, event)
        except LockgateError as error:
            told = {"grant": event.grant.name, "event": event.event, "reason": str(error)}
            self._log.write("error", "break-glass not recorded", told)
            return False
        return True

    def _answer_vault(self, peer: socket.socket) -> None:
        if self._trail is None:
            peer.close()
        else:
            self._trail.answer_vault(peer)

    async def run(self) -> None:
        """Serves until it is asked to stop. Raises LockgateError for what cannot be begun with."""
        try:
            await self._serve()
        finally:
            self._compiling.close()
            if self._promotions is not None:
                self._promotions.close()
            if self._trail is not None:
                await asyncio.to_thread(self._trail.close)
                for name, reason in self._trail.unreached:
                    self._log.write("warning", "anchor not reached", {"anchor": name, "reason": reason})

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, self._ends.set)
        wait_s = 0.0 if self._own is None else await asyncio.to_thread(self._own.begin)
        certificates = self._tls.changed()
        assert certificates is not None
        promotions = () if self._promotions is None else self._promotions.first()
        changes = (*self._source.changes(), *self._glass.changes(), *promotions)
        self._show(certificates)
        self._supervisor.start()
        # First: a cluster may take its time, and what waits for it is alive.
        probes = self._start_probes()
        if changes or self._cluster is None:
            await self._publisher.publish(changes)
        if self._cluster is None:
            await self._publisher.release()
        self._log.write("info", "listening", {"address": _shown(self._listener), "mode": self._options.mode})
        if self._trail is None:
            self._log.write("warning", "nothing is recorded", {"hint": "name a trail with --trail"})
        tasks = [loop.create_task(one) for one in self._tasks(wait_s)]
        cluster = self._cluster
        if self._sweep is not None and cluster is not None:
            self._sweep.start(lambda: cluster.leads)
        await self._ends.wait()
        for task in tasks:
            task.cancel()
        if self._sweep is not None:
            # Before another replica may lead.
            await self._sweep.stop()
        if self._quotas is not None:
            await self._quotas.stop()
        if self._cluster is not None:
            await self._cluster.stop()
        await self._drain()
        await self._supervisor.stop()
        if self._cluster is not None:
            await self._cluster.close()
            if self._trail is not None:
                await self._cluster.tell_seen(self._trail, "all")
        if probes is not None:
            await probes.stop(PROBES_GRACE_S)
        self._log.write("info", "stopped", {})
        if self._failure is not None:
            raise self._failure

    def _start_probes(self) -> HttpServer | None:
        if self._options.probes is None:
            return None
        listener = listening(self._options.probes)
        app = ProbesApp(self._broken, self._unready, Metrics(self._totals, self._state))
        server = HttpServer(app, Listening(listener), PROBES, lambda: None)
        server.start()
        self._log.write("info", "probes", {"address": _shown(listener)})
        return server

    async def _watch(self) -> None:
        """Follows the files. What is wrong is told, and what was in force stays."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                # Apart: policies that cannot be read hold up no grant.
                granted = await asyncio.to_thread(self._glass.changes)
                if granted:
                    # At once: a trail that cannot be reached holds up no grant.
                    self._publisher.grant(granted)
                changes = await self._compiling.run(self._source.changes)
                if changes:
                    await self._publisher.publish(changes)
                    self._log.write(
                        "info", "policies changed", {"objects": [str(one.key) for one in changes]}
                    )
            except LockgateError as error:
                self._log.write("error", "policies not read", {"reason": str(error), "hint": error.hint})
            await self._glass.look()
            try:
                certificates = self._tls.changed()
                if certificates is not None:
                    self._show(certificates)
                    self._log.write("info", "certificate changed", {})
                if self._client is not None:
                    # Workers read it by themselves; here is told what is wrong with it.
                    self._client.check()
            except LockgateError as error:
                self._log.write("error", "certificate not read", {"reason": str(error), "hint": error.hint})

    def _show(self, files: TlsFiles) -> None:
        """Workers show these to new connections."""
        self._supervisor.show_certificate(certificate_frame(files))
        try:
            self._ends_of_certificates = certificate_ends(files.certificate, files.client_ca)
        except LockgateError as error:
            # Of a form that TLS takes all the same.
            self._ends_of_certificates = {}
            self._log.write("warning", "end of the certificate not known", {"reason": str(error)})

    async def _cover(self) -> None:
        """Records which minutes are covered."""
        while self._trail is not None:
            await asyncio.sleep(COVERAGE_S)
            try:
                await asyncio.to_thread(self._trail.tick)
            except LockgateError as error:
                self._log.write("error", "coverage not recorded", {"reason": str(error), "hint": error.hint})
            else:
                await self._publisher.record_again()
            if self._cluster is not None:
                await self._cluster.tell_seen(self._trail)

    async def _tend(self, wait_s: float) -> None:
        """Keeps our own certificates; `_watch` sees their files change."""
        own = self._own
        while own is not None:
            await asyncio.sleep(wait_s)
            wait_s = await asyncio.to_thread(own.go_on)

    def _tasks(self, wait_s: float) -> tuple[Coroutine[None, None, None], ...]:
        """What goes on until the end. wait_s: until the own certificates are looked at again."""
        always = self._watch(), self._tell_ready(), self._cover(), self._tend(wait_s), self._follow()
        quotas = () if self._quotas is None else (self._quotas.follow(lambda: self._publisher.is_holding),)
        promotions = (
            ()
            if self._promotions is None
            else (self._go_on("promotions not followed", self._promotions.follow()),)
        )
        return *always, *quotas, *promotions

    async def _follow(self) -> None:
        """Follows the cluster."""
        if self._cluster is None:
            return
        left = None if self._trail is None else self._trail.left_claims
        await self._go_on(
            "cluster not followed",
            self._cluster.follow(),
            self._cluster.keep_rules(),
            self._cluster.look_for_claims(left),
        )

    async def _go_on(self, event: str, *without_end: Coroutine[None, None, None]) -> None:
        """What must not end by itself: changes would not be in force. The server ends then, and is started anew."""
        try:
            await asyncio.gather(*without_end)
        except Exception as error:  # noqa: BLE001 - whatever it is
            self._log.write("error", event, {"reason": f"{type(error).__name__}: {error}"})
            self._failure = error
            self._ends.set()

    async def _tell_ready(self) -> None:
        while self._unready():
            await asyncio.sleep(0.02)
        self._log.write("info", "ready", {"workers": self._supervisor.serving, "digest": self._live.digest})

    def _broken(self) -> str:
        """What only a new start mends."""
        return "" if self._is_draining or self._supervisor.is_accepting else "nothing accepts connections"

    def _unready(self) -> str:
        if self._is_draining:
            return "the server is stopping"
        if self._cluster is not None and self._publisher.is_holding:
            return self._cluster.lacking
        if self._live.state is None:
            return "policies are not loaded yet"
        if not self._supervisor.is_ready:
            return f"{self._supervisor.serving} of {self._options.workers} workers answer"
        if self._quotas is not None and self._quotas.lacking:
            return self._quotas.lacking
        if self._promotions is not None and self._promotions.lacking:
            return self._promotions.lacking
        wrong = self._supervisor.digests - {self._live.digest}
        if wrong and self._supervisor.is_settled and not self._publisher.is_publishing:
            return "workers decide with another state than main"
        return ""

    def _state(self) -> ServerState:
        state = self._live.state
        policies: tuple[PolicyKey, ...] = ()
        exemptions = ExemptionCounts()
        drift = 0 if self._cluster is None else self._cluster.policy_drift
        if state is not None:
            policies = tuple([one.key for one in state.gate.policies.policies])
            exemptions = self._exemptions.count(state.gate.exemptions, policies, time.time_ns())
        return ServerState(
            is_ready=not self._unready(),
            workers=self._supervisor.serving,
            worker_restarts=self._supervisor.restarts,
            policies=policies,
            # Files that cannot be read are one more: which policies they were is not known.
            policy_problems=len(self._live.problems) + int(self._source.is_behind),
            webhook_problems=0 if self._cluster is None else self._cluster.webhook_problems,
            policy_drift=drift,
            inventory={
                str(kind): len(self._supervisor.objects.of_kind(kind))
                for kind in self._supervisor.objects.kinds
            },
            last_change_s=self._publisher.changed_s,
            certificates={**self._ends_of_certificates, **({} if self._own is None else self._own.ends)},
            exemptions=exemptions,
            grants=self._glass.states,
            trail=None if self._trail is None else self._trail.state(),
            sweep=() if self._sweep is None else self._sweep.samples,
            quotas=() if self._quotas is None else self._quotas.samples,
            promotions=() if self._promotions is None else self._promotions.samples,
        )

    async def _drain(self) -> None:
        """Lets clients go elsewhere: readiness is gone, and each answer ends its connection."""
        self._is_draining = True
        self._log.write("info", "stopping", {"drain": f"{self._options.drain_s:g} s"})
        self._supervisor.drain()
        if self._options.drain_s > 0:
            await asyncio.sleep(self._options.drain_s)


def _follow_promotions(options: ServeOptions) -> "FollowedPromotions | None":
    """What follows a trail's promotions; None where there is none. Raises LockgateError for a home that is none."""
    home = options.providers.promotions
    if not home:
        return None
    # The log's code is needed by servers that read one.
    from lockgate.webhook.promoting.followed_promotions import FollowedPromotions
    from lockgate.webhook.trail import open_trail

    open_trail(home).close()
    return FollowedPromotions(home, time.monotonic)


def _client_files(options: ProviderOptions) -> ClientFiles | None:
    """The files of the certificate that providers are shown. Raises UsageError for what cannot be used."""
    if not options.certificate:
        return None
    found = ClientFiles(options.certificate, options.key)
    found.check()
    return found


def _command(*descriptors: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "lockgate.webhook.app.worker_main", *map(str, descriptors))


def _sweep_command(*descriptors: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "lockgate.webhook.app.sweep_main", *map(str, descriptors))


def _open_trail(options: ServeOptions) -> "ReplicaTrail | None":
    if not options.trail:
        return None
    # The log's code is needed by servers that record.
    from lockgate.webhook.serving.replica_trail import ReplicaTrail

    told = {
        "mode": options.mode,
        "enforcedNamespaces": ", ".join(sorted(set(options.enforced_namespaces))),
        "excludedNamespaces": ", ".join(sorted(set(options.excluded_namespaces))),
        "namespaceEditors": ", ".join(sorted(set(options.namespace_editors))),
    }
    if options.guarded_labels:
        told["guardedLabels"] = ", ".join(sorted(set(options.guarded_labels)))
    if options.node_agents:
        told["nodeAgents"] = ", ".join(sorted(set(options.node_agents)))
    return ReplicaTrail(options.trail, told)


def _open_cluster(
    options: ServeOptions, live: LiveGate, publisher: Publisher, drift: DriftKeeper | None, log: Log
) -> ClusterKeeper | None:
    if options.cluster is None:
        return None
    # The client is needed by servers that follow a cluster.
    from lockgate.webhook.cluster.follower import ClusterFollower

    return ClusterKeeper(ClusterFollower(options.cluster), live, publisher, log, drift)


def listening(address: Address) -> socket.socket:
    """A listening socket. Raises UsageError."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((address.host, address.port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise UsageError(
            f"cannot listen on {address}: {os_reason(error)}",
            hint="name another address with --listen or --probes",
        ) from None
    return made


def _shown(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return str(Address(host, port))


def run_main(options: ServeOptions) -> None:
    """Serves until SIGTERM. Raises LockgateError for what cannot be begun with."""
    with process_log("main", format=options.log_format, level=options.log_level) as log:

        async def run() -> None:
            await Main(options, log).run()

        with suppress(KeyboardInterrupt):
            asyncio.run(run())
