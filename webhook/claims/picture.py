"""The picture of what asks for what: workloads, claims, classes and devices in four columns, each box a fixed size.

Boxes stand where the boxes that they are joined to stand, on average (the barycentre method of Sugiyama, Tagawa and Toda, 1981), so
that few lines cross; a column is a stack, so no two boxes or texts overlap.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.engine.record import mutable_record, record
from lockgate.webhook.claims.asked import Amount, Asked
from lockgate.webhook.claims.linking import Row, totals

COLUMNS: Final = ("Workloads", "Claims and templates", "Classes and resources", "Devices")
# Passes over the columns, there and back: more change nothing that one can see.
_PASSES: Final = 8


@mutable_record
class Box:
    """One thing in a column. `title` and `note` are its two lines; `alert`: a rule is violated, or it cannot be read."""

    column: int
    key: str
    title: str
    note: str
    alert: bool = False
    dashed: bool = False
    row: int = 0


@record
class Line:
    """A line from a box to one in a later column; `note` is shown when one points at it."""

    start: str
    end: str
    note: str = ""


@record
class Picture:
    """The boxes by column, in order from above, and the lines between them."""

    columns: tuple[tuple[Box, ...], ...]
    lines: tuple[Line, ...]


def draw(asked: Sequence[Asked], rows: Sequence[Row]) -> Picture:
    """The picture of the rows."""
    boxes: dict[str, Box] = {}
    lines: dict[tuple[str, str], Line] = {}
    charged = totals(rows)

    def box(
        column: int, key: str, title: str, note: str, *, alert: bool = False, dashed: bool = False
    ) -> str:
        name = f"{column} {key}"
        if name not in boxes:
            boxes[name] = Box(column, name, title, note, alert, dashed)
        return name

    def line(start: str, end: str, note: str) -> None:
        lines.setdefault((start, end), Line(start, end, note))

    for one in asked:
        if one.is_claim:
            box(1, _key(one), one.resource.name, _kind_note(one), alert=_alert(one))
    for row in rows:
        one = row.asked
        if one.is_claim:
            start = f"1 {_key(one)}"
        else:
            note = _kind_note(one) + (f", {_pods(row.pods)}" if row.how in ("pod", "resource") else "")
            start = box(0, _key(one), one.resource.name, note, alert=_alert(one))
        if row.target:
            kind, _, name = row.target.partition(" ")
            key = f"{kind} {one.resource.namespace}/{name}"
            claim = box(1, key, name, f"{kind}, not among the files", dashed=not row.known)
            line(start, claim, f"{row.name}: {_pods(row.pods)}")
            start = claim
        asked_for = row.class_name or row.resource
        if not asked_for:
            continue
        known = bool(row.class_name)
        note = "DeviceClass" if known else "extended resource"
        note += f", {_devices(charged[asked_for])} charged" if asked_for in charged else ""
        to = box(2, asked_for, asked_for, note, dashed=row.reach.devices is None and known)
        line(start, to, f"{row.name}: {_devices(row.devices)}")
        for driver in row.reach.drivers:
            end = box(3, driver, driver, "driver")
            line(to, end, f"{(row.reach.devices or {})[driver]} devices can be reached")
        if not row.reach.drivers:
            line(to, box(3, "", "not known", "no ResourceSlice tells", dashed=True), "")
    return _arranged(boxes, tuple(lines.values()))


def _arranged(boxes: dict[str, Box], lines: tuple[Line, ...]) -> Picture:
    near: dict[str, list[str]] = {name: [] for name in boxes}
    for one in lines:
        near[one.start].append(one.end)
        near[one.end].append(one.start)
    columns = [[box for box in boxes.values() if box.column == number] for number in range(len(COLUMNS))]
    for column in columns:
        _number(column)
    for turn in range(_PASSES):
        order: Iterable[int] = range(len(columns)) if turn % 2 == 0 else reversed(range(len(columns)))
        for number in order:
            height = max(1, len(columns[number]))
            places = {
                box.key: _average([boxes[name].row / _height(columns, boxes[name]) for name in near[box.key]])
                for box in columns[number]
            }
            columns[number].sort(
                key=lambda box: (
                    box.row / height if places[box.key] is None else places[box.key] or 0.0,
                    box.row,
                )
            )
            _number(columns[number])
    return Picture(tuple([tuple(column) for column in columns]), lines)


def _height(columns: list[list[Box]], box: Box) -> int:
    return max(1, len(columns[box.column]))


def _average(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _number(column: list[Box]) -> None:
    for number, box in enumerate(column):
        box.row = number


def _key(asked: Asked) -> str:
    resource = asked.resource
    return f"{resource.kind} {resource.namespace}/{resource.name}"


def _kind_note(asked: Asked) -> str:
    resource = asked.resource
    return f"{resource.kind} in {resource.namespace}" if resource.namespace else resource.kind


def _alert(asked: Asked) -> bool:
    return bool(asked.unreadable) or any(one.outcome in ("violated", "failed") for one in asked.rules)


def _pods(amount: Amount) -> str:
    return (
        "1 pod"
        if amount == 1
        else f"{amount} pods"
        if isinstance(amount, int)
        else f"{amount} number of pods"
    )


def _devices(amount: Amount) -> str:
    return "1 device" if amount == 1 else f"{amount} devices"
