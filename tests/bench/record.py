"""What a record of a server's decision costs: its draft in a worker, its way to main, and its share of a batch.

Processor time of the quietest of many turns, with the library's Pods as `lockgate serve` is asked about them.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.receipt import Place, Receipt
from lockgate.audit.recorder import Recorder, Subject
from lockgate.audit.store.socket_messages import Asked, Frames, parse_drafts, render_draft, render_drafts
from lockgate.webhook.gate import Judged
from lockgate.webhook.serving.admitting import Admitting, Terms
from lockgate.webhook.serving.live_grants import LiveGrants
from lockgate.webhook.serving.wire import CallReader

from tests.audit.trails import Trail, make_trail
from tests.bench.request import NEVER, made_gate
from tests.bench.serve_load import COUNTER
from tests.e2e.postgres import running_postgres

DRAFTS = 1_000
TURNS = 20
BATCHES = (1, 8, 32, 64)
# Drafts that a worker sends together under load.
TOGETHER = 16
T = TypeVar("T")


class _Waits:
    """Who waits for a draft's place, as a worker does."""

    within = None
    wants_proof = False

    def __init__(self, draft: Draft, answered: Callable[[], object]) -> None:
        self.draft = draft
        self._answered = answered
        self.told: Receipt | Place | TrailError | None = None

    def begin(self) -> bool:
        return True

    def answer(self, answer: Receipt | Place | TrailError) -> None:
        self.told = answer
        self._answered()


def _quietest(step: Callable[[T], object], items: Sequence[T]) -> float:
    """Microseconds an item, in the quietest of some turns."""
    least = float("inf")
    for _ in range(TURNS):
        before = time.thread_time()
        for one in items:
            step(one)
        least = min(least, time.thread_time() - before)
    return least / len(items) * 1e6


def _judged(library: Path) -> list[Judged]:
    with tempfile.TemporaryDirectory() as name:
        live, bodies = made_gate(library, Path(name))
    admitting, reader = Admitting(live, LiveGrants(), Terms(), time.time_ns), CallReader()
    made = []
    for number in range(DRAFTS):
        call = reader.read(bodies[number % len(bodies)].replace(COUNTER, str(number)).encode())
        judged = admitting.admit(call, NEVER).judged
        assert judged is not None
        made.append(judged)
    return made


def _draft(recorder: Recorder, judged: Judged) -> Draft:
    return recorder.decision(judged.review, judged.decision, Subject(), os.urandom(8).hex(), "mtls")


def _batch(trail: Trail, drafts: Sequence[Draft], size: int) -> float:
    """Microseconds of the appender's thread for a batch that is committed, signed and answered, the quietest of many."""
    (thread,) = [one for one in threading.enumerate() if one.name == "trail-appender"]
    assert thread.ident is not None
    clock = time.pthread_getcpuclockid(thread.ident)
    least = float("inf")
    for turn in range(max(TURNS, DRAFTS // size)):
        answered = threading.Semaphore(0)
        some = [drafts[(turn * size + place) % len(drafts)] for place in range(size)]
        waiting = [_Waits(replace(draft, idempotency=os.urandom(16)), answered.release) for draft in some]
        before = time.clock_gettime(clock)
        assert trail.appender.submit_some(waiting) == size
        for _ in waiting:
            answered.acquire()
        least = min(least, time.clock_gettime(clock) - before)
        wrong = [one.told for one in waiting if not isinstance(one.told, Place)]
        if wrong:
            raise SystemExit(f"a draft was not recorded: {wrong[0]}")
    return least * 1e6


def print_section(library: Path) -> None:
    """A line for each step."""
    judged = _judged(library)
    print("A record of a decision, processor time of the quietest turns, µs")
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd().parent) as folder,
        closing(make_trail(f"sqlite:///{folder}/trail.db")) as trail,
    ):
        drafts = [_draft(trail.recorder, one) for one in judged]
        _print_way(trail, judged, drafts)
        _print_batches("SQLite", trail, drafts)
    with running_postgres() as server, closing(make_trail(server.url)) as trail:
        _print_batches("PostgreSQL", trail, [_draft(trail.recorder, one) for one in judged])


def _print_batches(name: str, trail: Trail, drafts: Sequence[Draft]) -> None:
    for size in BATCHES:
        took = _batch(trail, drafts, size)
        print(f"{f'{name}: a batch of {size}':<34}{took:>9.0f}{took / size:>9.1f} an entry")


def _print_way(trail: Trail, judged: Sequence[Judged], drafts: Sequence[Draft]) -> None:
    streams = sum([len(one.streams) for one in drafts]) / len(drafts)
    took = _quietest(lambda one: _draft(trail.recorder, one), judged)
    print(f"{'draft':<34}{took:>9.1f}   ({streams:.1f} streams)")
    asked = [Asked(number, draft, 8.0, wants_proof=False) for number, draft in enumerate(drafts)]
    some = [asked[place : place + TOGETHER] for place in range(0, len(asked), TOGETHER)]
    took = _quietest(lambda one: render_drafts([render_draft(each) for each in one]), some) / TOGETHER
    print(f"{f'message to main, {TOGETHER} together':<34}{took:>9.1f}")
    messages = [render_drafts([render_draft(each) for each in one]) for one in some]
    took = _quietest(lambda one: [parse_drafts(*frame) for frame in Frames().feed(one)], messages) / TOGETHER
    print(f"{'read there':<34}{took:>9.1f}")
