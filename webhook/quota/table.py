"""The ledger's keys as a table for people."""

from collections.abc import Sequence
from typing import Final

from lockgate.engine.quota.amounts import QuotaKey, Usage
from lockgate.engine.quota.telling import HeldBy, tell_amount, tell_dimension, tell_holders, tell_window
from lockgate.engine.record import record
from lockgate.webhook.aligned import render_aligned
from lockgate.webhook.terminal import Palette, printable

_HEAD: Final = ("QUOTA", "WHAT", "USED", "RESERVED", "SPENT", "SOFT", "HARD", "HELD BY")
_RIGHT: Final = frozenset({2, 3, 4, 5, 6})


@record
class Line:
    """A key: its use, and the objects that hold most of it."""

    usage: Usage
    holders: tuple[HeldBy, ...]

    @property
    def is_full(self) -> bool:
        """Is nothing left below the hard limit?"""
        return self.usage.hard is not None and self.usage.total >= self.usage.hard

    @property
    def is_warned_of(self) -> bool:
        """Is it above the soft limit?"""
        return self.usage.soft is not None and self.usage.total > self.usage.soft


def render_table(lines: Sequence[Line], palette: Palette) -> str:
    """A line for each key; what is full is red, what is above its soft limit yellow."""
    cells = [_cells(one) for one in lines]
    head, *texts = render_aligned([_HEAD, *cells], _RIGHT)
    shown = [palette.paint(head, "bold")]
    for one, text in zip(lines, texts, strict=True):
        shown.append(
            palette.paint(text, "red")
            if one.is_full
            else palette.paint(text, "yellow")
            if one.is_warned_of
            else text
        )
    if not lines:
        shown.append("nothing was ever counted in this ledger")
    return "\n".join(shown) + "\n"


def _cells(line: Line) -> tuple[str, ...]:
    usage = line.usage
    key = usage.key
    ceilings = [_ceiling(key, one) for one in (usage.soft, usage.hard)]
    amounts = [tell_amount(key, one) for one in (usage.used, usage.reserved, usage.spent)]
    what = f"{tell_dimension(key)}{tell_window(key)}"
    cells = (key.scope, what, *amounts, *ceilings, tell_holders(key, line.holders) or "-")
    return tuple([printable(cell) for cell in cells])


def _ceiling(key: QuotaKey, amount: int | None) -> str:
    return "-" if amount is None else tell_amount(key, amount)
