"""Main's side of its workers: it starts them, starts anew what dies, tells each of them all that it knows, and stops them."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, final

from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.webhook.serving.acceptor import Acceptor, door_pair
from lockgate.webhook.serving.feed import Frame, FrameReader, render_changes, render_frame
from lockgate.webhook.serving.objects import Change, Objects

# From one start of a worker to the next one, doubled while it dies at once.
FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
# One that lived so long begins with the first pause again.
LIVED_S: Final = 60.0
# What a worker may take to end, beyond the grace that it gives answers.
END_S: Final = 40.0
_RECEIVED: Final = 1 << 18

Severity = Literal["info", "warning", "error"]
# Frames for a process, or what makes them once their turn has come.
Outgoing = asyncio.Queue[Callable[[], Sequence[bytes]]]


@record
class WorkerSpawn:
    """How workers are started. command: given the descriptors of its door, the feed and the vault; settings: the
    first frame, given the worker's name.
    """

    command: Callable[[int, int, int], Sequence[str]]
    settings: Callable[[str], bytes]
    count: int


@record
class Hooks:
    """What main does with what workers tell. event: for the log. frame: what the supervisor does not know itself.

    vault: answers a worker's questions for keys of namespaces, on a socket, until its other side ends.
    """

    event: Callable[[Severity, str, Mapping[str, str | int]], None]
    frame: Callable[[str, Frame], None]
    gone: Callable[[str], None]
    vault: Callable[[socket.socket], None]


@dataclass(slots=True)
class _Worker:
    """A running one. door: through which it gets connections, the acceptor's once it serves. outgoing: frames, or what makes them; sequence: the last that it has applied."""

    name: str
    pid: int
    door: socket.socket
    outgoing: Outgoing = field(default_factory=asyncio.Queue)
    sequence: int = 0
    digest: str = ""
    is_serving: bool = False


