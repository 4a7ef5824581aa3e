"""Writes use over time as SVG 1.1: a panel for each curve, plain shapes and text, no script, nothing from elsewhere."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape

from lockgate.webhook.quota.curves import Curve
from lockgate.webhook.terminal import printable

# From a moment or an amount to a place in the picture.
Scale = Callable[[int], float]

_WIDTH: Final = 960
_LEFT: Final = 70
_RIGHT: Final = 110
_PANEL: Final = 190
_TOP: Final = 34
_INSIDE: Final = 116
_LONGEST: Final = 110
# Of a line of text, and of the moment at an end of the axis.
_LINE: Final = 12
_MOMENT: Final = 115
_INK: Final = "#1a73e8"
_HARD: Final = "#c5221f"
_SOFT: Final = "#b45f00"
# Whoever shows it on a dark page gets a dark picture.
_STYLE: Final = (
    "<style>@media (prefers-color-scheme: dark) {.ground {fill: #1f1f1f} text {fill: #e8eaed} "
    ".hard {fill: #f28b82} .soft {fill: #fdd663} line.hard {stroke: #f28b82} line.soft {stroke: #fdd663} "
    ".ink {fill: #8ab4f8; stroke: #8ab4f8}}</style>"
)
_HOUR: Final = 3_600
_DAY: Final = 86_400
# Between two marks of the axis.
_MARKS: Final = (_HOUR, 6 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY, 365 * _DAY)
_MOST_MARKS: Final = 10
_MOST_DIGITS: Final = 7


def render_plot(curves: Sequence[Curve], since_s: int, now_s: int) -> str:
    """The document. Both moments are seconds of Unix time, the ends of the axis."""
    height = len(curves) * _PANEL + 10 if curves else 2 * _TOP
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">'
        ),
        _STYLE,
        f'<rect class="ground" width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    if not curves:
        parts.append(f'<text x="{_LEFT}" y="{_TOP}">no quota has use or a limit in this ledger</text>')
    for number, curve in enumerate(curves):
        parts += _panel(curve, number * _PANEL, since_s, max(now_s, since_s + 1))
    return "\n".join([*parts, "</svg>", ""])


def _panel(curve: Curve, top: int, since_s: int, now_s: int) -> list[str]:
    base = top + _TOP + _INSIDE
    ceilings = [one for one in (curve.hard, curve.soft) if one is not None]
    most = max([1, *ceilings, *[amount for _, amount in curve.steps]])

    def across(moment: int) -> float:
        share = (min(max(moment, since_s), now_s) - since_s) / (now_s - since_s)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def up(amount: int) -> float:
        return base - amount / most * _INSIDE

    parts = [
        (
            f'<text x="{_LEFT}" y="{top + 20}" font-size="13" font-weight="bold">{_text(curve.title)}'
            f"<title>{escape(printable(curve.title))}</title></text>"
        ),
        f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}" stroke="#5f6368"/>',
        f'<text x="{_LEFT - 6}" y="{base + 4}" text-anchor="end">0</text>',
        f'<text x="{_LEFT - 6}" y="{up(most) + 4:.1f}" text-anchor="end">{_short(most)}</text>',
        f'<text x="{_LEFT}" y="{base + 16}">{_moment(since_s)}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{base + 16}" text-anchor="end">{_moment(now_s)}</text>',
    ]
    parts += _marks(across, top + _TOP, base, since_s, now_s)
    parts += (
        _bars(curve, across, up, base, now_s)
        if curve.is_of_windows
        else _line(curve, across, up, base, now_s)
    )
    below = 0.0
    for limit, colour, name in ((curve.hard, _HARD, "hard"), (curve.soft, _SOFT, "soft")):
        if limit is not None:
            y = up(limit)
            parts.append(
                f'<line class="{name}" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="{colour}" '
                f'stroke-dasharray="5 4"><title>{name} {limit}</title></line>'
            )
            # The soft one is never above the hard one, and beneath it where they are too close.
            below = max(y + 4, below + _LINE)
            parts.append(
                f'<text class="{name}" x="{_WIDTH - _RIGHT + 6}" y="{below:.1f}" fill="{colour}">{name} {_short(limit)}</text>'
            )
    return parts


def _marks(across: Scale, top: int, base: int, since_s: int, now_s: int) -> list[str]:
    """Thin lines at whole hours or days, told where there is room between the moments at the ends."""
    step = next((one for one in _MARKS if (now_s - since_s) / one <= _MOST_MARKS), None)
    if step is None:
        return []
    parts: list[str] = []
    # Weeks begin on Monday; 1970-01-01 was a Thursday.
    first = 4 * _DAY if step == 7 * _DAY else 0
    for moment in range(-(-(since_s - first) // step) * step + first, now_s + 1, step):
        x = across(moment)
        parts.append(
            f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{base}" stroke="#9aa0a6" stroke-opacity="0.3"/>'
        )
        if _LEFT + _MOMENT + 20 < x < _WIDTH - _RIGHT - _MOMENT - 20:
            told = datetime.fromtimestamp(moment, UTC).strftime("%m-%d" if step >= _DAY else "%H:%M")
            parts.append(f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{told}</text>')
    return parts


def _line(curve: Curve, across: Scale, up: Scale, base: int, now_s: int) -> list[str]:
    """Steps, filled below."""
    if not curve.steps:
        return []
    points = [f"{across(curve.steps[0][0]):.1f},{base}"]
    before = 0
    for moment, amount in curve.steps:
        points += [f"{across(moment):.1f},{up(before):.1f}", f"{across(moment):.1f},{up(amount):.1f}"]
        before = amount
    points += [f"{across(now_s):.1f},{up(before):.1f}", f"{across(now_s):.1f},{base}"]
    title = f"<title>now {before}</title>"
    return [
        f'<polygon class="ink" points="{" ".join(points)}" fill="{_INK}" fill-opacity="0.15" stroke="{_INK}">{title}</polygon>'
    ]


def _bars(curve: Curve, across: Scale, up: Scale, base: int, now_s: int) -> list[str]:
    """A bar for each window, to the begin of the next."""
    ends = [moment for moment, _ in curve.steps[1:]] + [now_s]
    parts: list[str] = []
    for (start, amount), end in zip(curve.steps, ends, strict=True):
        width = across(end) - across(start)
        # Of many windows there is no gap between two, nor an edge that would hide what is below.
        gap = 1 if width > 4 else 0
        edge = f' stroke="{_INK}"' if gap else ' style="stroke: none"'
        parts.append(
            f'<rect class="ink" x="{across(start):.1f}" y="{up(amount):.1f}" width="{max(width - gap, 0.5):.1f}" '
            f'height="{base - up(amount):.1f}" fill="{_INK}" fill-opacity="0.35"{edge}>'
            f"<title>from {_moment(start)}: {amount} hours</title></rect>"
        )
    return parts


def _short(amount: int) -> str:
    """A number as there is room for it; its line tells it in full."""
    return str(amount) if len(str(amount)) <= _MOST_DIGITS else f"{amount:.3g}"


def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M")


def _text(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return escape(printable(shown))
