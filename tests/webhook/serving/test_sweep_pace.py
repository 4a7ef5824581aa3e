"""When passes of a sweep are due."""

from collections.abc import Callable, Sequence

import pytest
from lockgate.webhook.serving.sweep_pace import REST_S, SETTLE_S, SweepPace

INTERVAL_S = 60.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def waits(*steps: Callable[[SweepPace], None] | float) -> float:
    """How long is to be waited behind the steps: calls, and seconds that pass."""
    clock = Clock()
    pace = SweepPace(INTERVAL_S, clock)
    for step in steps:
        if isinstance(step, float | int):
            clock.now_s += step
        else:
            step(pace)
    return pace.wait_s


CASES: Sequence[tuple[str, Sequence[Callable[[SweepPace], None] | float], float]] = (
    ("the first at once", (), 0.0),
    ("the next an interval after the end", (SweepPace.end,), INTERVAL_S),
    ("the interval goes by", (SweepPace.end, 20.0), 40.0),
    ("it is over", (SweepPace.end, 90.0), 0.0),
    ("a change settles", (SweepPace.end, 30.0, SweepPace.change), SETTLE_S),
    ("further changes put it off no more", (SweepPace.end, 30.0, SweepPace.change, 1.0, SweepPace.change), 1.0),
    ("a change behind a pass waits for the rest", (SweepPace.end, 1.0, SweepPace.change), REST_S - 1.0),
    ("a change shortly before", (SweepPace.end, 59.0, SweepPace.change), 1.0),
)  # fmt: skip


@pytest.mark.parametrize(("name", "steps", "wanted"), CASES, ids=[name for name, _, _ in CASES])
def test_when_a_pass_is_due(
    name: str, steps: Sequence[Callable[[SweepPace], None] | float], wanted: float
) -> None:
    assert waits(*steps) == wanted


def test_a_short_interval_is_kept() -> None:
    clock = Clock()
    pace = SweepPace(1.0, clock)
    pace.end()
    pace.change()
    assert pace.wait_s == 1.0
