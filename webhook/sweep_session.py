"""A run of `lockgate sweep`: what it is put together from, and its passes."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Final, final

import click
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.errors import LockgateError
from lockgate.engine.record import changed, record
from lockgate.gatekeeper.external_data.kinds import PROMOTIONS_PROVIDER
from lockgate.gatekeeper.template import EngineChoice
from lockgate.webhook.cluster.connection import open_client
from lockgate.webhook.cluster.leases import ClusterLease, Leadership
from lockgate.webhook.cluster.sweep_run import Followed, SweepParts, SweepResult, SweepRun
from lockgate.webhook.cluster.sweep_writer import SweepWriter
from lockgate.webhook.cluster.sweeping import SweepEndedError
from lockgate.webhook.inventory_options import ExternalRequest
from lockgate.webhook.metrics_port import MetricsPort
from lockgate.webhook.policy_sources import Sources, names_bundle
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_state import LiveSettings, Provide
from lockgate.webhook.serving.objects import Change, ObjectKey
from lockgate.webhook.serving.sweep import Sweep, VerdictChange
from lockgate.webhook.serving.sweep_memory import read_memory
from lockgate.webhook.serving.sweep_metrics import CONTENT_TYPE, SweepNumbers, render_sweep_metrics
from lockgate.webhook.sweep_rounds import MEMORY, SweepRounds
from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    # Imported where there is a trail.
    from lockgate.webhook.sweep_recording import SweepRecording

_STEP_S: Final = 0.5


@record
class SweepOptions:
    """What the command line says. trail, lease, probes, cache: None without one. external: who answers for external data.

    cluster_name: as an EnvironmentMap calls the cluster.
    """

    policies: tuple[str, ...]
    exemptions: tuple[str, ...]
    cwd: str
    context: str
    trail: str | None
    write: bool
    lease: str | None
    probes: tuple[str, int] | None
    engine: EngineChoice
    cache: CodeCache | None
    external: ExternalRequest = ExternalRequest()
    cluster_name: str = ""


@final
class SweepStanding:
    """Whether passes are to be made. leadership: None: always, until the process is to end."""

    def __init__(self) -> None:
        self.leadership: Leadership | None = None
        self.was_leader = False
        self._ends: Final = Event()

    def goes_on(self) -> bool:
        """Is this replica the one that sweeps, and not asked to end?"""
        self.was_leader = self.leadership is None or self.leadership.is_leader()
        return self.was_leader and not self._ends.is_set()

    @property
    def is_to_end(self) -> bool:
        """Is the process asked to end?"""
        return self._ends.is_set()

    def end(self, number: int, frame: FrameType | None) -> None:
        """The handler of signals."""
        self._ends.set()

    def release(self) -> None:
        """Lets another replica lead."""
        if self.leadership is not None:
            self.leadership.release()


@final
class SweepSession:
    """Passes, and what goes on between them."""

    def __init__(
        self,
        run: SweepRun,
        rounds: SweepRounds,
        recording: "SweepRecording | None",
        standing: "SweepStanding",
    ) -> None:
        self._run: Final = run
        self._rounds: Final = rounds
        self._recording: Final = recording
        self._standing: Final = standing

    @property
    def failure(self) -> str:
        """Why the trail has not all of it; "" when it has."""
        return "" if self._recording is None else self._recording.failure

    def run_pass(self) -> SweepResult:
        """One pass."""
        return self._rounds.run_pass()

    def go_on(self, every_s: float, show: Callable[[SweepResult], None]) -> None:
        """Passes until the process is asked to end. What fails is told, and tried again with the next pass."""
        standing = self._standing
        before = {one: signal.signal(one, standing.end) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            due = time.monotonic()
            while not standing.is_to_end:
                if time.monotonic() >= due and standing.goes_on():
                    due = time.monotonic() + every_s
                    self._try_pass(show)
                self._follow()
        finally:
            standing.release()
            for one, handler in before.items():
                signal.signal(one, handler)

    def metrics(self) -> str:
        """Prometheus' text of what the last pass has come to; asked by another thread."""
        numbers = changed(self._rounds.numbers, is_leader=self._standing.was_leader)
        if not numbers.is_leader:
            # What was found while it led is another's to tell now.
            return render_sweep_metrics(SweepNumbers(judged=numbers.judged, changed=numbers.changed), ())
        return render_sweep_metrics(numbers, self._rounds.totals)

    def _try_pass(self, show: Callable[[SweepResult], None]) -> None:
        try:
            show(self.run_pass())
            if self.failure:
                click.echo(f"error: the trail has not all of it: {printable(self.failure)}", err=True)
        except SweepEndedError:
            # Whoever leads now makes it.
            return
        except LockgateError as error:
            _tell(error)

    def _follow(self) -> None:
        try:
            self._run.follow(_STEP_S)
        except LockgateError as error:
            # Files that are wrong now: what was in force stays.
            _tell(error)


