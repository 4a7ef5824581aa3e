"""Use over time: steps of what is held at one time, and bars of what was used in windows."""

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.quota.amounts import QuotaKey, Usage
from lockgate.engine.quota.store.history import Span
from lockgate.engine.quota.telling import tell_dimension
from lockgate.engine.record import record

_SECOND_NS: Final = 1_000_000_000
_HOUR_S: Final = 3_600
# Steps of one curve; between two of them others are left out, the largest is kept.
MAX_STEPS: Final = 2_000


@record
class Curve:
    """Use of a scope and dimension. steps: (moment, amount from then on), in seconds of Unix time, sorted.

    is_of_windows: each step is a whole window, and amounts are hours.
    """

    title: str
    steps: tuple[tuple[int, int], ...]
    hard: int | None
    soft: int | None
    is_of_windows: bool = False


def curves(usages: Sequence[Usage], spans: Iterable[Span], since_s: int, now_s: int) -> tuple[Curve, ...]:
    """One for each scope and dimension that has use or a ceiling, sorted, from a moment on."""
    held: dict[QuotaKey, list[Span]] = {}
    for span in spans:
        held.setdefault(span.key, []).append(span)
    found: list[Curve] = []
    windows: dict[tuple[str, str], list[Usage]] = {}
    for one in usages:
        key = one.key
        if key.window:
            windows.setdefault((key.scope, key.dimension), []).append(one)
        else:
            found.append(Curve(_title(key), _steps(held.get(key, ()), since_s, now_s), one.hard, one.soft))
    for some in windows.values():
        # What is held for later is no use yet.
        begun = [one for one in some if one.key.window <= now_s] or some
        latest = max(begun, key=lambda one: one.key.window)
        bars = tuple(
            [
                (one.key.window, one.total // _HOUR_S)
                for one in begun
                if one.key.window >= since_s or one is latest
            ]
        )
        found.append(
            Curve(_title(latest.key), tuple(sorted(bars)), _hours(latest.hard), _hours(latest.soft), True)
        )
    return tuple(sorted(found, key=lambda one: one.title))


def _title(key: QuotaKey) -> str:
    return f"{key.scope}: {tell_dimension(key)}"


def _hours(seconds: int | None) -> int | None:
    return None if seconds is None else seconds // _HOUR_S


def _steps(spans: Sequence[Span], since_s: int, now_s: int) -> tuple[tuple[int, int], ...]:
    moves: dict[int, int] = {since_s: 0}
    for span in spans:
        start = max(span.start_ns // _SECOND_NS, since_s)
        end = None if span.end_ns is None else span.end_ns // _SECOND_NS
        if start > now_s or (end is not None and end <= since_s):
            continue
        moves[start] = moves.get(start, 0) + span.amount
        if end is not None and end <= now_s:
            moves[end] = moves.get(end, 0) - span.amount
    amount = 0
    steps: list[tuple[int, int]] = []
    for moment, by in sorted(moves.items()):
        amount += by
        steps.append((moment, amount))
    return _thinned(steps)


def _thinned(steps: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """At most MAX_STEPS of them: of those that fall together the largest, so that no peak is lost."""
    if len(steps) <= MAX_STEPS:
        return tuple(steps)
    size = -(-len(steps) // MAX_STEPS)
    parts = [steps[place : place + size] for place in range(0, len(steps) - 1, size)]
    return (*[(part[0][0], max([amount for _, amount in part])) for part in parts], steps[-1])
