"""Plots of counts over time: bars that are stacked, as shapes for SVG, with the numbers beside them as a table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.times import render_time

OUTCOMES: Final = ("allow", "warn", "deny", "error")
DAY_MS: Final = 86_400_000
WEEK: Final = 7
# 1970-01-01 was a Thursday; weeks begin on Mondays.
_FIRST_MONDAY: Final = 4
_WIDTH: Final = 920
_HEIGHT: Final = 180
_LEFT: Final = 48
_BOTTOM: Final = 22
# How wide the text of a label is at most.
_LABEL: Final = 80


@dataclass(frozen=True, slots=True)
class Chart:
    """bars: rectangles with their outcome; ticks: of the axis of counts; weeks: the numbers."""

    width: int
    height: int
    bars: tuple[dict[str, Any], ...]
    ticks: tuple[dict[str, Any], ...]
    labels: tuple[dict[str, Any], ...]
    weeks: tuple[dict[str, Any], ...]


def weekly(counts: Mapping[tuple[int, str], int], weeks: int, now_ms: int) -> list[dict[str, Any]]:
    """Counts of the last weeks, the present one last. counts: by day since 1970, and outcome."""
    present = _week(now_ms // DAY_MS)
    made: Counter[tuple[int, str]] = Counter()
    for (day, outcome), count in counts.items():
        made[_week(day), outcome] += count
    told: list[dict[str, Any]] = []
    for week in range(present - weeks + 1, present + 1):
        start = (week * WEEK + _FIRST_MONDAY) * DAY_MS
        told.append(
            {"from": render_time(start)[:10], **{outcome: made[week, outcome] for outcome in OUTCOMES}}
        )
    return told


def _week(day: int) -> int:
    return (day - _FIRST_MONDAY) // WEEK


def draw(weeks: list[dict[str, Any]]) -> Chart:
    """A bar a week."""
    most = max([1, *[sum(one[outcome] for outcome in OUTCOMES) for one in weeks]])
    top = _round_up(most)
    plot = _HEIGHT - _BOTTOM - 8
    step = (_WIDTH - _LEFT) / max(1, len(weeks))
    bars: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for number, one in enumerate(weeks):
        y = float(_HEIGHT - _BOTTOM)
        for outcome in OUTCOMES:
            tall = one[outcome] / top * plot
            if not one[outcome]:
                continue
            # What is there is seen, however few.
            tall = max(tall, 1.5)
            y -= tall
            bars.append(
                {
                    "x": round(_LEFT + number * step + step * 0.12, 1),
                    "y": round(y, 1),
                    "width": round(step * 0.76, 1),
                    "height": round(tall, 1),
                    "outcome": outcome,
                    "title": f"week of {one['from']}: {one[outcome]} {outcome}",
                }
            )
        left = _LEFT + number * step
        if number % max(1, len(weeks) // 8) == 0 and left + _LABEL < _WIDTH:
            labels.append({"x": round(left + 2, 1), "text": one["from"]})
    ticks = tuple(
        [
            {"y": round(_HEIGHT - _BOTTOM - part / 2 * plot, 1), "text": f"{top * part // 2:,}"}
            for part in (0, 1, 2)
        ]
    )
    return Chart(_WIDTH, _HEIGHT, tuple(bars), ticks, tuple(labels), tuple(weeks))


def _round_up(number: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 …"""
    size = 1
    while True:
        for factor in (2, 4, 10):
            if factor * size >= number:
                return factor * size
        size *= 10
