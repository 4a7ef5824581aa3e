"""Use over time: device-seconds by fixed windows in UTC.

An object that is admitted is charged its worst case, devices times the time that it may run, as if it ran from then on,
to every window that this covers. Where there is no such bound, it is charged to the end of the window, and again for
each window that it lives to see. Once it is gone it is charged what it was there for.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, Literal

from lockgate.engine.quota.amounts import Charge, QuotaKey, check_amount, check_key, saturated, sum_charges
from lockgate.engine.quota.errors import AmountError
from lockgate.engine.record import record

Period = Literal["hour", "day", "week", "month"]
PERIODS: Final[tuple[Period, ...]] = ("hour", "day", "week", "month")

# Windows that one object is held in: a year of weeks, two months of days, not a week of hours.
MAX_WINDOWS: Final = 64
# Windows that are settled at once: two years of hours.
MAX_SETTLED: Final = 20_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = 3600
_DAY: Final = 86_400
_WEEK: Final = 7 * _DAY
# 1970-01-01 was a Thursday; weeks begin with Monday.
_FIRST_MONDAY: Final = 4 * _DAY
_SECOND_NS: Final = 1_000_000_000
# The last start of a month that Python's calendar can go on from.
_LAST: Final = 253_400_000_000


@record
class TimedCharge:
    """Devices that an object holds while it lives.

    key: with the dimension `gpu-seconds/<class>` and no window. most_s: how long it may run, None when there is no bound.
    """

    key: QuotaKey
    devices: int
    period: Period
    most_s: int | None


def check_timed(charge: TimedCharge) -> None:
    """Raises AmountError for what is out of bounds."""
    check_key(charge.key)
    check_amount(charge.devices, charge.key)
    if charge.key.window:
        raise AmountError(f"{charge.key} has a window already")
    if charge.period not in PERIODS:
        raise AmountError(
            f"{charge.key} has no period {charge.period!r}", hint=f"use one of {', '.join(PERIODS)}"
        )
    if charge.most_s is not None:
        check_amount(charge.most_s, charge.key)


def window_of(period: Period, second: int) -> tuple[int, int]:
    """Start and end, in seconds of Unix time, of the window that a second is in. Raises AmountError beyond the year 9999."""
    if not 0 <= second < _LAST:
        raise AmountError(f"second {second} is in no window", hint="set the clock")
    if period == "month":
        day = _EPOCH + timedelta(seconds=second)
        first = day.replace(day=1, hour=0, minute=0, second=0)
        after = (first + timedelta(days=32)).replace(day=1)
        return int((first - _EPOCH).total_seconds()), int((after - _EPOCH).total_seconds())
    length = {"hour": _HOUR, "day": _DAY, "week": _WEEK}[period]
    offset = _FIRST_MONDAY if period == "week" else 0
    start = (second - offset) // length * length + offset
    return start, start + length


def worst_case(charge: TimedCharge, now_ns: int) -> tuple[Charge, ...]:
    """What an object is asked for that is admitted now, and may run as long as it is allowed to.

    Raises AmountError for more windows or device-seconds than may be held.
    """
    start = now_ns // _SECOND_NS
    end = window_of(charge.period, start)[1] if charge.most_s is None else start + charge.most_s
    found = tuple(islice(_by_window(charge, start, end), MAX_WINDOWS + 1))
    if len(found) > MAX_WINDOWS:
        raise AmountError(
            f"{charge.key} would be charged in more than {MAX_WINDOWS} windows of one {charge.period}",
            hint="shorten the deadline, or count in longer windows",
        )
    return sum_charges(found)


def live_since(timed: Iterable[TimedCharge], started: int, now: int) -> int:
    """From when on the time of an object is counted that is seen first: it started long ago, or windows have passed."""
    return max(started, min([window_of(one.period, now)[0] for one in timed], default=started))


def live_case(charge: TimedCharge, started: int, since: int, now: int) -> tuple[Charge, ...]:
    """What is held for an object that is there, in this window and later ones, its time being settled until `since`.

    One that is there longer than it may be is charged until now; one without a bound, to the end of the window. Nothing is
    refused, since it is there: what is too far away is left for later.
    """
    first, after = window_of(charge.period, now)
    start = max(since, first)
    if charge.most_s is None:
        end = window_of(charge.period, start)[1] if start >= after else after
    else:
        end = started + charge.most_s
    return saturated(islice(_by_window(charge, start, max(end, now)), MAX_WINDOWS))


def used_time(charge: TimedCharge, start: int, end: int) -> tuple[Charge, ...]:
    """What an object used from one second to another, by window."""
    return saturated(islice(_by_window(charge, start, end), MAX_SETTLED))


def _by_window(charge: TimedCharge, start: int, end: int) -> Iterator[Charge]:
    """The device-seconds from one second to another, by window."""
    key = charge.key
    while start < end:
        first, after = window_of(charge.period, start)
        # What has no window is 0, and the first week began before 1970.
        within = QuotaKey(key.cluster, key.scope, key.dimension, max(first, 1))
        yield Charge(within, charge.devices * (min(after, end) - start))
        start = after
