"""When objects held what, as far back as the ledger keeps those that are gone: for a picture of use over time.

Of an object that is gone, its reservations tell since when it held how much, and its holding until when; what was never
reserved, since it was there before the ledger, is told while it lives. Use within windows is in the counters.
"""

from typing import Final

from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.store.codec import parse_asked
from lockgate.engine.record import record
from sqlalchemy import Connection, text

_SECOND_NS: Final = 1_000_000_000
_LIVE: Final = text(
    "SELECT c.scope, c.dimension, c.used + c.reserved, MIN(r.created_ns), h.started_s, h.changed_ns "
    "FROM quota_charge c JOIN quota_holding h ON h.cluster = c.cluster AND h.uid = c.uid "
    "LEFT JOIN quota_reservation r ON r.cluster = c.cluster AND r.uid = c.uid AND r.state <> 'released' "
    "WHERE c.cluster = :cluster AND c.start_s = 0 AND h.state <> 'released' AND c.used + c.reserved > 0 "
    "GROUP BY c.uid, c.scope, c.dimension, c.used, c.reserved, h.started_s, h.changed_ns LIMIT :most"
)
_GONE: Final = text(
    "SELECT h.uid, h.changed_ns, r.created_ns, r.asked FROM quota_holding h "
    "JOIN quota_reservation r ON r.cluster = h.cluster AND r.uid = h.uid "
    "WHERE h.cluster = :cluster AND h.state = 'released' AND h.version > 0 AND r.state = 'confirmed' "
    "ORDER BY h.changed_ns DESC, h.uid, r.created_ns LIMIT :most"
)


@record
class Span:
    """An object held an amount of a key from one moment to another (Unix time); None: it still does."""

    key: QuotaKey
    start_ns: int
    amount: int
    end_ns: int | None = None


def read_spans(connection: Connection, cluster: str, most: int) -> tuple[Span, ...]:
    """What is and was held at one time, sorted; of objects that are gone the `most` latest reservations."""
    asked = {"cluster": cluster, "most": most}
    found: list[Span] = []
    for scope, dimension, amount, reserved_ns, started_s, changed_ns in connection.execute(_LIVE, asked):
        moments = [one for one in (reserved_ns, started_s * _SECOND_NS) if one]
        start = min(moments, default=changed_ns)
        found.append(Span(QuotaKey(cluster, scope, dimension), start, amount))
    # What an object asked for last is what it held; since when, its first reservation says.
    first: dict[str, int] = {}
    last: dict[str, tuple[int, str]] = {}
    for uid, ended_ns, created_ns, charged in connection.execute(_GONE, asked):
        first.setdefault(uid, created_ns)
        last[uid] = (ended_ns, charged)
    for uid, (ended_ns, charged) in last.items():
        charges, _ = parse_asked(charged, cluster)
        found += [
            Span(one.key, min(first[uid], ended_ns), one.amount, ended_ns)
            for one in charges
            if not one.key.window and one.amount
        ]
    return tuple(sorted(found, key=lambda one: (one.key, one.start_ns, one.amount, one.end_ns or 0)))
