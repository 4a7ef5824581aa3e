"""The race for a limit: 64 requests at a time by 8 processes, of which one is killed, against 40 devices.

The parent is the API server and its watches: it stores what was admitted (or loses it), lets no more in than the ledger said,
pauses the watch for longer than the TTL, lists during the load, and ends what is left by reads. An AssertionError says what
was passed or lost.
"""

import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from lockgate.engine.quota.expiry import Expiry, Overdue, settle_overdue
from lockgate.engine.quota.reservation import Asked, Seen
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.store.schema import open_ledger

from tests.engine.quota.ledgers import CLUSTER, GPUS, START, amounts, asked, updated
from tests.engine.quota.stored_objects import StoredObjects, tell
from tests.shared_folder import ROOT

LIMIT = 40
PROCESSES = 8
THREADS = 8
REQUESTS = PROCESSES * THREADS
TTL_S = 180.0
# Far more than anything takes: who has not answered by then waits for somebody in a circle.
STUCK_S = 300.0
# In turn: what 64 requests of a round are.
ROUNDS = ("creations", "updates of one object", "a rollout with a surge", "resizing", "scaling")


class Worker:
    """One of the processes; its answers come into a queue that all share."""

    def __init__(self, place: str, answers: "queue.Queue[tuple[Worker, str, str]]") -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(place)
        self._lines = self._socket.makefile("r")
        self.pid, said = json.loads(self._lines.readline())
        assert said == "ready", said
        self.killed = False
        self.waiting: dict[str, Asked] = {}
        self._answers = answers
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        # One that is killed before it has read everything resets the connection; its last line may be cut.
        with suppress(ConnectionResetError):
            for line in self._lines:
                if line.endswith("\n"):
                    request, said = json.loads(line)
                    self._answers.put((self, request, said))
        self._answers.put((self, "", "gone"))

    def send(self, request: Asked) -> None:
        devices = sum([one.amount for one in request.charges if one.key == GPUS])
        self.waiting[request.key.request] = request
        told = {
            "uid": request.key.object.uid,
            "devices": devices,
            "request": request.key.request,
            "base": request.base_version,
            "hard": LIMIT,
        }
        self._socket.sendall(json.dumps(told).encode() + b"\n")

    def kill(self) -> None:
        if not self.killed:
            self.killed = True
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """It ends when nothing more is asked; one that was killed has ended."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._reader.join(STUCK_S)
        assert not self._reader.is_alive(), "a worker does not end"
        self._lines.close()
        self._socket.close()


class Watched:
    """The cluster as reads and the sweep see it."""

    def __init__(self, cluster: StoredObjects) -> None:
        self.cluster = cluster
        self.watched = True

    def is_watched(self) -> bool:
        return self.watched

    def read(self, overdue: Overdue) -> Seen | None:
        return self.cluster.read(overdue.key)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Race:
    """Rounds on one database, with processes that live on from round to round, but for who is killed.

    place: the socket behind which processes are made.
    """

    url: str
    place: str
    seed: int
    processes: int = PROCESSES
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.ledger = Ledger(open_ledger(self.url), CLUSTER)
        self.ledger.rebuild((), START)
        self.cluster = StoredObjects()
        self.watched = Watched(self.cluster)
        self.clock = Clock()
        self.expiry = Expiry(self.clock, TTL_S)
        self.told = 0
        self.answers: queue.Queue[tuple[Worker, str, str]] = queue.Queue()
        self.workers: list[Worker] = []

    def start(self) -> None:
        while len(self.workers) < self.processes:
            self.workers.append(Worker(self.place, self.answers))

    def close(self) -> None:
        for worker in self.workers:
            worker.close()
        self.ledger.engine.dispose()

    def tell(self) -> None:
        """The watch tells of what it has not told of."""
        for event in self.cluster.events[self.told :]:
            tell(self.ledger, event, START)
        self.told = len(self.cluster.events)

    def requests(self, number: int) -> list[Asked]:
        """64 requests of a round."""
        chance, name = self.chance, f"n{number}"
        kind = ROUNDS[number % len(ROUNDS)]
        fresh = [asked(f"{name}-{one}", 1, request=f"{name}-{one}") for one in range(REQUESTS)]
        if kind == "creations":
            return fresh
        there = list(self.cluster.objects.values())
        if kind == "updates of one object" and there:
            one = chance.choice(there)
            return [
                updated(one.uid, chance.randint(1, LIMIT + 5), one.version, request.key.request)
                for request in fresh
            ]
        if kind == "resizing" and there:
            return [
                updated(one.uid, chance.randint(1, 6), one.version, request.key.request)
                for request, one in zip(fresh, chance.choices(there, k=len(fresh)), strict=True)
            ]
        return [
            asked(f"{name}-{one}", chance.randint(1, 3), request=f"{name}-{one}") for one in range(len(fresh))
        ]

    def _follow(self, kind: str, old: list[str]) -> None:
        """What goes while the others come: in a rollout an old object for each new one, in scaling any."""
        if kind == "a rollout with a surge" and old:
            gone = old.pop()
        elif kind == "scaling" and self.cluster.objects and self.chance.random() < 0.5:
            gone = self.chance.choice([*self.cluster.objects])
        else:
            return
        self.cluster.delete(gone)
        self.counts["replaced or scaled down"] += 1

    def run(self, number: int) -> None:
        """One round: the load with its faults, and then a look at what is left."""
        chance = self.chance
        self.start()
        # What lives is thinned out, so that there is something to win.
        for uid in list(self.cluster.objects):
            if chance.random() < 0.6:
                self.cluster.delete(uid)
        self.tell()
        before = sum(amounts(self.ledger))
        requests = self.requests(number)
        kind = ROUNDS[number % len(ROUNDS)]
        old = [*self.cluster.objects]
        paused = chance.random() < 0.5
        victim, after = chance.choice(self.workers), chance.randint(0, 40)
        for place, request in enumerate(requests):
            self.workers[place % self.processes].send(request)
        busy = admitted = answered = 0
        stale = self.cluster.list()
        while any(worker.waiting for worker in self.workers):
            if answered == after:
                victim.kill()
            worker, name, said = self.answers.get(timeout=STUCK_S)
            if said == "gone":
                assert worker is victim, "a worker ended that nobody killed"
                worker.waiting.clear()
                continue
            assert said in ("reserved", "refused", "busy"), said
            answered += 1
            request = worker.waiting.pop(name)
            self.counts[said] += 1
            busy += said == "busy"
            admitted += said == "reserved"
            # One that is admitted may be denied by another, or be lost.
            if said == "reserved" and chance.random() < 0.9:
                is_stored = self.cluster.store(request)
                self.counts["stored"] += is_stored
                assert self.cluster.devices <= LIMIT, f"{self.cluster.devices} devices of {LIMIT}"
                if is_stored:
                    self._follow(kind, old)
            if not paused and chance.random() < 0.3:
                self.tell()
            if chance.random() < 0.05:
                # Taken a while ago, as a list is that takes its time.
                self.ledger.relist(stale, START)
                self.counts["lists during the load"] += 1
                stale = self.cluster.list()
        victim.kill()
        total = sum(amounts(self.ledger))
        assert total <= LIMIT, f"{total} of {LIMIT} are held"
        if kind == "creations" and paused and not busy:
            # As many as there was room for, and what the killed process took and told nobody of.
            assert before + admitted <= total == LIMIT or answered < LIMIT - before
        self._end(paused)
        self.counts["watch paused for longer than the TTL"] += paused
        self.counts["killed"] += 1
        self.workers.remove(victim)
        victim.close()
        # Answers of the killed that came after its end was noticed are of requests that were denied.
        while not self.answers.empty():
            self.answers.get()

    def _end(self, paused: bool) -> None:
        """The watch stays away for longer than the TTL, and comes back; reads end what nobody knows of."""
        self.watched.watched = not paused
        settle_overdue(self.ledger, self.expiry, self.watched, START)
        held = sum(amounts(self.ledger))
        self.clock.now += TTL_S + 1
        settle_overdue(self.ledger, self.expiry, self.watched, START)
        if paused:
            assert sum(amounts(self.ledger)) == held, "released while nobody watched"
            self.watched.watched = True
            # Reads alone know first, and then the watch tells of everything once more.
            settle_overdue(self.ledger, self.expiry, self.watched, START)
        assert sum(amounts(self.ledger)) >= self.cluster.devices
        self.tell()
        assert self.ledger.open_reservations() == ()
        assert amounts(self.ledger) == (self.cluster.devices, 0, 0), "the ledger is not the cluster"
        assert self.ledger.repair() == ()


@contextmanager
def race(url: str, seed: int, processes: int = PROCESSES) -> Iterator[Race]:
    """A race on a database; its processes are gone afterwards."""
    with TemporaryDirectory() as folder, _making(f"{folder}/door", url) as place:
        made = Race(url, place, seed, processes)
        try:
            yield made
        except BaseException:
            for worker in made.workers:
                worker.kill()
            raise
        finally:
            made.close()


@contextmanager
def _making(place: str, url: str) -> Iterator[str]:
    """The process that makes the others."""
    program = [sys.executable, "-m", "tests.faults.quota_worker", place, url, str(THREADS)]
    pipe = subprocess.PIPE
    with subprocess.Popen(program, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield place
        finally:
            process.kill()


def run_rounds(url: str, rounds: int, seed: int, processes: int = PROCESSES) -> Counter[str]:
    """So many rounds; what was counted in them."""
    with race(url, seed, processes) as made:
        for number in range(rounds):
            made.run(number)
        return made.counts
