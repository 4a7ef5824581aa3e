"""Main's side of the sweep: a process that runs while this replica leads, is told what workers are told, and tells what it found."""

import asyncio
import socket
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, final

from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.webhook.app.logs import Log
from lockgate.webhook.serving.feed import FeedError, Frame, render_changes, render_frame
from lockgate.webhook.serving.objects import Change, Objects
from lockgate.webhook.serving.supervisor import (
    FIRST_PAUSE_S,
    LIVED_S,
    LONGEST_PAUSE_S,
    Outgoing,
    read_frames,
    send_frames,
)
from lockgate.webhook.serving.sweep_metrics import SweepNumbers, sweep_samples

# How often it is looked whether this replica leads.
LOOK_S: Final = 0.5
# What it may take to end: it looks up behind each page of objects. Another replica leads 5 s after this one has given up.
END_S: Final = 3.0

# A family's name, the values of its labels, and the value.
Samples = Sequence[tuple[str, tuple[str, ...], float]]


@record
class SweepSpawn:
    """How it is started. command: given the descriptors of its feed and the vault; settings: its first frame.

    vault: answers its questions for keys of namespaces, on a socket, until its other side ends.
    """

    command: Callable[[int, int], Sequence[str]]
    settings: Callable[[], bytes]
    vault: Callable[[socket.socket], None]


@final
class SweepKeeper:
    """Used on main's event loop. objects: everything that was told, which is there when `publish` is called."""

    def __init__(self, spawn: SweepSpawn, objects: Objects, log: Log) -> None:
        self._spawn: Final = spawn
        self._objects: Final = objects
        self._log: Final = log
        self._covered: frozenset[GroupVersionKind] = frozenset()
        self._sequence = 0
        self._outgoing: Outgoing | None = None
        self._stopping: Final = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._samples: Samples = _nothing()

    @property
    def samples(self) -> Samples:
        """What metrics show: nothing where another replica leads."""
        return self._samples

    def publish(self, changes: Sequence[Change], covered: frozenset[GroupVersionKind]) -> None:
        """Tells the process, now or once it is started."""
        self._covered = covered
        self._sequence += 1
        sequence = self._sequence
        if self._outgoing is not None:
            self._outgoing.put_nowait(lambda: [*render_changes(sequence, changes, covered)])

    def start(self, leads: Callable[[], bool]) -> None:
        """Runs the process whenever this replica leads."""
        self._keeping = asyncio.get_running_loop().create_task(self._keep(leads))

    async def stop(self) -> None:
        """Ends the process, and starts none any more."""
        self._stopping.set()
        if self._keeping is not None:
            await self._keeping

    async def _keep(self, leads: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            if not leads():
                await self._wait(LOOK_S)
                continue
            began = loop.time()
            reason = await self._run(leads)
            if not reason:
                continue
            pause = FIRST_PAUSE_S if loop.time() - began > LIVED_S else pause
            self._log.write("error", "sweep ended", {"reason": reason, "pause": f"{pause:g} s"})
            await self._wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _run(self, leads: Callable[[], bool]) -> str:
        """Runs one process to its end, and tells how it ended; "" where it was told to."""
        ours, theirs = socket.socketpair()
        vault, asking = socket.socketpair()
        with theirs, asking:
            descriptors = (theirs.fileno(), asking.fileno())
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._spawn.command(*descriptors), pass_fds=descriptors, stdin=asyncio.subprocess.DEVNULL
                )
            except OSError as error:
                ours.close()
                vault.close()
                return f"it cannot be started: {error}"
        self._spawn.vault(vault)
        reader, writer = await asyncio.open_connection(sock=ours)
        outgoing = self._outgoing = self._greeting()
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        beside = [
            loop.create_task(send_frames(outgoing, writer)),
            loop.create_task(self._end(leads, process, outgoing, told)),
        ]
        try:
            async for frame in read_frames(reader):
                if frame.kind == "swept":
                    self._samples = _samples_of(frame)
        except FeedError as error:
            return error.message
        finally:
            self._outgoing, self._samples = None, _nothing()
            for task in beside:
                task.cancel()
            writer.close()
            code = await _reaped(process)
        return "" if told.is_set() else f"its code is {code}"

    def _greeting(self) -> Outgoing:
        """What a new process is told."""
        outgoing: Outgoing = asyncio.Queue()
        settings = self._spawn.settings()
        outgoing.put_nowait(lambda: [settings])
        sequence, everything, covered = self._sequence, [*self._objects.everything()], self._covered
        outgoing.put_nowait(lambda: [*render_changes(sequence, everything, covered)])
        return outgoing

    async def _end(
        self, leads: Callable[[], bool], process: Process, outgoing: Outgoing, told: asyncio.Event
    ) -> None:
        """Ends the process once this replica leads no longer, or stops."""
        while leads() and not self._stopping.is_set():
            await self._wait(LOOK_S)
        told.set()
        outgoing.put_nowait(lambda: [render_frame("stop", {})])
        await asyncio.sleep(END_S)
        _kill(process)


async def _reaped(process: Process) -> int:
    """The exit code of a process that has closed its side, or is not listened to any more."""
    try:
        return await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        _kill(process)
        return await process.wait()


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def _samples_of(frame: Frame) -> Samples:
    return tuple([(name, tuple(labels), value) for name, labels, value in frame.header["samples"]])


def _nothing() -> Samples:
    return tuple(
        [(family.name, labels, value) for family, labels, value in sweep_samples(SweepNumbers(), ())]
    )
