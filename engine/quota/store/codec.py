"""Charges as the JSON of a column. The cluster is the row's."""

import json
from collections.abc import Iterable

from lockgate.engine.quota.amounts import Charge, QuotaKey
from lockgate.engine.quota.errors import QuotaError
from lockgate.engine.quota.windows import PERIODS, TimedCharge


def render_asked(charges: Iterable[Charge], timed: Iterable[TimedCharge]) -> str:
    """What a reservation asked for: what is held for it, and what it is charged over time."""
    held = [[one.key.scope, one.key.dimension, one.key.window, one.amount] for one in charges]
    return json.dumps([held, _rows(timed)], ensure_ascii=False, separators=(",", ":"))


def parse_asked(text: str, cluster: str) -> tuple[tuple[Charge, ...], tuple[TimedCharge, ...]]:
    """The same again. Raises QuotaError."""
    try:
        held, timed = json.loads(text)
        charges = [Charge(QuotaKey(cluster, *key), amount) for *key, amount in held]
    except (ValueError, TypeError):
        raise _damaged() from None
    return tuple(charges), _timed(timed, cluster)


def render_timed(timed: Iterable[TimedCharge]) -> str:
    """What an object is charged over time."""
    return json.dumps(_rows(timed), ensure_ascii=False, separators=(",", ":"))


def parse_timed(text: str, cluster: str) -> tuple[TimedCharge, ...]:
    """The same again. Raises QuotaError."""
    if text == "[]":
        return ()
    try:
        return _timed(json.loads(text), cluster)
    except ValueError:
        raise _damaged() from None


def _rows(timed: Iterable[TimedCharge]) -> list[list[object]]:
    return [[one.key.scope, one.key.dimension, one.devices, one.period, one.most_s] for one in timed]


def _timed(rows: object, cluster: str) -> tuple[TimedCharge, ...]:
    found: list[TimedCharge] = []
    try:
        for scope, dimension, devices, period, most_s in rows:  # type: ignore[attr-defined]
            if period not in PERIODS:
                raise _damaged()
            found.append(TimedCharge(QuotaKey(cluster, scope, dimension), devices, period, most_s))
    except (ValueError, TypeError):
        raise _damaged() from None
    return tuple(found)


def _damaged() -> QuotaError:
    return QuotaError(
        "a row of the ledger is damaged",
        hint="restore the database, or start with an empty one and rebuild it",
    )
