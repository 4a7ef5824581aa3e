"""Loads a log behind HTTP, ours or another, and takes the time until each entry can be proven.

An entry can be proven once a published checkpoint is larger than its index. The checkpoint is asked for every few
milliseconds on a connection of its own, so that a time is too long by that much at most, for every log alike.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.processes import running
from tests.e2e.programs import place_of

POLL_SECONDS = 0.004
# How long the last entries are waited for.
END_SECONDS = 30.0
HAMMER_LOG = "hammer.log"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds, an entry each: from when it was due until its index came, and until it could be proven."""

    acknowledged: Sequence[float]
    provable: Sequence[float]
    per_second: float


def percentile(times: Sequence[float], share: float) -> float:
    """The time that `share` of all do not exceed."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


class _Connection:
    """One kept connection that speaks as much HTTP as logs do."""

    def __init__(self, host: str, port: int) -> None:
        self._place = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        head = f"{method} {path} HTTP/1.1\r\nHost: log\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answered = await reader.readuntil(b"\r\n\r\n")
        lines = answered.decode("latin-1").lower().split("\r\n")
        size = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        text = await reader.readexactly(size)
        if " 200 " not in answered.decode("latin-1").split("\r\n")[0]:
            raise OSError(f"{method} {path}: {lines[0]}: {text[:200]!r}")
        return text

    async def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            await self._streams[1].wait_closed()


class _Probe:
    """Posts entries at a rate, and watches the checkpoint."""

    def __init__(self, url: str, label: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._place = (parts.hostname, parts.port)
        self._label = label
        self._idle: list[_Connection] = []
        self._all: list[_Connection] = []
        self._waiting: list[tuple[int, float]] = []
        self.acknowledged: list[float] = []
        self.provable: list[float] = []
        self.sizes: list[tuple[float, int]] = []

    def _connect(self) -> _Connection:
        made = _Connection(*self._place)
        self._all.append(made)
        return made

    async def _post(self, number: int, due: float) -> None:
        connection = self._idle.pop() if self._idle else self._connect()
        # Entries are of the size of a decision's.
        entry = json.dumps({"probe": self._label, "n": number, "filling": "x" * 400}).encode()
        index = int((await connection.ask("POST", "/add", entry)).split(b"\n")[0])
        self.acknowledged.append(time.perf_counter() - due)
        self._idle.append(connection)
        self._waiting.append((index, due))

    async def _watch(self) -> None:
        connection = self._connect()
        while True:
            note = await connection.ask("GET", "/checkpoint")
            size = int(note.split(b"\n")[1])
            now = time.perf_counter()
            if not self.sizes or size != self.sizes[-1][1]:
                self.sizes.append((now, size))
            self.provable += [now - due for index, due in self._waiting if index < size]
            self._waiting = [one for one in self._waiting if one[0] >= size]
            await asyncio.sleep(POLL_SECONDS)

    async def run(self, per_second: float, seconds: float) -> None:
        watching = asyncio.create_task(self._watch())
        start = time.perf_counter() + 0.05
        posts: list[asyncio.Task[None]] = []
        for number in range(int(per_second * seconds)):
            due = start + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            posts.append(asyncio.create_task(self._post(number, due)))
        await asyncio.gather(*posts)
        end = time.perf_counter() + END_SECONDS
        while self._waiting and not watching.done():
            assert time.perf_counter() < end, f"{len(self._waiting)} entries are in no checkpoint"
            await asyncio.sleep(POLL_SECONDS)
        if not watching.done():
            watching.cancel()
        try:
            await watching
        except asyncio.CancelledError:
            pass
        for connection in self._all:
            await connection.close()


def paced(url: str, per_second: float, seconds: float, label: str) -> Times:
    """Times at a steady rate of entries."""
    probe = _Probe(url, label)
    asyncio.run(probe.run(per_second, seconds))
    return Times(probe.acknowledged, probe.provable, per_second)


def hammered(url: str, vkey: str, writers: int, seconds: float, folder: Path) -> Times:
    """Times of a few entries while Tessera's hammer adds with `writers` as fast as it can, and what it gets in."""
    command: list[str | Path] = [place_of("hammer"), f"--log_url={url}", f"--log_public_key={vkey}"]
    command += [f"--num_writers={writers}", "--max_write_ops=20000", "--dup_chance=0", "--leaf_min_size=400"]
    # It reads too, as auditors do.
    command += ["--num_readers_full=1", "--num_readers_random=1", "--max_read_ops=20", "--show_ui=false"]
    log = folder / HAMMER_LOG
    with running(command, log) as process:
        # The connections are made, and the first of its bursts is over.
        time.sleep(3)
        probe = _Probe(url, f"beside {writers}")
        asyncio.run(probe.run(5, seconds))
        said = log.read_text(errors="replace")
        assert process.poll() is None, said[-2000:]
    # From one new checkpoint to another: what there was at first may have been published long before.
    assert len(probe.sizes) > 2, probe.sizes
    (start, before), (end, after) = probe.sizes[1], probe.sizes[-1]
    return Times(probe.acknowledged, probe.provable, (after - before) / (end - start))


def milliseconds(times: Sequence[float]) -> str:
    """The middle one and the 99th of a hundred."""
    return f"{1000 * statistics.median(times):,.1f} · {1000 * percentile(times, 0.99):,.1f} ms"
