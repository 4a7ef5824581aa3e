"""`lockgate serve` under load for long: a policy change each 10 s, certificates that rotate, memory that has to stay.

The load is a share of what the same client measured before, for each server: without a trail, and with one. Where others
compute beside it, what it can do changes, and 80 % of it may be more than there is later.
"""

import asyncio
import json
import os
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import uvloop
import yaml
from lockgate.webhook.certificates.authority import issue_serving, make_authority
from lockgate.webhook.cli import run

from tests.bench.library import samples
from tests.bench.serve_load import COUNTER, memory, review_bodies
from tests.shared_folder import shared_root
from tests.soak.open_loop import ADDRESS, PATIENCE_S, OpenLoop, Seen
from tests.webhook.serving.server_processes import CONSTRAINT, TEMPLATE, Identity, Server, running_server

CONNECTIONS: Final = 16
CALIBRATION_S: Final = 10.0
EACH_S: Final = 10.0
# A certificate in so many changes of policies.
ROTATE_EACH: Final = 6
# Of the samples of memory: what a process needs to come to its size.
WARM_UP: Final = 0.25
_POLICIES: Final = "lockgate_policies "
# What may be growth over the run, in shares of the process' memory.
MOST_GROWTH: Final = 0.03


@dataclass(frozen=True)
class Line:
    """One process' memory over time (MB): the least squares line, and the standard error of its slope."""

    name: str
    minutes: float
    first: float
    last: float
    slope: float
    error: float

    @property
    def grows(self) -> bool:
        """Whether the slope is not by chance, and comes to something."""
        return self.slope > 3 * self.error and self.slope * self.minutes > MOST_GROWTH * self.last


def fitted(name: str, sizes: list[tuple[float, float]]) -> Line:
    """The line through sizes at moments: (minutes, MB)."""
    count = len(sizes)
    mean_x, mean_y = sum(x for x, _ in sizes) / count, sum(y for _, y in sizes) / count
    across = sum((x - mean_x) ** 2 for x, _ in sizes)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in sizes) / across
    rest = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in sizes)
    error = sqrt(rest / max(1, count - 2) / across)
    return Line(name, sizes[-1][0] - sizes[0][0], sizes[0][1], sizes[-1][1], slope, error)


def run_serve(minutes: float, share: float, trail: str) -> int:
    """Both servers, for so many minutes each, at a share of what they can do; 1 where a request failed or memory grows."""
    print(f"load of the machine at the start: {_load()}", flush=True)
    bad = 0
    names = {"no": "without a trail", "yes": "with a trail in SQLite"}
    for name in [one for wanted, one in names.items() if trail in (wanted, "both")]:
        with TemporaryDirectory() as folder:
            bad |= _soak(name, Path(folder), minutes * 60, share)
    print(f"load of the machine at the end: {_load()}", flush=True)
    return bad


def _load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


def _policies(folder: Path) -> tuple[Path, list[str]]:
    """A folder of policies, with the bodies of requests: Gatekeeper's library where it is there, else one template."""
    place = folder / "policies"
    place.mkdir()
    values: list[Any] = [yaml.safe_load(TEMPLATE)]
    pods: list[Any] = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": []}}
    ]
    library = shared_root() / "vectors" / "gatekeeper-library"
    if library.is_dir():
        found = [one for one in samples(library) if not one.reads_inventory]
        values += [yaml.safe_load(one.template.read_text()) for one in found]
        values += [yaml.safe_load(one.constraint.read_text()) for one in found]
        pods = [
            json.loads(json.dumps(document.value))
            for one in found
            for document in one.objects
            if document.value.get("kind") == "Pod"
        ]
    for number, value in enumerate(values):
        (place / f"{number:03}.yaml").write_text(json.dumps(value))
    _change(place, 0)
    return place, review_bodies(pods)


def _change(place: Path, number: int) -> None:
    """Another constraint each time: another match, another action, and its template with another text."""
    action = ("deny", "warn")[number % 2]
    text = CONSTRAINT.replace("deny", action).replace("ConfigMap", "Pod")
    text = text.replace("match: {", f"match: {{excludedNamespaces: [other-{number}], ")
    (place / "changing.yaml").write_text(text)
    if number % 3 == 0:
        (place / "000.yaml").write_text(TEMPLATE.replace("has no owner", f"has no owner ({number})"))


