"""What the parts of one review cost a worker of `lockgate serve`, in one process and without a network."""

import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import uvloop
from lockgate.engine.codegen.values import render_json
from lockgate.webhook.app.admission_app import AdmissionApp, CallerRules
from lockgate.webhook.app.connections import ConnectionLimits, Connections
from lockgate.webhook.app.http_application import Application, Head, Reading, Unread
from lockgate.webhook.app.http_protocol import HttpProtocol, Seat
from lockgate.webhook.app.http_server import NOBODYS
from lockgate.webhook.app.log_writer import LogWriter
from lockgate.webhook.app.logs import Log
from lockgate.webhook.app.request_log import AnsweredRequest, log_request
from lockgate.webhook.app.request_reader import Held
from lockgate.webhook.serving.admitting import Admitted, Admitting, Terms
from lockgate.webhook.serving.answer import HttpAnswer, render_review
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_gate import LiveGate
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.measures import Measures
from lockgate.webhook.serving.wire import AdmissionCall, CallReader

from tests.bench.library import samples
from tests.bench.serve_load import COUNTER, Json, review_bodies
from tests.bench.serve_peer import plain

BATCH = 200
BATCHES = 40
WARM = 4_000
NEVER = float("inf")
T = TypeVar("T")
R = TypeVar("R")
NAMESPACED: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
HEAD = (
    "POST /v1/admit?timeout=10s HTTP/1.1\r\nHost: lockgate.lockgate-system.svc:443\r\n"
    "User-Agent: kube-apiserver-admission\r\nContent-Length: {}\r\nAccept: application/json, */*\r\n"
    "Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n"
)


class Nowhere(asyncio.Transport):
    """Takes what is written."""

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def write(self, data: object) -> None:
        return

    def is_closing(self) -> bool:
        return False


class Nothing:
    """Answers without a look."""

    def begin(self, head: Head) -> Reading | HttpAnswer:
        return lambda body: HttpAnswer(200, b"{}")

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        raise SystemExit(f"a request was not read: {reason}")


@dataclass
class Keeping:
    """A server of one connection."""

    connections: Connections[Seat]
    protocols: set[HttpProtocol] = field(default_factory=set)
    tasks: set[asyncio.Task[HttpAnswer]] = field(default_factory=set)
    held: Held = field(default_factory=Held)
    is_draining: bool = False
    head_bytes: int = 1 << 16

    def leave(self, seat: Seat) -> None:
        return

    def rested(self) -> None:
        return


def _connection(app: Application) -> HttpProtocol:
    connections: Connections[Seat] = Connections(ConnectionLimits(), time.monotonic)
    seat = Seat()
    connections.open(seat)
    made = HttpProtocol(app, Keeping(connections), seat, NOBODYS)
    made.connection_made(Nowhere())
    return made


class Steps:
    """Times of the quietest batch, by step, in microseconds a review."""

    def __init__(self) -> None:
        self.least: dict[str, float] = {}

    def time(self, name: str, step: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Does a step for each item of a batch, and notes the time."""
        before = time.thread_time()
        made = [step(one) for one in items]
        self.note(name, time.thread_time() - before)
        return made

    def note(self, name: str, seconds: float) -> None:
        """The time that a batch took."""
        took = seconds / BATCH * 1e6
        self.least[name] = min(took, self.least.get(name, took))


def made_gate(library: Path, folder: Path) -> tuple[LiveGate, list[str]]:
    """The library's policies that do not read the inventory, and AdmissionReviews of its Pods."""
    found = [sample for sample in samples(library) if not sample.reads_inventory]
    objects = [plain(sample.template)[0] for sample in found]
    objects += [one for sample in found for one in plain(sample.constraint)]
    for number, value in enumerate([*objects, NAMESPACED]):
        (folder / f"{number:03}.yaml").write_text(json.dumps(value))
    settings = LiveSettings()
    live = LiveGate(settings)
    live.apply(FolderSource((str(folder),), (), str(folder), settings).changes(), frozenset())
    pods = [
        json.loads(render_json(document.value))
        for sample in found
        for document in sample.objects
        if document.value.get("kind") == "Pod"
    ]
    return live, review_bodies(pods)


def _told(call: AdmissionCall, admitted: Admitted) -> AnsweredRequest:
    assert admitted.judged is not None
    return AnsweredRequest(
        call.uid,
        "allowed" if admitted.response.allowed else "denied",
        0.001,
        call.operation,
        "v1/Pod",
        call.namespace,
        call.name,
        "unauthenticated",
        decision=admitted.judged.decision,
    )


async def _measure(live: LiveGate, bodies: Sequence[str], log: Log) -> Steps:
    admitting = Admitting(live, LiveGrants(), Terms(), time.time_ns)
    measures, reader, steps = Measures(), CallReader(), Steps()
    whole = _connection(AdmissionApp(admitting, CallerRules(), measures, log))
    empty = _connection(Nothing())
    number = 0

    def batch() -> list[bytes]:
        nonlocal number
        number += BATCH
        return [
            bodies[one % len(bodies)].replace(COUNTER, str(one)).encode()
            for one in range(number, number + BATCH)
        ]

    def requests() -> list[bytes]:
        return [HEAD.format(len(body)).encode() + body for body in batch()]

    for _ in range(WARM // BATCH):
        for one in requests():
            whole.data_received(one)
        await asyncio.sleep(0)
    gc.collect()
    gc.freeze()
    for _ in range(BATCHES):
        steps.time("HTTP", empty.data_received, requests())
        answering = telling = 0.0
        for one in requests():
            began = time.thread_time()
            whole.data_received(one)
            answered = time.thread_time()
            # What is done behind the answer.
            await asyncio.sleep(0)
            answering += answered - began
            telling += time.thread_time() - answered
        steps.note("until answered", answering)
        steps.note("behind it", telling)
        calls = steps.time("read", reader.read, batch())
        judged = steps.time("judge", lambda call: admitting.admit(call, NEVER), calls)
        pairs = [*zip(calls, judged, strict=True)]
        steps.time("answer", _render, pairs)
        steps.time("metrics", lambda pair: _count(measures, *pair), pairs)
        steps.time("log", lambda pair: log_request(log, _told(*pair)), pairs)
        # Lines are written meanwhile.
        await asyncio.sleep(0)
    return steps


def _render(pair: tuple[AdmissionCall, Admitted]) -> HttpAnswer:
    call, admitted = pair
    return render_review(admitted.response, call.api_version, call.uid, admitted.annotations)


def _count(measures: Measures, call: AdmissionCall, admitted: Admitted) -> None:
    assert admitted.judged is not None
    measures.judged(admitted.judged.decision, call.operation, admitted.seconds)
    measures.answered("denied", 0.001)


def print_section(library: Path) -> None:
    """A line for each step."""
    with tempfile.TemporaryDirectory() as name:
        live, bodies = made_gate(library, Path(name))
    with open(os.devnull, "wb") as nowhere:
        writer = LogWriter(nowhere.fileno())
        log = Log(writer, format="json", level="info", process="worker-0", now_ns=time.time_ns)
        steps = uvloop.run(_measure(live, bodies, log))
        writer.close()
    print(f"One review in one process, processor time of the quietest of {BATCHES} batches of {BATCH}, µs")
    for step, took in steps.least.items():
        print(f"{step:<16}{took:>8.1f}")
