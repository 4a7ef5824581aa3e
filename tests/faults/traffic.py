"""Traffic on a running server, and what came of each request: what was acknowledged has to be on the trail."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lockgate.audit.merkle import leaf_hash
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.webhook.serving.server_processes import SECONDS, STEP_SECONDS, Server, config_map, review_of

OWNED = {"owner": "me"}
# What an API server would wait at most; answers come before.
TIMEOUT = "5s"


@dataclass(frozen=True)
class Outcome:
    """An answer. reason: why it is closed; index, leaf_hash: of its record; began, seconds: when, and how long."""

    uid: str
    allowed: bool
    reason: str
    index: int
    leaf_hash: str
    began: float
    seconds: float


class Traffic:
    """Threads that ask one review after the other, each on a connection that it keeps."""

    def __init__(self, server: Server, threads: int = 4) -> None:
        self._server = server
        self._ends = threading.Event()
        self.outcomes: list[Outcome] = []
        self.errors: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(threads)]

    def _ask(self, number: int) -> None:
        connection = self._server.connect()
        count = 0
        while not self._ends.is_set():
            count += 1
            uid = f"traffic-{number}-{count}"
            began = time.monotonic()
            value = review_of(config_map(uid, labels=OWNED, namespace=f"team-{number}"), uid)
            try:
                connection.request("POST", f"/v1/admit?timeout={TIMEOUT}", json.dumps(value))
                said = json.loads(connection.getresponse().read())["response"]
            except (OSError, ValueError, KeyError) as error:
                self.errors.append(f"{uid}: {type(error).__name__}: {error}")
                connection.close()
                # As who is refused does, in place of asking thousands of times.
                self._ends.wait(STEP_SECONDS)
                continue
            annotations = said.get("auditAnnotations", {})
            self.outcomes.append(
                Outcome(
                    uid,
                    said["allowed"],
                    "" if said["allowed"] else said["status"]["message"],
                    int(annotations.get("record-index", -1)),
                    annotations.get("record-leaf-hash", ""),
                    began,
                    time.monotonic() - began,
                )
            )
        connection.close()

    @property
    def allowed(self) -> list[Outcome]:
        """What was let through."""
        return [one for one in self.outcomes if one.allowed]

    @property
    def closed(self) -> list[Outcome]:
        """What was denied, since it could not be judged or recorded."""
        return [one for one in self.outcomes if not one.allowed]

    def wait_for(self, more: int, of: Callable[[], list[Outcome]]) -> None:
        """Until so many more have been answered in this way."""
        wanted = len(of()) + more
        end = time.monotonic() + SECONDS
        while len(of()) < wanted:
            assert time.monotonic() < end, self.outcomes[-3:]
            time.sleep(STEP_SECONDS)

    def wait_until(self, moment: float) -> None:
        """Until a request that began behind the moment has been answered."""
        self.wait_for(1, lambda: [one for one in [*self.outcomes] if one.began > moment])

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def traffic_on(server: Server, threads: int = 4) -> Iterator[Traffic]:
    """Traffic that has begun, and ends with the block."""
    made = Traffic(server, threads)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def make_home(folder: Path, *options: str) -> Path:
    """The home of a new trail."""
    home = folder / "trail"
    assert run(["audit", "init", str(home), "--origin", "example.com/lockgate/faults", *options]) == 0
    return home


def check_recorded(home: Path, outcomes: list[Outcome]) -> None:
    """Each record that a caller was told of is in the log, which is whole."""
    with open_trail(str(home)) as trail:
        entries = [*trail.store.entries(0, trail.store.head().size)]
    assert outcomes
    for one in outcomes:
        assert leaf_hash(entries[one.index]).hex() == one.leaf_hash, one
    key = home.parent / "kept.vkey"
    key.write_bytes((home / "log.vkey").read_bytes())
    assert run(["audit", "verify", str(home), "--log-key", str(key)]) == 0
