"""Device-hours: the worst case is held at admission, and what was used is spent at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.engine.quota.amounts import Charge, Limit, QuotaKey
from lockgate.engine.quota.errors import AmountError
from lockgate.engine.quota.outcome import Refused, Reserved, Shortage
from lockgate.engine.quota.reservation import Asked, Seen
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.windows import TimedCharge
from lockgate.engine.record import changed

from tests.engine.quota.ledgers import (
    CLUSTER,
    GPUS,
    SECOND,
    START,
    amounts,
    asked,
    listing,
    make_ledger,
    object_key,
    reference,
    seen,
    updated,
)

HOURS = QuotaKey(CLUSTER, "hours/team-a", "gpu-seconds/gpu.nvidia.com")
HOUR = 3600
DAY = 24 * HOUR
# START is at ten o'clock.
TODAY = START // SECOND - 10 * HOUR
TODAYS, TOMORROWS = (changed(HOURS, window=TODAY + days * DAY) for days in range(2))


def job(uid: str, devices: int, most_s: int | None, hard_hours: int = 100) -> Asked:
    return changed(
        asked(uid, devices),
        timed=(TimedCharge(HOURS, devices, "day", most_s),),
        limits=(Limit(HOURS, hard_hours * HOUR),),
    )


def running(uid: str, devices: int, version: int, most_s: int | None, started_ns: int | None = None) -> Seen:
    timed = (TimedCharge(HOURS, devices, "day", most_s),)
    return changed(seen(uid, devices, version), timed=timed, started_ns=started_ns)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = make_ledger(tmp_path)
    yield made
    assert made.repair() == ()
    made.engine.dispose()


def test_the_worst_case_is_held_and_what_was_used_is_spent(ledger: Ledger) -> None:
    assert ledger.reserve(job("a", 4, 3 * HOUR), START) == Reserved()
    assert amounts(ledger, TODAYS) == (0, 12 * HOUR, 0)
    ledger.confirm([running("a", 4, 5, 3 * HOUR)], START)
    assert amounts(ledger, TODAYS) == (12 * HOUR, 0, 0)
    ledger.end(object_key("a"), reference("a"), 6, START + HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 4 * HOUR)
    assert amounts(ledger) == (0, 0, 0)


def test_what_was_spent_counts_against_the_window_and_not_against_the_next(ledger: Ledger) -> None:
    ledger.confirm([running("a", 4, 5, 3 * HOUR)], START)
    ledger.end(object_key("a"), reference("a"), 6, START + HOUR * SECOND)
    later = START + HOUR * SECOND
    refused = ledger.reserve(job("b", 7, HOUR, hard_hours=10), later)
    assert refused == Refused((Shortage(TODAYS, 10 * HOUR, 0, 0, 4 * HOUR, 7 * HOUR),))
    assert ledger.reserve(job("c", 6, HOUR, hard_hours=10), later) == Reserved()
    assert ledger.reserve(job("b", 7, HOUR, hard_hours=10), later + DAY * SECOND) == Reserved()


def test_a_job_over_midnight_needs_room_in_both_windows(ledger: Ledger) -> None:
    evening = START + 13 * HOUR * SECOND
    found = ledger.reserve(job("a", 4, 3 * HOUR, hard_hours=7), evening)
    assert found == Refused((Shortage(TOMORROWS, 7 * HOUR, 0, 0, 0, 8 * HOUR),))
    assert ledger.reserve(job("a", 4, 3 * HOUR, hard_hours=8), evening) == Reserved()
    assert (amounts(ledger, TODAYS), amounts(ledger, TOMORROWS)) == ((0, 4 * HOUR, 0), (0, 8 * HOUR, 0))


def test_a_job_without_a_bound_is_told_of_and_held_window_by_window(ledger: Ledger) -> None:
    assert ledger.reserve(job("a", 2, None), START) == Reserved((), (HOURS,))
    ledger.confirm([running("a", 2, 5, None)], START)
    assert amounts(ledger, TODAYS) == (2 * 14 * HOUR, 0, 0)
    # Nothing is to be done within the window.
    ledger.advance(START + 13 * HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (2 * 14 * HOUR, 0, 0)
    ledger.advance(START + 15 * HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 2 * 14 * HOUR)
    assert amounts(ledger, TOMORROWS) == (2 * 23 * HOUR, 0, 2 * HOUR)
    # There it is, though the window's limit is lower.
    assert isinstance(ledger.reserve(job("b", 1, 60, hard_hours=48), START + 15 * HOUR * SECOND), Refused)
    ledger.end(object_key("a"), reference("a"), 9, START + 16 * HOUR * SECOND)
    assert amounts(ledger, TOMORROWS) == (0, 0, 2 * 2 * HOUR)


def test_a_job_that_outlives_its_bound_is_charged_for_what_it_uses(ledger: Ledger) -> None:
    ledger.confirm([running("a", 1, 5, HOUR)], START)
    ledger.advance(START + 3 * HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 3 * HOUR)
    ledger.end(object_key("a"), reference("a"), 9, START + 5 * HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 5 * HOUR)


def test_its_time_begins_with_its_allocation_where_that_is_known(ledger: Ledger) -> None:
    ledger.confirm([running("a", 1, 5, HOUR)], START)
    allocated = START + 2 * HOUR * SECOND
    ledger.confirm([running("a", 1, 6, HOUR, allocated)], allocated + 5 * SECOND)
    ledger.end(object_key("a"), reference("a"), 9, allocated + 600 * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 600)


def test_a_resize_is_charged_by_the_time_of_each_size(ledger: Ledger) -> None:
    ledger.confirm([running("a", 2, 5, None)], START)
    bigger = changed(
        updated("a", 8, 5, "up"),
        timed=(TimedCharge(HOURS, 8, "day", None),),
        limits=(Limit(HOURS, 200 * HOUR),),
    )
    later = START + HOUR * SECOND
    assert ledger.reserve(bigger, later) == Reserved((), (HOURS,))
    ledger.confirm([running("a", 8, 6, None)], later)
    assert amounts(ledger, TODAYS) == (8 * 13 * HOUR, 0, 2 * HOUR)
    ledger.end(object_key("a"), reference("a"), 9, later + HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 10 * HOUR)


def test_a_clock_that_goes_backwards_gives_nothing_back(ledger: Ledger) -> None:
    ledger.confirm([running("a", 2, 5, 2 * HOUR)], START)
    ledger.advance(START - DAY * SECOND)
    ledger.confirm([running("a", 2, 6, 2 * HOUR)], START - 3 * DAY * SECOND)
    assert amounts(ledger, TODAYS) == (4 * HOUR, 0, 0)
    ledger.advance(START + 3 * HOUR * SECOND)
    ledger.advance(START)
    ledger.confirm([running("a", 4, 7, 2 * HOUR)], START)
    assert amounts(ledger, TODAYS)[2] == 6 * HOUR


def test_what_was_never_stored_spends_nothing(ledger: Ledger) -> None:
    ledger.reserve(job("a", 4, 3 * HOUR), START)
    ledger.settle(object_key("a"), {"create-a"}, None, START + HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 0)


def test_what_came_and_went_unseen_spends_the_time_since_it_was_asked_for(ledger: Ledger) -> None:
    ledger.reserve(job("a", 4, 3 * HOUR), START)
    ledger.end(object_key("a"), reference("a"), 7, START + HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, 4 * HOUR)


def test_a_rebuild_counts_what_runs_for_long_in_this_window_and_keeps_what_is_spent(ledger: Ledger) -> None:
    ledger.confirm([running("a", 1, 5, HOUR)], START)
    ledger.end(object_key("a"), reference("a"), 6, START + HOUR * SECOND)
    old = running("b", 2, 7, None, START - 400 * DAY * SECOND)
    ledger.rebuild([listing(9, old)], START + HOUR * SECOND)
    assert amounts(ledger, TODAYS) == (2 * 24 * HOUR, 0, HOUR)
    assert amounts(ledger, GPUS) == (2, 0, 0)


def test_a_deadline_that_cannot_be_held_is_refused_and_one_that_is_there_does_not_stop_a_rebuild(
    ledger: Ledger,
) -> None:
    with pytest.raises(AmountError, match="more than 64 windows of one day"):
        ledger.reserve(job("a", 1, 10**9), START)
    ledger.rebuild([listing(9, running("b", 2**50, 7, 2**60))], START)
    assert isinstance(ledger.reserve(job("c", 1, 60), START), Refused)


def test_a_repeated_request_is_the_same_though_time_went_on(ledger: Ledger) -> None:
    assert ledger.reserve(job("a", 1, None), START) == Reserved((), (HOURS,))
    assert ledger.reserve(job("a", 1, None), START + HOUR * SECOND) == Reserved((), (HOURS,))
    assert amounts(ledger, TODAYS) == (0, 14 * HOUR, 0)


def test_spent_time_is_kept_by_the_counter_when_the_object_is_pruned(ledger: Ledger) -> None:
    ledger.confirm([running("a", 1, 5, HOUR)], START)
    ledger.end(object_key("a"), reference("a"), 6, START + HOUR * SECOND)
    ledger.prune(START + 2 * DAY * SECOND)
    assert amounts(ledger, TODAYS) == (0, 0, HOUR)
    assert ledger.repair() == ()


def test_plain_and_timed_charges_go_together(ledger: Ledger) -> None:
    both = changed(job("a", 8, HOUR), limits=(Limit(GPUS, 7), Limit(HOURS, 100 * HOUR)))
    assert ledger.reserve(both, START) == Refused((Shortage(GPUS, 7, 0, 0, 0, 8),))
    assert amounts(ledger, TODAYS) == (0, 0, 0)
    assert ledger.reserve(changed(both, charges=(Charge(GPUS, 7),)), START) == Reserved()
