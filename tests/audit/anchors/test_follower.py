"""Anchors in the background: the newest reaches each of them, whatever fails, and appending never waits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event

import pytest
from lockgate.audit.anchors.anchor import Anchor
from lockgate.audit.anchors.cosignature_store import keep_cosignatures
from lockgate.audit.anchors.follower import Follower, Pace
from lockgate.audit.anchors.synchronise import Anchored, BehindAnchorError
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.cosignature import verify_cosignature
from lockgate.audit.note import Note, Signature, parse_signature
from lockgate.audit.witness.errors import RefusedError, StaleError, UnreachableError

from tests.audit.anchors.peers import DictMemory, DictStore, PeerAnchor, note_anchor
from tests.audit.growing_log import GrowingLog, witness_signer

FAST = Pace(interval_s=0.0, refresh_s=3600.0, retry_s=0.001, longest_retry_s=0.01)


class Behind:
    def __init__(self) -> None:
        self.errors: list[BehindAnchorError] = []
        self.happened = Event()

    def __call__(self, error: BehindAnchorError) -> None:
        self.errors.append(error)
        self.happened.set()


@contextmanager
def following(
    log: GrowingLog,
    anchors: Sequence[Anchor],
    store: DictStore,
    behind: Behind | None = None,
    pace: Pace = FAST,
) -> Iterator[Follower]:
    follower = Follower(anchors, log, log.keys, store, behind or Behind(), pace)
    try:
        yield follower
    finally:
        follower.close()


def offer(follower: Follower, log: GrowingLog) -> int:
    follower.on_checkpoint(log.size(), log.note())
    return log.size()


@pytest.fixture
def log() -> GrowingLog:
    return GrowingLog().grow(10)


def test_each_anchor_gets_the_newest_and_its_line_is_stored(log: GrowingLog) -> None:
    store = DictStore()
    anchors = [PeerAnchor(log, witness_signer(f"w.example/{place}", place)) for place in (1, 2)]
    memory = DictMemory()
    with following(log, [*anchors, note_anchor(log, memory)], store) as follower:
        for count in (0, 1, 20):
            size = offer(follower, log.grow(count))
            for anchor in anchors:
                line = parse_signature(store.wait_for(size, anchor.name))
                verify_cosignature(Note(log.text(size), ()), line, anchor.key)
        statuses = follower.close()
    assert memory.note == log.note(31)
    assert [(one.held_size, one.lag, one.lag_s, one.trouble) for one in statuses] == [(31, 0, 0.0, "")] * 3


def test_failures_are_retried_until_the_newest_is_there(log: GrowingLog) -> None:
    store = DictStore()
    anchor = PeerAnchor(log, witness_signer("w.example/1"))
    anchor.failures = [UnreachableError("gone"), RefusedError("unknown log"), UnreachableError("gone")] * 3
    store.failures = [OSError("disk full")] * 3
    with following(log, [anchor], store) as follower:
        offer(follower, log)
        store.wait_for(offer(follower, log.grow(5)), anchor.name)
    assert anchor.held_size == 15


def test_what_is_overtaken_is_not_sent(log: GrowingLog) -> None:
    store = DictStore()
    gate, entered = Event(), Event()
    anchor = PeerAnchor(log, witness_signer("w.example/1"))
    advance = anchor.advance

    def slow(old_size: int, proof: Sequence[bytes], note: bytes) -> tuple[Signature, ...]:
        entered.set()
        assert gate.wait(60)
        return advance(old_size, proof, note)

    anchor.advance = slow  # type: ignore[method-assign]
    with following(log, [anchor], store) as follower:
        offer(follower, log)
        assert entered.wait(60)
        for _ in range(50):
            offer(follower, log.grow(1))
        status = follower.statuses()[0]
        assert (status.held_size, status.newest_size, status.lag) == (None, 60, 60)
        gate.set()
        store.wait_for(60, anchor.name)
    # The first finds the witness empty (409), then goes there.
    assert set(store.lines) == {(10, anchor.name), (60, anchor.name)}


def test_a_close_sends_the_newest_before_its_turn_and_once(log: GrowingLog) -> None:
    store = DictStore()
    slow = Pace(interval_s=3600.0, retry_s=3600.0)
    anchor = PeerAnchor(log, witness_signer("w.example/1"))
    with following(log, [anchor], store, pace=slow) as follower:
        store.wait_for(offer(follower, log), anchor.name)
        offer(follower, log.grow(7))
        statuses = follower.close()
    assert store.lines.keys() == {(10, anchor.name), (17, anchor.name)}
    assert statuses[0].lag == 0

    anchor.failures = [UnreachableError("gone")]
    with following(log, [anchor], store, pace=slow) as follower:
        offer(follower, log.grow(1))
        anchor.failures += [UnreachableError("still gone")] * 5
        status = follower.close()[0]
    assert status.lag == 18 and "gone" in status.trouble and not status.is_behind


def test_a_quiet_log_is_shown_again_so_that_the_word_of_its_witness_is_recent(log: GrowingLog) -> None:
    store = DictStore()
    anchor = PeerAnchor(log, witness_signer("w.example/1"))
    with following(log, [anchor], store, pace=Pace(interval_s=0.0, refresh_s=0.001)) as follower:
        first = store.wait_for(offer(follower, log), anchor.name)
        while store.wait_for(10, anchor.name) == first:
            pass
    assert {size for size, _ in store.lines} == {10}


@pytest.mark.parametrize("beyond", [-5, 0, 5])
def test_another_history_ends_the_appending(log: GrowingLog, beyond: int) -> None:
    store, behind = DictStore(), Behind()
    anchor = PeerAnchor(log, witness_signer("w.example/1"))
    with following(log, [anchor], store) as follower:
        store.wait_for(offer(follower, log), anchor.name)
    other = log.fork(3).grow(7 + beyond, "other ")
    with following(other, [anchor], store, behind) as follower:
        offer(follower, other)
        assert behind.happened.wait(60)
        status = follower.statuses()[0]
    assert status.is_behind and "anchor w.example/1" in status.trouble
    assert len(behind.errors) == 1


def test_an_anchor_of_a_mad_witness_is_trouble_and_no_end(log: GrowingLog) -> None:
    """One that answers 409 with sizes that it does not hold cannot make us loop."""
    store, behind = DictStore(), Behind()
    anchor = PeerAnchor(log, witness_signer("w.example/1"))
    anchor.failures = [StaleError(place % 3) for place in range(40)]
    with following(log, [anchor], store, behind) as follower:
        store.wait_for(offer(follower, log), anchor.name)
    assert not behind.errors


def test_a_witness_that_signs_with_two_keys_under_one_name_keeps_both_lines(log: GrowingLog) -> None:
    places: list[str] = []

    class Places:
        def add_cosignature(self, size: int, note: bytes, witness: str, line: str, time_ms: int) -> None:
            places.append(witness)

    lines = tuple([witness_signer("w.example/1", seed).sign(log.text(), 1) for seed in (1, 2)])
    checkpoint = open_checkpoint(log.note(), log.origin, log.keys).checkpoint
    keep_cosignatures(Places(), Anchored(checkpoint, log.note(), lines), 1)
    assert len(set(places)) == 2
