"""Replicas that append to one log on PostgreSQL and all follow the same anchors: no false alarm, and nothing left behind."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from lockgate.audit.anchors.follower import Follower, Pace
from lockgate.audit.anchors.guard import WhenUnreachable, check_not_behind
from lockgate.audit.anchors.last_seen import last_seen_file
from lockgate.audit.anchors.synchronise import BehindAnchorError, synchronise
from lockgate.audit.anchors.witness_anchor import WitnessAnchor
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.note import render_verifier_key
from lockgate.audit.signing import Ed25519Signer
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.store import create_log, open_store
from lockgate.audit.witness.client import WitnessClient

from tests.audit.growing_log import witness_signer
from tests.audit.trails import MASTER, opening, private_key
from tests.audit.witness.running import Witnesses, served
from tests.e2e.postgres import Postgres, running_postgres

pytestmark = pytest.mark.e2e

ORIGIN = "example.com/lockgate/replicas"
SIGNER = Ed25519Signer(ORIGIN, private_key(1))
WITNESS = witness_signer("witness.example/w")
KEYS = (SIGNER.verifier_key,)
PACE = Pace(interval_s=0.0, retry_s=0.01, longest_retry_s=0.1)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


class Replica:
    """One process's appender and follower; each asks the anchors before it begins."""

    def __init__(self, url: str, witness: str, path: Path) -> None:
        self.store = open_store(url, ORIGIN)
        self.behind: list[BehindAnchorError] = []
        self.troubles: list[TrailError] = []
        self.follower: Follower | None = None
        self.anchors = (
            WitnessAnchor("w", "them", WitnessClient(witness), [WITNESS.verifier_key]),
            last_seen_file(path, "us", ORIGIN, KEYS),
        )
        self.appender = Appender(self.store, [SIGNER], MASTER.seal_key, on_checkpoint=self.offer)

    def offer(self, size: int, note: bytes) -> None:
        if self.follower is not None:
            self.follower.on_checkpoint(size, note)

    def work(self) -> None:
        try:
            check_not_behind(self.store, self.anchors, KEYS, WhenUnreachable.REFUSE)
            self.follower = Follower(self.anchors, self.store, KEYS, self.store, self.behind.append, PACE)
            for place in range(60):
                self.appender.append(Draft("access", {"action": "export", "entries": place}, ("access",)))
        except TrailError as error:
            self.troubles.append(error)

    def close(self) -> None:
        self.appender.close()
        if self.follower is not None:
            self.follower.close()
        for anchor in self.anchors:
            anchor.close()
        self.store.close()


def test_no_false_alarm(server: Postgres, tmp_path: Path) -> None:
    store = create_log(server.url, ORIGIN, 1_790_000_000_000, MASTER.seal_key)
    first = Appender(store, [SIGNER], MASTER.seal_key)
    first.append(opening(ORIGIN, render_verifier_key(SIGNER.verifier_key)))
    first.close()
    with closing(Witnesses()) as witnesses, served(witnesses(tmp_path, {ORIGIN: KEYS}, WITNESS)) as url:
        replicas = [Replica(server.url, url, tmp_path / "seen") for _ in range(3)]
        threads = [Thread(target=one.work) for one in replicas]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in replicas:
            one.close()
            assert (one.behind, one.troubles) == ([], [])
        anchors = (
            WitnessAnchor("w", "them", WitnessClient(url), [WITNESS.verifier_key]),
            last_seen_file(tmp_path / "seen", "us", ORIGIN, KEYS),
        )
        for anchor in anchors:
            assert synchronise(store, anchor, KEYS).checkpoint.size == store.head().size
            anchor.close()
    assert any(
        SIGNER.verifier_key.name in note.decode() and b"witness.example/w" in note
        for note in store.recent_checkpoints()
    )
    store.close()
