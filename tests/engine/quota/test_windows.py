"""Use over time: windows of the calendar in UTC, and what an object is charged in each."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.errors import AmountError
from lockgate.engine.quota.windows import (
    MAX_WINDOWS,
    PERIODS,
    Period,
    TimedCharge,
    live_case,
    live_since,
    used_time,
    window_of,
    worst_case,
)

KEY = QuotaKey("prod", "hours/team-a", "gpu-seconds/gpu.nvidia.com")
SECOND = 1_000_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def timed(devices: int, period: Period, most_s: int | None) -> TimedCharge:
    return TimedCharge(KEY, devices, period, most_s)


def amounts(charges: object) -> list[tuple[int, int]]:
    assert isinstance(charges, tuple)
    return [(one.key.window, one.amount) for one in charges]


@pytest.mark.parametrize(
    ("period", "moment", "start", "end"),
    [
        ("hour", "2026-11-27T09:59:59", "2026-11-27T09:00:00", "2026-11-27T10:00:00"),
        ("day", "2026-11-27T09:59:59", "2026-11-27T00:00:00", "2026-11-28T00:00:00"),
        # A Friday; the week began with Monday.
        ("week", "2026-11-27T09:59:59", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),
        ("week", "2026-11-23T00:00:00", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),
        ("month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("month", "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
    ],
)
def test_windows_of_the_calendar(period: Period, moment: str, start: str, end: str) -> None:
    assert window_of(period, at(moment)) == (at(start), at(end))


@given(st.sampled_from(PERIODS), st.integers(0, 253_000_000_000))
def test_windows_follow_each_other(period: Period, second: int) -> None:
    start, end = window_of(period, second)
    assert start <= second < end
    assert window_of(period, end)[0] == end
    if start >= 0:
        assert window_of(period, start) == (start, end)


@given(st.sampled_from(PERIODS), st.integers(0, 10**10), st.integers(0, 10**5), st.integers(0, 64))
def test_no_second_is_lost_or_charged_twice(period: Period, start: int, seconds: int, devices: int) -> None:
    charges = used_time(timed(devices, period, None), start, start + seconds)
    assert sum([one.amount for one in charges]) == devices * seconds


def test_a_job_over_midnight_is_charged_to_both_days() -> None:
    start = at("2026-11-27T23:00:00")
    expected = [
        (at("2026-11-27T00:00:00"), 4 * 3600),
        (at("2026-11-28T00:00:00"), 4 * 2 * 3600),
    ]
    assert amounts(worst_case(timed(4, "day", 3 * 3600), start * SECOND)) == expected
    assert amounts(live_case(timed(4, "day", 3 * 3600), start, start, start)) == expected


def test_a_job_without_a_bound_is_charged_to_the_end_of_the_window_that_is_now() -> None:
    start = at("2026-11-27T23:00:00")
    job = timed(1, "day", None)
    assert amounts(worst_case(job, start * SECOND)) == [(at("2026-11-27T00:00:00"), 3600)]
    assert amounts(live_case(job, start, start, start)) == [(at("2026-11-27T00:00:00"), 3600)]
    # The day after, of which two hours are over; they were settled, or not.
    later = start + 3 * 3600
    assert amounts(live_case(job, start, start, later)) == [(at("2026-11-28T00:00:00"), 86_400)]
    assert amounts(live_case(job, start, later, later)) == [(at("2026-11-28T00:00:00"), 22 * 3600)]


def test_a_job_that_outlives_its_bound_is_charged_until_now() -> None:
    start = at("2026-11-27T10:00:00")
    assert [one for _, one in amounts(live_case(timed(2, "day", 60), start, start, start + 100))] == [200]


def test_a_clock_that_goes_backwards_gives_nothing_back() -> None:
    start = at("2026-11-27T10:00:00")
    assert used_time(timed(3, "hour", None), start, start - 5) == ()
    for most_s in (60, None):
        job = timed(1, "day", most_s)
        assert live_case(job, start, start, start - 3600) == live_case(job, start, start, start)
        # Not even when it goes back behind midnight.
        assert amounts(live_case(job, start, start, start - 86_400)) == amounts(
            live_case(job, start, start, start)
        )


def test_a_deadline_of_too_many_windows_is_refused_and_one_of_what_is_there_is_cut() -> None:
    job = timed(1, "hour", 10**12)
    with pytest.raises(AmountError, match=f"more than {MAX_WINDOWS} windows of one hour"):
        worst_case(job, 0)
    found = amounts(live_case(job, 7200, 7200, 7200))
    assert len(found) == MAX_WINDOWS
    assert found[0] == (7200, 3600)


def test_an_object_that_is_seen_late_is_counted_from_its_oldest_window_on() -> None:
    started, now = at("2026-11-01T05:00:00"), at("2026-11-27T09:30:00")
    assert live_since((), started, now) == started
    assert live_since((timed(1, "day", None),), started, now) == at("2026-11-27T00:00:00")
    both = (timed(1, "hour", None), timed(1, "week", None))
    assert live_since(both, started, now) == at("2026-11-23T00:00:00")
    assert live_since(both, now - 60, now) == now - 60


@pytest.mark.parametrize("second", [-1, 253_400_000_000, 2**70])
def test_a_clock_that_is_nowhere_is_refused(second: int) -> None:
    with pytest.raises(AmountError, match="is in no window"):
        window_of("day", second)
