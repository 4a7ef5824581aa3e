"""When an open reservation may be ended by a read, and that nothing else lets go of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.engine.quota.expiry import Expiry, Overdue, UnreadableError, settle_overdue
from lockgate.engine.quota.reservation import ObjectKey, Reservation, Seen
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.record import changed

from tests.engine.quota.ledgers import (
    START,
    amounts,
    asked,
    make_ledger,
    object_key,
    reference,
    seen,
)

TTL_S = 180.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Peer:
    """A cluster that has some objects, may be unwatched or unreadable, and remembers what it was asked."""

    def __init__(self) -> None:
        self.objects: dict[ObjectKey, Seen] = {}
        self.watched = True
        self.readable = True
        self.asked: list[ObjectKey] = []

    def is_watched(self) -> bool:
        return self.watched

    def read(self, overdue: Overdue) -> Seen | None:
        if not self.readable:
            raise UnreadableError("the API server does not answer")
        self.asked.append(overdue.key)
        return self.objects.get(overdue.key)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = make_ledger(tmp_path)
    yield made
    made.engine.dispose()


def test_nothing_is_read_or_released_before_the_ttl(ledger: Ledger) -> None:
    clock, peer = Clock(), Peer()
    expiry = Expiry(clock, TTL_S)
    ledger.reserve(asked("a", 5), START)
    for step in (0.0, 100.0, 79.0):
        clock.now += step
        assert settle_overdue(ledger, expiry, peer, START) == {}
        assert (peer.asked, amounts(ledger)) == ([], (0, 5, 0))
    clock.now += 1
    assert settle_overdue(ledger, expiry, peer, START) == {}
    assert (peer.asked, amounts(ledger)) == ([object_key("a")], (0, 0, 0))


def test_what_is_there_is_confirmed_though_the_watch_never_told(ledger: Ledger) -> None:
    clock, peer = Clock(), Peer()
    expiry = Expiry(clock, TTL_S)
    ledger.reserve(asked("a", 5), START)
    peer.objects[object_key("a")] = seen("a", 5, 9)
    settle_overdue(ledger, expiry, peer, START)
    clock.now += TTL_S
    settle_overdue(ledger, expiry, peer, START)
    assert amounts(ledger) == (5, 0, 0)


@pytest.mark.parametrize("trouble", ["watched", "readable"])
def test_nothing_is_released_while_the_watch_or_the_api_is_away(ledger: Ledger, trouble: str) -> None:
    clock, peer = Clock(), Peer()
    expiry = Expiry(clock, TTL_S)
    ledger.reserve(asked("a", 5), START)
    setattr(peer, trouble, False)
    settle_overdue(ledger, expiry, peer, START)
    for _ in range(3):
        clock.now += 10 * TTL_S
        assert [*settle_overdue(ledger, expiry, peer, START)] == [object_key("a")]
        assert amounts(ledger) == (0, 5, 0)
    setattr(peer, trouble, True)
    assert settle_overdue(ledger, expiry, peer, START) == {}
    assert amounts(ledger) == (0, 0, 0)


def test_no_wall_clock_ends_anything(ledger: Ledger) -> None:
    clock, peer = Clock(), Peer()
    expiry = Expiry(clock, TTL_S)
    ledger.reserve(asked("a", 5), START)
    for now_ns in (START, START - 10**18, START + 10**18, 0):
        settle_overdue(ledger, expiry, peer, now_ns)
        clock.now += 1
    assert (peer.asked, amounts(ledger)) == ([], (0, 5, 0))


def test_a_process_that_starts_anew_waits_anew(ledger: Ledger) -> None:
    clock, peer = Clock(), Peer()
    ledger.reserve(asked("a", 5), START)
    settle_overdue(ledger, Expiry(clock, TTL_S), peer, START)
    clock.now += 10 * TTL_S
    settle_overdue(ledger, Expiry(clock, TTL_S), peer, START)
    assert (peer.asked, amounts(ledger)) == ([], (0, 5, 0))


def test_a_request_that_came_later_waits_for_its_own_ttl(ledger: Ledger) -> None:
    clock, peer = Clock(), Peer()
    expiry = Expiry(clock, TTL_S)
    ledger.reserve(asked("a", 5), START)
    settle_overdue(ledger, expiry, peer, START)
    clock.now += TTL_S - 1
    ledger.reserve(asked("a", 7, request="later"), START)
    settle_overdue(ledger, expiry, peer, START)
    clock.now += 1
    settle_overdue(ledger, expiry, peer, START)
    assert amounts(ledger) == (0, 7, 0)


def test_the_same_request_asked_again_after_it_was_given_up_is_a_new_one() -> None:
    clock = Clock()
    expiry = Expiry(clock, TTL_S)
    one = Reservation(asked("a", 1).key, "reserved", "ann", reference("a"), START)
    expiry.overdue([one])
    clock.now += TTL_S
    assert [due.key for due in expiry.overdue([one])] == [object_key("a")]
    again = changed(one, created_ns=START + 1)
    assert expiry.overdue([again]) == ()
    clock.now += TTL_S
    assert [due.requests for due in expiry.overdue([again])] == [frozenset({"create-a"})]


def test_one_object_that_cannot_be_read_does_not_keep_others(ledger: Ledger) -> None:
    clock, peer = Clock(), Peer()
    expiry = Expiry(clock, TTL_S)
    ledger.reserve(asked("a", 5), START)
    ledger.reserve(asked("b", 6), START)
    settle_overdue(ledger, expiry, peer, START)
    clock.now += TTL_S

    class Partly(Peer):
        def read(self, overdue: Overdue) -> Seen | None:
            if overdue.key == object_key("a"):
                raise UnreadableError("forbidden")
            return None

    assert settle_overdue(ledger, expiry, Partly(), START) == {object_key("a"): "forbidden"}
    assert amounts(ledger) == (0, 5, 0)