def _tell(error: LockgateError) -> None:
    hint = f" ({printable(error.hint)})" if error.hint else ""
    click.echo(f"error: {printable(error.message)}{hint}", err=True)


def open_session(options: SweepOptions, stack: ExitStack) -> SweepSession:
    """What is named, opened, and the cluster asked until it has told what decides. Raises LockgateError."""
    settings = LiveSettings(
        engine=options.engine,
        cache=options.cache,
        point="audit.gatekeeper.sh",
        provide=open_provide(options.external, stack),
        cluster_name=options.cluster_name,
    )
    files = _files(options, settings, stack)
    recording = None if options.trail is None else _recording(options.trail, stack)
    memory = "" if options.trail is None else str(Path(options.trail, MEMORY))
    sweep = Sweep(read_memory(memory) if memory else {})
    api = open_client(options.context)
    stack.callback(api.close)
    tell = _all_told if recording is None else recording.record
    standing = SweepStanding()
    writer = SweepWriter(api) if options.write else None
    parts = SweepParts(sweep, tell, writer, time.time_ns, standing.goes_on)
    followed = Followed("files" if options.policies else "cluster", files)
    run = SweepRun(api, parts, settings, followed, Random())  # noqa: S311 - spreads what replicas do
    stack.callback(run.close)
    run.settle()
    if options.lease is not None:
        namespace, _, name = options.lease.partition("/")
        identity = f"{socket.gethostname()}-{os.getpid()}"
        standing.leadership = Leadership(ClusterLease(api, namespace, name), identity, time.monotonic)
    session = SweepSession(run, SweepRounds(run.run_pass, sweep, memory), recording, standing)
    if options.probes is not None:
        port = MetricsPort(options.probes, session.metrics, CONTENT_TYPE, lambda: "")
        stack.callback(port.close)
        click.echo(f"probes and metrics on port {port.port}", err=True)
    return session


def _files(
    options: SweepOptions, settings: LiveSettings, stack: ExitStack
) -> Callable[[], Sequence[Change]] | None:
    """Changes of what is in files, and of the promotions of a trail; None where none are named."""
    external = options.external
    spoken_for = frozenset({PROMOTIONS_PROVIDER}) if external.promotions else frozenset[str]()
    source = None
    if options.policies or external.files or external.models:
        source = FolderSource(
            _sources(options),
            options.exemptions,
            options.cwd,
            settings,
            external.files,
            external.models,
            spoken_for,
        ).changes
    if not external.promotions:
        return source
    from lockgate.webhook.extras import require_audit

    require_audit()
    from lockgate.webhook.promoting.followed_promotions import KEY, FollowedPromotions
    from lockgate.webhook.trail import open_trail

    # A home that is none is told at once.
    open_trail(external.promotions).close()
    followed = FollowedPromotions(external.promotions, time.monotonic)
    stack.callback(followed.close)
    told = b""

    def changes() -> Sequence[Change]:
        nonlocal told
        made = () if source is None else source()
        followed.look()
        if followed.told == told:
            return made
        told = followed.told
        if followed.trouble:
            click.echo(f"error: promotions not read: {printable(followed.trouble)}", err=True)
        return (*made, Change(KEY, told))

    return changes


def open_provide(request: ExternalRequest, stack: ExitStack) -> Provide | None:
    """Who answers for Providers; nobody, where they are not to be asked. Raises UsageError for a wrong client certificate."""
    if not request.providers:
        return None
    from lockgate.gatekeeper.external_data.client_certificate import ClientFiles
    from lockgate.webhook.serving.live_https import LiveHttps

    client = ClientFiles(request.certificate, request.key) if request.certificate else None
    if client is not None:
        client.check()
    https = LiveHttps(client)
    stack.callback(https.close)
    return https.provide


def _sources(options: SweepOptions) -> Sources:
    if not any(map(names_bundle, options.policies)):
        return options.policies
    from lockgate.webhook.policy_bundle.opening import Opening

    return Opening(options.cwd, None, None).open(options.policies)


def _recording(home: str, stack: ExitStack) -> "SweepRecording":
    from lockgate.webhook.extras import require_audit

    require_audit()
    from lockgate.webhook.sweep_recording import SweepRecording
    from lockgate.webhook.trail import open_trail

    trail = stack.enter_context(open_trail(home))
    appending = stack.enter_context(trail.appending())
    return SweepRecording(trail.recorder(), appending.appender.submit)


def _all_told(changes: Sequence[VerdictChange]) -> Iterable[ObjectKey]:
    return [change.key for change in changes]
