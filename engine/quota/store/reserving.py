"""Reserving, in a transaction that is given: either all that a request asks for is held, or nothing.

Counters are moved one by one, each only if its limit allows it; a refusal undoes all of it.
"""

from typing import Final

from lockgate.engine.database.statements import Statement, run_each
from lockgate.engine.quota.amounts import Charge, QuotaKey, sum_charges
from lockgate.engine.quota.errors import NotReadyError, QuotaError, RepeatedRequestError
from lockgate.engine.quota.holding import Holding, Open
from lockgate.engine.quota.outcome import Outcome, Refused, Reserved, Shortage, TooManyOpen
from lockgate.engine.quota.reservation import Asked, ReservationKey
from lockgate.engine.quota.store import counters
from lockgate.engine.quota.store.codec import parse_asked
from lockgate.engine.quota.store.holdings import (
    Change,
    Stored,
    find_holdings,
    lock_holdings,
    moves_of,
    row_calls,
)
from lockgate.engine.quota.windows import worst_case
from sqlalchemy import Connection

_EPOCH: Final = Statement("SELECT epoch FROM quota_ledger WHERE cluster = :cluster")
_FIND_REQUEST: Final = Statement(
    "SELECT state, asked FROM quota_reservation WHERE cluster = :cluster AND uid = :uid AND request = :request"
)
_NOTHING: Final = Reserved()


class Refusal(Exception):
    """Undoes the transaction, or the part of it that began with the reservation. Never leaves the ledger."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def read_epoch(connection: Connection, cluster: str) -> int:
    """How often the ledger of a cluster was rebuilt; 0 for one that never was."""
    (rows,) = run_each(connection, [(_EPOCH, {"cluster": cluster})])
    epoch: int = rows[0][0] if rows else 0
    return epoch


def opening_of(asked: Asked, now_ns: int) -> Open:
    """What a request asks to be held. Raises AmountError when its worst case cannot be held."""
    over_time = [charge for one in asked.timed for charge in worst_case(one, now_ns)]
    charges: tuple[Charge, ...] = asked.charges
    if over_time:
        charges = sum_charges([*charges, *over_time])
    return Open(asked.key.request, asked.requester, asked.base_version, charges, asked.timed)


def reserve(
    connection: Connection, asked: Asked, opening: Open, most_open: int, epoch: int, now_ns: int
) -> Outcome:
    """Holds what is asked. Raises Refusal where it may not be held: the caller then undoes what was written."""
    key = asked.key.object
    if read_epoch(connection, key.cluster) < epoch:
        raise not_ready(key.cluster)
    if asked.dry_run:
        return _try_out(connection, asked, opening)
    stored = lock_holdings(connection, {key: asked.reference})[key]
    repeated = _repeated(connection, asked.key, opening, stored.holding)
    if repeated is not None:
        return repeated
    if stored.holding.has_room_for(opening):
        return _reserved(asked, [])
    change = Change(stored, stored.holding.asked(opening, now_ns))
    limits = {one.key: one for one in asked.limits}
    more: list[tuple[QuotaKey, int]] = []
    for quota, by in moves_of([change]):
        if by.used or by.spent or by.reserved < 0:
            raise QuotaError(
                f"what the ledger has of {key.uid} is not what was written of it", hint="rebuild the ledger"
            )
        more.append((quota, by.reserved))
    refused, warned = counters.reserve_more(connection, more, limits)
    if refused:
        raise Refusal(Refused(tuple(refused)))
    # Sent together: where the requester has too many, all of it is undone.
    counted = counters.requester_calls(key.cluster, [(asked.requester, 1)], most_open)
    if not run_each(connection, [*counted, *row_calls([change], now_ns)])[1]:
        raise Refusal(TooManyOpen(asked.requester, most_open))
    return _reserved(asked, warned)


def not_ready(cluster: str) -> NotReadyError:
    """The error for a ledger that may not be what lives in the cluster."""
    return NotReadyError(
        f"the quotas' ledger of {cluster} has not been rebuilt from the live objects yet",
        hint="wait until the start is over; if it stays so, look whether the cluster can be read",
    )


def _reserved(asked: Asked, warned: list[Shortage]) -> Reserved:
    unbounded = tuple(sorted([one.key for one in asked.timed if one.most_s is None]))
    return Reserved(tuple(warned), unbounded) if warned or unbounded else _NOTHING


def _repeated(connection: Connection, key: ReservationKey, opening: Open, holding: Holding) -> Outcome | None:
    """The answer to a request that came before; None for a new one, or for one that was given up since."""
    if holding.state == "released" and not holding.is_gone:
        return None
    values = {"cluster": key.object.cluster, "uid": key.object.uid, "request": key.request}
    (rows,) = run_each(connection, [(_FIND_REQUEST, values)])
    if not rows or rows[0][0] == "released":
        return None
    charges, timed = parse_asked(rows[0][1], key.object.cluster)
    # Over time it may be held for another window meanwhile.
    if _plain(charges) != _plain(opening.charges) or timed != opening.timed:
        raise RepeatedRequestError(
            f"the request {key.request} came before, and asked for something else",
            hint="send a request with a uid of its own",
        )
    return Reserved(unbounded=tuple(sorted([one.key for one in timed if one.most_s is None])))


def _plain(charges: tuple[Charge, ...]) -> list[Charge]:
    return [one for one in charges if not one.key.window]


def _try_out(connection: Connection, asked: Asked, opening: Open) -> Outcome:
    """What would be answered if nothing else came; nothing is locked or written."""
    key = asked.key.object
    stored = find_holdings(connection, [key]).get(key) or Stored(Holding(key, asked.reference, "released"))
    if stored.holding.has_room_for(opening):
        return _reserved(asked, [])
    limits = {one.key: one for one in asked.limits}
    refused: list[Shortage] = []
    warned: list[Shortage] = []
    for quota, by in moves_of([Change(stored, stored.holding.asked(opening, 0))]):
        if by.reserved > 0:
            usage = counters.read_usage(connection, quota)
            hard, soft = counters.shortage_of(usage, by.reserved, counters.limit_of(limits, quota))
            refused += [hard] if hard is not None else []
            warned += [soft] if soft is not None else []
    return Refused(tuple(refused)) if refused else _reserved(asked, warned)
