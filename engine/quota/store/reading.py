"""What the ledger has, for those who ask: use by key, holders, open reservations."""

from typing import Any, Final

from lockgate.engine.quota.amounts import QuotaKey, Usage
from lockgate.engine.quota.outcome import Holder
from lockgate.engine.quota.reservation import ObjectKey, Reference, Reservation, ReservationKey
from lockgate.engine.quota.store.counters import key_values
from lockgate.engine.quota.store.holdings import state_of
from lockgate.engine.record import record
from sqlalchemy import Connection, text

_USAGES: Final = text(
    "SELECT scope, dimension, start_s, used, reserved, spent, hard, soft FROM quota_counter "
    "WHERE cluster = :cluster ORDER BY scope, dimension, start_s"
)
_HOLDERS: Final = text(
    "SELECT h.uid, h.resource, h.namespace, h.name, h.state, c.used + c.reserved + c.spent "
    "FROM quota_charge c JOIN quota_holding h ON h.cluster = c.cluster AND h.uid = c.uid "
    "WHERE c.cluster = :cluster AND c.scope = :scope AND c.dimension = :dimension AND c.start_s = :start_s "
    "ORDER BY c.used + c.reserved + c.spent DESC, h.namespace, h.name, h.uid LIMIT :most"
)
_OPEN: Final = text(
    "SELECT r.uid, r.request, r.requester, r.created_ns, h.resource, h.namespace, h.name FROM quota_reservation r "
    "JOIN quota_holding h ON h.cluster = r.cluster AND h.uid = r.uid "
    "WHERE r.cluster = :cluster AND r.state = 'reserved' ORDER BY r.created_ns, r.uid, r.request LIMIT :most"
)
_REQUESTS: Final = text(
    "SELECT r.request, r.state, r.requester, r.created_ns, h.resource, h.namespace, h.name FROM quota_reservation r "
    "JOIN quota_holding h ON h.cluster = r.cluster AND h.uid = r.uid "
    "WHERE r.cluster = :cluster AND r.uid = :uid ORDER BY r.created_ns, r.request"
)


@record
class Difference:
    """A counter that was not what its objects add to it: used, reserved and spent, as it had and as it should have."""

    key: QuotaKey
    had: tuple[int, int, int]
    has: tuple[int, int, int]


def read_usages(connection: Connection, cluster: str) -> tuple[Usage, ...]:
    """What every key has, by scope, dimension and window."""
    rows = connection.execute(_USAGES, {"cluster": cluster})
    return tuple([Usage(QuotaKey(cluster, *row[:3]), *row[3:]) for row in rows])


def read_holders(connection: Connection, key: QuotaKey, most: int) -> tuple[Holder, ...]:
    """The objects that hold the most of a key, the largest first."""
    rows = connection.execute(_HOLDERS, {**key_values(key), "most": most})
    return tuple(
        [
            Holder(uid, Reference(resource, namespace, name), state_of(state), amount)
            for uid, resource, namespace, name, state, amount in rows
        ]
    )


def read_open(connection: Connection, cluster: str, most: int) -> tuple[Reservation, ...]:
    """Reservations of which nothing was seen yet, the oldest first."""
    return tuple(
        [
            _reservation(ObjectKey(cluster, uid), request, "reserved", requester, created, place)
            for uid, request, requester, created, *place in connection.execute(
                _OPEN, {"cluster": cluster, "most": most}
            )
        ]
    )


def read_reservations(connection: Connection, key: ObjectKey) -> tuple[Reservation, ...]:
    """All reservations of an object that are not pruned."""
    rows = connection.execute(_REQUESTS, {"cluster": key.cluster, "uid": key.uid})
    return tuple(
        [
            _reservation(key, request, state, requester, created, place)
            for request, state, requester, created, *place in rows
        ]
    )


def _reservation(
    key: ObjectKey, request: str, state: str, requester: str, created_ns: int, place: list[Any]
) -> Reservation:
    resource, namespace, name = place
    where = Reference(resource, namespace, name)
    return Reservation(ReservationKey(key, request), state_of(state), requester, where, created_ns)