@final
class Supervisor:
    """Runs workers, to which connections of one listening socket are given. Used on one event loop."""

    def __init__(self, spawn: WorkerSpawn, listener: socket.socket, hooks: Hooks) -> None:
        self._spawn = spawn
        self._acceptor = Acceptor(listener)
        self._hooks = hooks
        self._objects = Objects()
        self._covered: frozenset[GroupVersionKind] = frozenset()
        self._sequence = 0
        self._certificate: bytes = b""
        self._ledger: bytes = b""
        self._workers: dict[str, _Worker] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._all_served = False
        self.restarts = 0

    @property
    def objects(self) -> Objects:
        """What was told."""
        return self._objects

    @property
    def serving(self) -> int:
        """How many workers answer."""
        return sum([one.is_serving for one in self._workers.values()])

    @property
    def is_accepting(self) -> bool:
        """Whether what accepts connections still runs."""
        return self._acceptor.is_running

    @property
    def is_ready(self) -> bool:
        """Whether requests may come: all workers answered once, and some do now."""
        return self._all_served and self.serving > 0

    @property
    def digests(self) -> frozenset[str]:
        """What the workers decide with, those that have applied all that was told."""
        return frozenset([one.digest for one in self._workers.values() if one.sequence == self._sequence])

    @property
    def is_settled(self) -> bool:
        """Whether every worker has applied all that was told."""
        behind = [one for one in self._workers.values() if one.sequence != self._sequence]
        return len(self._workers) == self._spawn.count and not behind

    def start(self) -> None:
        """Starts the workers; they answer once something is published."""
        loop = asyncio.get_running_loop()
        names = [f"worker-{number + 1}" for number in range(self._spawn.count)]
        self._tasks = [loop.create_task(self._keep(name)) for name in names]

    def publish(self, changes: Sequence[Change], covered: frozenset[GroupVersionKind]) -> None:
        """Tells every worker, now and those to come."""
        self._objects.apply(changes)
        self._covered = covered
        self._sequence += 1
        sequence = self._sequence
        for worker in self._workers.values():
            worker.outgoing.put_nowait(lambda: [*render_changes(sequence, changes, covered)])

    def show_certificate(self, frame: bytes) -> None:
        """What workers show from now on, as a frame."""
        self._certificate = frame
        self._tell_all(frame)

    def tell_ledger(self, frame: bytes) -> None:
        """What workers know of the quotas' ledger from now on, as a frame."""
        self._ledger = frame
        self._tell_all(frame)

    def drain(self) -> None:
        """Each answer from now on ends its connection."""
        self._tell_all(render_frame("draining", {}))

    def _tell_all(self, frame: bytes) -> None:
        for worker in self._workers.values():
            worker.outgoing.put_nowait(lambda: [frame])

    async def stop(self) -> None:
        """Ends the workers: requests that are there are still answered."""
        self._stopping.set()
        await asyncio.to_thread(self._acceptor.close)
        self._tell_all(render_frame("stop", {}))
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=END_S)
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
        if late:
            await asyncio.wait(late)

    async def _keep(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = loop.time()
            try:
                code = await self._run(name)
            except OSError as error:
                self._hooks.event("error", "worker not started", {"worker": name, "reason": str(error)})
                code = None
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE_S if loop.time() - began > LIVED_S else pause
            if code is not None:
                told: dict[str, str | int] = {"worker": name, "code": code, "pause": f"{pause:g} s"}
                self._hooks.event("error", "worker ended", told)
            self.restarts += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _run(self, name: str) -> int:
        """Runs one worker to its end, and gives the exit code."""
        ours, theirs = socket.socketpair()
        vault, asking = socket.socketpair()
        door, entrance = door_pair()
        with theirs, asking, entrance:
            descriptors = (entrance.fileno(), theirs.fileno(), asking.fileno())
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._spawn.command(*descriptors),
                    pass_fds=descriptors,
                    stdin=asyncio.subprocess.DEVNULL,
                )
            except OSError:
                ours.close()
                vault.close()
                door.close()
                raise
        self._hooks.vault(vault)
        worker = _Worker(name, process.pid, door)
        reader, writer = await asyncio.open_connection(sock=ours)
        self._greet(worker)
        self._workers[name] = worker
        sending = asyncio.get_running_loop().create_task(send_frames(worker.outgoing, writer))
        try:
            await self._listen(worker, reader)
        finally:
            del self._workers[name]
            if not worker.is_serving:
                door.close()
            self._hooks.gone(name)
            sending.cancel()
            writer.close()
        try:
            return await asyncio.wait_for(process.wait(), END_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            return await process.wait()

    def _greet(self, worker: _Worker) -> None:
        put = worker.outgoing.put_nowait
        settings = self._spawn.settings(worker.name)
        put(lambda: [settings])
        if self._certificate:
            certificate = self._certificate
            put(lambda: [certificate])
        if self._ledger:
            ledger = self._ledger
            put(lambda: [ledger])
        if self._sequence:
            sequence, everything, covered = self._sequence, [*self._objects.everything()], self._covered
            put(lambda: [*render_changes(sequence, everything, covered)])
        if self._stopping.is_set():
            put(lambda: [render_frame("stop", {})])

    async def _listen(self, worker: _Worker, reader: asyncio.StreamReader) -> None:
        async for frame in read_frames(reader):
            self._take(worker, frame)

    def _take(self, worker: _Worker, frame: Frame) -> None:
        if frame.kind == "applied":
            worker.sequence = frame.header["sequence"]
            worker.digest = frame.header["digest"]
        elif frame.kind == "serving":
            if not worker.is_serving:
                worker.is_serving = True
                self._acceptor.add(worker.door)
            if self.serving == self._spawn.count:
                self._all_served = True
        else:
            self._hooks.frame(worker.name, frame)


async def send_frames(outgoing: Outgoing, writer: asyncio.StreamWriter) -> None:
    """Sends what waits, until it is cancelled or the other side ends."""
    with suppress(ConnectionError):
        while True:
            make = await outgoing.get()
            for frame in make():
                writer.write(frame)
                await writer.drain()


async def read_frames(reader: asyncio.StreamReader) -> AsyncIterator[Frame]:
    """What the other side tells, until it ends."""
    frames = FrameReader()
    with suppress(ConnectionError):
        while data := await reader.read(_RECEIVED):
            for frame in frames.feed(data):
                yield frame
