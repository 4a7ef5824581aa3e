"""Main's side of the sweep's process: it runs while this replica leads, is told everything, and is started anew."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.sweep_keeper import SweepKeeper, SweepSpawn
from lockgate.webhook.serving.feed import render_frame
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects

SECONDS = 60.0
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
# Writes down what it is told, and answers each change with a sample; it ends when it is told to, or does not.
PROCESS = """
import json, os, signal, socket, sys
from lockgate.webhook.serving.feed import FrameReader, render_frame
_, place, ends, feed, vault = sys.argv
peer, frames = socket.socket(fileno=int(feed)), FrameReader()
with open(place, "a") as told:
    while data := peer.recv(65536):
        for frame in frames.feed(data):
            print(json.dumps([os.getpid(), frame.kind, frame.header]), file=told, flush=True)
            if frame.kind == "changes":
                sample = ["lockgate_sweep_objects", [], frame.header["sequence"]]
                peer.sendall(render_frame("swept", {"samples": [sample]}))
            if frame.kind == "stop" and ends == "ends":
                sys.exit(0)
"""


class Sink:
    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def write(self, line: bytes) -> bool:
        self.lines.append(json.loads(line))
        return True


class Kept:
    """A keeper of a process, and who leads."""

    def __init__(self, folder: Path, ends: str = "ends") -> None:
        self.place = folder / "told"
        self.place.touch()
        self.sink = Sink()
        self.leads = False
        self.objects = Objects()
        log = Log(self.sink, format="json", level="info", process="main", now_ns=lambda: 0)
        spawn = SweepSpawn(
            lambda *numbers: (sys.executable, "-c", PROCESS, str(self.place), ends, *map(str, numbers)),
            lambda: render_frame("settings", {"interval_s": 1}),
            lambda vault: vault.close(),
        )
        self.keeper = SweepKeeper(spawn, self.objects, log)

    def told(self) -> list[Any]:
        return [
            json.loads(line)
            for line in self.place.read_text().splitlines(keepends=True)
            if line.endswith("\n")
        ]

    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.told()]

    def publish(self, name: str) -> None:
        change = Change(ObjectKey(CONFIG_MAP, "a", name), b"{}")
        self.objects.apply([change])
        self.keeper.publish([change], frozenset())

    def looked(self) -> float:
        (value,) = [value for name, _, value in self.keeper.samples if name == "lockgate_sweep_objects"]
        return value

    async def until(self, is_done: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not is_done():
                await asyncio.sleep(0.01)


def run(kept: Kept, story: Callable[[Kept], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        kept.keeper.start(lambda: kept.leads)
        try:
            await story(kept)
        finally:
            await kept.keeper.stop()

    asyncio.run(told())


def test_it_runs_while_this_replica_leads_and_is_told_everything(tmp_path: Path) -> None:
    async def story(kept: Kept) -> None:
        kept.publish("before")
        kept.leads = True
        await kept.until(lambda: kept.looked() == 1)
        kept.publish("later")
        await kept.until(lambda: kept.looked() == 2)
        kept.leads = False
        await kept.until(lambda: kept.looked() == 0)
        assert kept.kinds() == ["settings", "changes", "changes", "stop"]
        kept.publish("while another leads")
        kept.leads = True
        await kept.until(lambda: kept.looked() == 3)
        last = kept.told()[-1][2]
        assert [one[4] for one in last["objects"]] == ["before", "later", "while another leads"]

    kept = Kept(tmp_path)
    run(kept, story)
    assert kept.kinds()[-1] == "stop"
    assert len({pid for pid, _, _ in kept.told()}) == 2
    assert kept.sink.lines == []


def test_what_dies_is_started_anew(tmp_path: Path) -> None:
    async def story(kept: Kept) -> None:
        import os

        kept.leads = True
        await kept.until(lambda: kept.kinds() == ["settings", "changes"])
        os.kill(kept.told()[0][0], signal.SIGKILL)
        await kept.until(lambda: kept.kinds() == ["settings", "changes"] * 2)

    kept = Kept(tmp_path)
    run(kept, story)
    (line,) = kept.sink.lines
    assert (line["event"], line["reason"]) == ("sweep ended", "its code is -9")


def test_what_does_not_end_is_killed(tmp_path: Path) -> None:
    async def story(kept: Kept) -> None:
        kept.leads = True
        await kept.until(lambda: kept.kinds() == ["settings", "changes"])

    kept = Kept(tmp_path, ends="stays")
    run(kept, story)
    assert kept.kinds() == ["settings", "changes", "stop"]


def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    sink = Sink()
    log = Log(sink, format="json", level="info", process="main", now_ns=lambda: 0)
    spawn = SweepSpawn(
        lambda *numbers: (str(tmp_path / "nothing"),), lambda: b"", lambda vault: vault.close()
    )
    keeper = SweepKeeper(spawn, Objects(), log)

    async def story() -> None:
        keeper.start(lambda: True)
        async with asyncio.timeout(SECONDS):
            while not sink.lines:
                await asyncio.sleep(0.01)
        await keeper.stop()

    asyncio.run(story())
    assert sink.lines[0]["event"] == "sweep ended"
    assert "cannot be started" in sink.lines[0]["reason"]