def _soak(name: str, folder: Path, seconds: float, share: float) -> int:
    policies, bodies = _policies(folder)
    authority = make_authority(time.time_ns())
    trusted = folder / "authority.crt"
    trusted.write_text(authority.pair.certificate)
    identity = Identity(folder / "own.crt", folder / "own.key")

    def rotate() -> None:
        pair = issue_serving(authority, [ADDRESS], time.time_ns()).pair
        identity.key.write_text(pair.key)
        identity.certificate.write_text(pair.certificate)

    rotate()
    options = []
    if "trail" in name and "without" not in name:
        home = folder / "trail"
        assert run(["audit", "init", str(home), "--origin", "soak.example/log"]) == 0
        options = ["--trail", str(home)]
    context = ssl.create_default_context(cafile=str(trusted))
    templates = [tuple(one.split(COUNTER)) for one in bodies]

    def body(number: int) -> bytes:
        return str(number).join(templates[number % len(templates)]).encode()

    with running_server(folder, policies, options, identity=identity) as server:
        soak = _Soak(
            name, server, share, OpenLoop(server.port, "/v1/admit?timeout=10s", body, context, CONNECTIONS)
        )
        return uvloop.run(soak.run(seconds, lambda number: _change(policies, number), rotate))


class _Soak:
    """One server under load."""

    def __init__(self, name: str, server: Server, share: float, client: OpenLoop) -> None:
        self._name = name
        self._share = share
        self._server = server
        self._client = client
        self._memory: dict[str, list[tuple[float, float]]] = {}
        self._seen: list[Seen] = []

    async def run(self, seconds: float, change: Callable[[int], None], rotate: Callable[[], None]) -> int:
        """Presses for so long; 1 where something is wrong."""
        loop = asyncio.get_running_loop()
        await self._client.closed(CALIBRATION_S / 3)
        capacity = await self._client.closed(CALIBRATION_S)
        failed = self._client.take().failed
        rate = self._share * capacity
        policies = next(
            line for line in self._server.probe("/metrics")[1].splitlines() if line.startswith(_POLICIES)
        )
        print(
            f"{self._name}, {policies.removeprefix(_POLICIES)} policies: {capacity:.0f} requests/s at most, "
            f"pressed with {rate:.0f}/s over {CONNECTIONS} connections",
            flush=True,
        )
        ends = asyncio.Event()
        pressing = loop.create_task(self._client.run(rate, ends))
        began, count = loop.time(), 0
        while loop.time() - began < seconds:
            count += 1
            change(count)
            if count % ROTATE_EACH == 0:
                rotate()
            await asyncio.sleep(max(0.0, began + count * EACH_S - loop.time()))
            self._sample((loop.time() - began) / 60)
            self._tell(count)
        ends.set()
        await pressing
        self._seen.append(self._client.take())
        for one in self._seen:
            for reason, times in one.failed.items():
                failed[reason] = failed.get(reason, 0) + times
        return self._judge(count, failed)

    def _sample(self, minutes: float) -> None:
        children = Path(f"/proc/{self._server.process.pid}/task/{self._server.process.pid}/children")
        for name, process in [
            ("main", self._server.process.pid),
            *[(f"worker of pid {one}", int(one)) for one in children.read_text().split()],
        ]:
            self._memory.setdefault(name, []).append((minutes, memory(process)))
        self._seen.append(self._client.take())

    def _tell(self, count: int) -> None:
        seen = self._seen[-1]
        sizes = ", ".join([f"{one[-1][1]:.1f}" for one in self._memory.values()])
        p50, p99 = (_percentile(seen.latencies, share) * 1e3 for share in (0.5, 0.99))
        print(
            f"{count * EACH_S:>6.0f} s {len(seen.latencies):>7} answers, {seen.failures} failed, {seen.unsent} unsent, "
            f"P50 {p50:.1f} ms, P99 {p99:.1f} ms, MB {sizes}, load {_load()}",
            flush=True,
        )

    def _judge(self, changes: int, failed: dict[str, int]) -> int:
        latencies = [one for seen in self._seen for one in seen.latencies]
        p50, p99, most = (_percentile(latencies, share) * 1e3 for share in (0.5, 0.99, 1.0))
        worst = max(_percentile(seen.latencies, 0.99) for seen in self._seen if seen.latencies) * 1e3
        print(
            f"{self._name}: {len(latencies)} answers, P50 {p50:.1f} ms, P99 {p99:.1f} ms, worst P99 of 10 s "
            f"{worst:.1f} ms, longest {most:.1f} ms"
        )
        in_force = len(self._server.events("policies changed"))
        rotated = len(self._server.events("certificate changed"))
        died = len(self._server.events("worker ended"))
        print(
            f"changes of policies in force: {in_force} of {changes}; certificates: {rotated}; workers died: {died}"
        )
        unsent = sum(seen.unsent for seen in self._seen)
        print(
            f"failed: {failed or 'none'}; not sent, since there was no connection for {PATIENCE_S:g} s: {unsent}"
        )
        is_bad = bool(failed) or died > 0 or in_force < changes - 1
        for name, sizes in self._memory.items():
            kept = sizes[int(len(sizes) * WARM_UP) :]
            if len(kept) < 3:
                continue
            line = fitted(name, kept)
            is_bad = is_bad or line.grows
            print(
                f"memory of {name}: {line.first:.1f} MB after the warm-up, {line.last:.1f} MB at the end, "
                f"slope {line.slope:+.3f} ± {line.error:.3f} MB/min{' GROWS' if line.grows else ''}"
            )
        return int(is_bad)


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
