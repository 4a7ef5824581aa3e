"""Writes a picture as SVG 1.1: plain shapes and text, no script, nothing from elsewhere."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from lockgate.webhook.claims.picture import COLUMNS, Box, Picture
from lockgate.webhook.terminal import printable

_BOX_WIDTH: Final = 270
_BOX_HEIGHT: Final = 38
_GAP: Final = 10
_BETWEEN: Final = 90
_MARGIN: Final = 20
_TOP: Final = 56
# A letter of a font of fixed width is 0.61 of its size wide at most; what is longer than its box is cut in the middle.
_FONT: Final = 12
_SMALL: Final = 10
_INSIDE: Final = _BOX_WIDTH - 20
_FILLS: Final = ("#e8f0fe", "#fef7e0", "#e6f4ea", "#f1f3f4")


def render_svg(picture: Picture) -> str:
    """The document."""
    tallest = max([1, *[len(column) for column in picture.columns]])
    height = _TOP + tallest * (_BOX_HEIGHT + _GAP) + _MARGIN
    width = 2 * _MARGIN + len(COLUMNS) * _BOX_WIDTH + (len(COLUMNS) - 1) * _BETWEEN
    placed = {
        box.key: (_left(box.column), _top(box.row, len(column), tallest), box)
        for column in picture.columns
        for box in column
    }
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, heading in enumerate(COLUMNS):
        counted = f"{heading} ({len(picture.columns[number])})"
        parts.append(
            f'<text x="{_left(number)}" y="{_TOP - 22}" font-size="14" font-weight="bold">{counted}</text>'
        )
    for line in picture.lines:
        x1, y1, start = placed[line.start]
        x2, y2, end = placed[line.end]
        parts.append(_curve((x1 + _BOX_WIDTH, y1), (x2, y2), line.note, start.alert or end.alert))
    parts += [_box(x, y, box) for x, y, box in placed.values()]
    if not placed:
        middle = f'x="{width / 2}" y="{_TOP + 24}" text-anchor="middle"'
        parts.append(f'<text {middle} font-size="14" fill="#3c4043">nothing here asks for devices</text>')
    return "\n".join([*parts, "</svg>", ""])


def _left(column: int) -> int:
    return _MARGIN + column * (_BOX_WIDTH + _BETWEEN)


def _top(row: int, count: int, tallest: int) -> float:
    """The top of a box; a short column is spread over the height of the tallest."""
    room = tallest * (_BOX_HEIGHT + _GAP)
    return _TOP + (row + 0.5) * room / count - (_BOX_HEIGHT + _GAP) / 2


def _curve(start: tuple[float, float], end: tuple[float, float], note: str, alert: bool) -> str:
    (x1, y1), (x2, y2) = start, end
    y1, y2 = y1 + _BOX_HEIGHT / 2, y2 + _BOX_HEIGHT / 2
    reach = (x2 - x1) / 2 if x2 - x1 < 2 * _BETWEEN else _BETWEEN
    colour = "#c5221f" if alert else "#80868b"
    path = f"M{x1:.1f},{y1:.1f} C{x1 + reach:.1f},{y1:.1f} {x2 - reach:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    title = f"<title>{_text(note)}</title>" if note else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.2" stroke-opacity="0.7">{title}</path>'


def _box(x: float, y: float, box: Box) -> str:
    stroke = "#c5221f" if box.alert else "#5f6368"
    dash = ' stroke-dasharray="4 3"' if box.dashed else ""
    return (
        f"<g><title>{_text(box.title)}\n{_text(box.note)}</title>"
        f'<rect x="{x}" y="{y:.1f}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="5" '
        f'fill="{_FILLS[box.column]}" stroke="{stroke}" stroke-width="{2 if box.alert else 1}"{dash}/>'
        f'<text x="{x + 10}" y="{y + 16:.1f}" font-size="{_FONT}" font-weight="bold">'
        f"{_text(_cut(box.title, _FONT))}</text>"
        f'<text x="{x + 10}" y="{y + 30:.1f}" font-size="{_SMALL}" fill="#3c4043">'
        f"{_text(_cut(box.note, _SMALL))}</text></g>"
    )


def _cut(text: str, size: int) -> str:
    """The text, or its beginning and end, as long as the box is wide; wide characters count as two."""
    most = int(_INSIDE / (size * 0.61))
    if _width(text) <= most:
        return text
    head, tail = _taken(text, most // 2), _taken(text[::-1], most - most // 2 - 1)[::-1]
    return f"{head}…{tail}"


def _taken(text: Sequence[str], most: int) -> str:
    taken, width = "", 0
    for character in text:
        width += _width(character)
        if width > most:
            break
        taken += character
    return taken


def _width(text: str) -> int:
    return sum([1 if ord(character) < 0x1100 else 2 for character in text])


def _text(text: str) -> str:
    return escape(printable(text))
