"""What the ledger answers."""

from lockgate.engine.quota.amounts import HoldingState, QuotaKey
from lockgate.engine.quota.reservation import Reference
from lockgate.engine.record import record


@record
class Shortage:
    """A ceiling that a request would exceed. asked: what it wants more than its object holds already.

    used, reserved, spent: as in Usage, at the moment of the answer.
    """

    key: QuotaKey
    limit: int
    used: int
    reserved: int
    spent: int
    asked: int


@record
class Reserved:
    """The request may be admitted: what it asks for is held, or it asks for nothing.

    over_soft: ceilings that are warned of. unbounded: keys of what it uses without an end, which are held for the window.
    """

    over_soft: tuple[Shortage, ...] = ()
    unbounded: tuple[QuotaKey, ...] = ()


@record
class Refused:
    """The request may not be admitted, and nothing is held for it: every hard ceiling that it would exceed."""

    shortages: tuple[Shortage, ...]


@record
class TooManyOpen:
    """The request may not be admitted: its requester has `most` reservations of which nothing was seen yet."""

    requester: str
    most: int


Outcome = Reserved | Refused | TooManyOpen


@record
class Holder:
    """An object that holds something of a key."""

    uid: str
    reference: Reference
    state: HoldingState
    amount: int
