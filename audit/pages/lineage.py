"""The lineage of a promotion: how the bytes came from environment to environment, and where they went on from there."""

from dataclasses import dataclass
from typing import Any, Final

from lockgate.audit.promotions.history import Promotion
from lockgate.audit.query.answers.promoted import Promoted
from lockgate.audit.times import render_time

BOX_WIDTH: Final = 210
BOX_HEIGHT: Final = 132
GAP: Final = 56
_MARGIN: Final = 8
# Of what one promotion led to; more are in its table.
MAX_NEXT: Final = 6


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and arrows, in the picture's units."""

    width: int
    height: int
    boxes: tuple[dict[str, Any], ...]
    arrows: tuple[dict[str, Any], ...]


def chain_of(promoted: Promoted, made: Promotion) -> tuple[list[Promotion], list[Promotion]]:
    """What a promotion rests on, the first one first and itself last; and what rests on it directly."""
    before: list[Promotion] = [made]
    while True:
        request = before[0].request
        number = request.predecessor if request.target is None else request.target
        found = None if number is None else promoted.history.made_by(number)
        if found is None or found in before:
            break
        before.insert(0, found)
    after = [
        one
        for one in promoted.made()
        if made.index in (one.request.predecessor, one.request.target) and one is not made
    ]
    return before, after


def step_of(promoted: Promoted, made: Promotion) -> dict[str, Any]:
    """A promotion as a step, for the picture and for JSON."""
    what = made.promoted
    return {
        "entry": made.index,
        "time": render_time(promoted.time_ms(made.index)),
        "event": "promoted" if made.request.target is None else "rolled-back",
        "model": what.model,
        "version": what.version,
        "environment": what.environment,
        "subject": what.subject,
        "standing": promoted.standing(made),
        "requester": made.request.requester,
        "approvals": len(made.approvals),
        "policy": made.policy,
    }


def picture_of(steps: list[dict[str, Any]], after: list[dict[str, Any]], focus: int) -> Picture:
    """Boxes from left to right, what followed the last one below each other."""
    boxes: list[dict[str, Any]] = []
    arrows: list[dict[str, Any]] = []
    rows = max(1, min(len(after), MAX_NEXT))
    height = rows * (BOX_HEIGHT + 16) + 2 * _MARGIN - 16
    middle = (height - BOX_HEIGHT) // 2
    for column, step in enumerate(steps):
        x = _MARGIN + column * (BOX_WIDTH + GAP)
        boxes.append({**step, "x": x, "y": middle, "focus": step["entry"] == focus})
        if column:
            arrows.append(_arrow(x - GAP, middle, x, middle))
    x = _MARGIN + len(steps) * (BOX_WIDTH + GAP)
    for row, step in enumerate(after[:MAX_NEXT]):
        y = _MARGIN + row * (BOX_HEIGHT + 16) if len(after) > 1 else middle
        boxes.append({**step, "x": x, "y": y, "focus": False})
        arrows.append(_arrow(x - GAP, middle, x, y))
    columns = len(steps) + (1 if after else 0)
    return Picture(2 * _MARGIN + columns * (BOX_WIDTH + GAP) - GAP, height, tuple(boxes), tuple(arrows))


def _arrow(x1: int, y1: int, x2: int, y2: int) -> dict[str, Any]:
    half = BOX_HEIGHT // 2
    return {"x1": x1, "y1": y1 + half, "x2": x2 - 9, "y2": y2 + half}
