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
_RIGHT: Final = 20
_PANEL: Final = 190
_TOP: Final = 34
_INSIDE: Final = 116
_LONGEST: Final = 110
_INK: Final = "#1a73e8"
_HARD: Final = "#c5221f"
_SOFT: Final = "#e37400"


def render_plot(curves: Sequence[Curve], since_s: int, now_s: int) -> str:
    """The document. Both moments are seconds of Unix time, the ends of the axis."""
    height = max(1, len(curves)) * _PANEL + 10
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
            f'viewBox="0 0 {_WIDTH} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">'
        ),
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
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

    unit = " (hours)" if curve.is_of_windows else ""
    parts = [
        f'<text x="{_LEFT}" y="{top + 20}" font-size="13" font-weight="bold">{_text(curve.title)}{unit}</text>',
        f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}" stroke="#5f6368"/>',
        f'<text x="{_LEFT - 6}" y="{base + 4}" text-anchor="end">0</text>',
        f'<text x="{_LEFT - 6}" y="{up(most) + 4:.1f}" text-anchor="end">{most}</text>',
        f'<text x="{_LEFT}" y="{base + 16}">{_moment(since_s)}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="{base + 16}" text-anchor="end">{_moment(now_s)}</text>',
    ]
    parts += (
        _bars(curve, across, up, base, now_s)
        if curve.is_of_windows
        else _line(curve, across, up, base, now_s)
    )
    for limit, colour, name in ((curve.hard, _HARD, "hard"), (curve.soft, _SOFT, "soft")):
        if limit is not None:
            y = up(limit)
            parts.append(
                f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="{colour}" '
                f'stroke-dasharray="5 4"><title>{name} {limit}</title></line>'
            )
            parts.append(
                f'<text x="{_WIDTH - _RIGHT}" y="{y - 3:.1f}" text-anchor="end" fill="{colour}">{name} {limit}</text>'
            )
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
        f'<polygon points="{" ".join(points)}" fill="{_INK}" fill-opacity="0.15" stroke="{_INK}">{title}</polygon>'
    ]


def _bars(curve: Curve, across: Scale, up: Scale, base: int, now_s: int) -> list[str]:
    """A bar for each window, to the begin of the next."""
    ends = [moment for moment, _ in curve.steps[1:]] + [now_s]
    return [
        f'<rect x="{across(start):.1f}" y="{up(amount):.1f}" width="{max(across(end) - across(start) - 1, 1):.1f}" '
        f'height="{base - up(amount):.1f}" fill="{_INK}" fill-opacity="0.35" stroke="{_INK}">'
        f"<title>from {_moment(start)}: {amount} hours</title></rect>"
        for (start, amount), end in zip(curve.steps, ends, strict=True)
    ]


def _moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M")


def _text(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return escape(printable(shown))
