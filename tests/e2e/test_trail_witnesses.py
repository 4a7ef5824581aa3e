"""A whole trail before witnesses: one that we did not write, and two installations that witness each other."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from lockgate.audit.anchors.follower import Follower, Pace
from lockgate.audit.anchors.guard import WhenUnreachable, check_not_behind
from lockgate.audit.anchors.synchronise import BehindAnchorError
from lockgate.audit.anchors.witness_anchor import WitnessAnchor
from lockgate.audit.draft import Draft
from lockgate.audit.note import VerifierKey, parse_verifier_key, render_verifier_key
from lockgate.audit.signing import Ed25519Signer
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.store import Store, create_log, open_store
from lockgate.audit.trust import Trust, TrustedWitness, TrustState
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.growing_log import witness_signer
from tests.audit.trails import MASTER, opening, private_key
from tests.audit.witness.running import Witnesses, served
from tests.e2e.witness_server import go_witness

pytestmark = pytest.mark.e2e

RULE = WhenUnreachable.ONE_CONFIRMS


def now() -> int:
    return int(time.time())


class Installation:
    """A log with its appender, and a follower that sends its checkpoints to one witness."""

    def __init__(self, path: Path, origin: str, seed: int) -> None:
        self.path = path
        self.seed = seed
        self.signer = Ed25519Signer(origin, private_key(seed))
        self.behind = Event()
        self.follower: Follower | None = None
        url = f"sqlite:///{path}"
        if path.exists():
            self.store: Store = open_store(url, origin)
            self.appender = self._appender()
        else:
            self.store = create_log(url, origin, time.time_ns() // 1_000_000, MASTER.seal_key)
            self.appender = self._appender()
            self.appender.append(opening(origin, render_verifier_key(self.signer.verifier_key)))

    def copy(self, path: Path) -> "Installation":
        """Somebody with a copy of the database, as it is now, and the key."""
        source, target = sqlite3.connect(self.path), sqlite3.connect(path)
        with closing(source), closing(target):
            source.backup(target)
        return Installation(path, self.store.origin, self.seed)

    def _appender(self) -> Appender:
        return Appender(self.store, [self.signer], MASTER.seal_key, on_checkpoint=self._offer)

    def _offer(self, size: int, note: bytes) -> None:
        if self.follower is not None:
            self.follower.on_checkpoint(size, note)

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        return (self.signer.verifier_key,)

    def follow(self, anchor: WitnessAnchor) -> None:
        check_not_behind(self.store, [anchor], self.keys, RULE)
        pace = Pace(interval_s=0.01)
        self.follower = Follower([anchor], self.store, self.keys, self.store, self._halt, pace)

    def _halt(self, error: BehindAnchorError) -> None:
        self.appender.halt(error)
        self.behind.set()

    def append(self, count: int) -> int:
        futures = [
            self.appender.submit(Draft("access", {"action": "export", "entries": place}, ("access",)))
            for place in range(count)
        ]
        return [one.result(60) for one in futures][-1].size

    def finish(self) -> None:
        self.appender.close()
        if self.follower is not None:
            self.follower.close()

    def close(self) -> None:
        self.finish()
        self.store.close()

    def state(self, witness: TrustedWitness) -> TrustState | None:
        policy = parse_witness_policy(f"witness w {render_verifier_key(witness.key)}\nquorum w\n")
        trust = Trust(self.store.origin, self.keys, "us", (witness,), policy, 3600)
        report = verify_trail(self.store, trust, now_ms=now() * 1000)
        assert not report.findings, report.findings
        assert report.assurance is not None
        return report.assurance.state


def test_a_trail_grows_before_the_go_witness_and_an_old_copy_is_refused(tmp_path: Path) -> None:
    with closing(Installation(tmp_path / "a.db", "example.com/one", 1)) as ours:
        vkey = render_verifier_key(ours.signer.verifier_key)
        with go_witness([vkey], "witness.example/go", "-mldsa") as witness:
            keys = [parse_verifier_key(one) for one in witness.vkeys]
            with closing(WitnessAnchor("go", "them", WitnessClient(witness.url), keys)) as anchor:
                ours.append(10)
                with closing(ours.copy(tmp_path / "backup.db")) as old:
                    ours.follow(anchor)
                    for _ in range(20):
                        ours.append(37)
                    ours.finish()
                    for key, who, state in [
                        (keys[0], "them", TrustState.WITNESSED),
                        (keys[1], "them", TrustState.WITNESSED),
                        (keys[0], "US ", TrustState.ANCHORED),
                    ]:
                        assert ours.state(TrustedWitness("w", key, who)) is state
                    size = ours.store.head().size
                    with pytest.raises(BehindAnchorError, match=f"holds size {size}"):
                        check_not_behind(old.store, [anchor], ours.keys, RULE)
                    # And once somebody has gone on from it.
                    old.append(size)
                    with pytest.raises(BehindAnchorError, match="contradicts"):
                        check_not_behind(old.store, [anchor], ours.keys, RULE)


def test_two_installations_witness_each_other(tmp_path: Path) -> None:
    origins = ("example.com/a", "example.com/b")
    both = [Installation(tmp_path / f"{seed}.db", origin, seed) for seed, origin in enumerate(origins, 1)]
    signers = [witness_signer(f"witness.{origin}", seed) for seed, origin in enumerate(origins, 11)]
    with closing(Witnesses()) as witnesses:
        made = []
        for place, signer in enumerate(signers):
            folder = tmp_path / f"witness-{place}"
            folder.mkdir()
            other = both[1 - place]
            made.append(witnesses(folder, {other.store.origin: other.keys}, signer, now))
        with served(made[0]) as first, served(made[1]) as second:
            anchors = [
                WitnessAnchor("b", "team b", WitnessClient(second), [signers[1].verifier_key]),
                WitnessAnchor("a", "team a", WitnessClient(first), [signers[0].verifier_key]),
            ]
            for one, anchor in zip(both, anchors, strict=True):
                one.follow(anchor)
            for _ in range(30):
                for one in both:
                    one.append(11)
            for one in both:
                one.finish()
            for anchor in anchors:
                anchor.close()
    for one, signer in zip(both, reversed(signers), strict=True):
        assert one.state(TrustedWitness("w", signer.verifier_key, "them")) is TrustState.WITNESSED
        one.close()


def test_a_witness_that_saw_more_halts_the_appending(tmp_path: Path) -> None:
    """Somebody appends elsewhere, to a copy and with the same key, and shows that to the witness first."""
    with closing(Installation(tmp_path / "a.db", "example.com/one", 1)) as ours:
        ours.append(5)
        with go_witness([render_verifier_key(ours.signer.verifier_key)]) as witness:
            keys = [parse_verifier_key(one) for one in witness.vkeys]
            with closing(WitnessAnchor("go", "them", WitnessClient(witness.url), keys)) as anchor:
                ours.follow(anchor)
                with closing(ours.copy(tmp_path / "copy.db")) as copy:
                    copy.append(50)
                    copy.finish()
                    check_not_behind(copy.store, [anchor], copy.keys, RULE)
                ours.append(1)
                assert ours.behind.wait(60)
                with pytest.raises(BehindAnchorError, match="anchor go"):
                    ours.append(1)
                ours.finish()
