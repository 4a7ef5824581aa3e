"""What makes the ledger agree with the cluster, and its counters with its objects."""

from collections.abc import Sequence
from typing import Any, Final

from lockgate.engine.database.connections import is_sqlite
from lockgate.engine.database.statements import run_each
from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.reservation import ObjectKey
from lockgate.engine.quota.store.counters import MAKE, OF_KEY, key_values
from lockgate.engine.quota.store.reading import Difference
from sqlalchemy import Connection, text

_VANISHED: Final = text(
    "SELECT uid FROM quota_holding WHERE cluster = :cluster AND state = 'confirmed' AND resource = :resource "
    "AND version <= :version ORDER BY uid"
)
_TIMED: Final = text(
    "SELECT uid FROM quota_holding WHERE cluster = :cluster AND state = 'confirmed' AND timed <> '[]' ORDER BY uid"
)
_FINISH: Final = text(
    "INSERT INTO quota_ledger (cluster, epoch, rebuilt_ns) VALUES (:cluster, 1, :now) "
    "ON CONFLICT (cluster) DO UPDATE SET epoch = quota_ledger.epoch + 1, rebuilt_ns = excluded.rebuilt_ns"
)
# What pruned objects spent is in the counter alone.
_DIFFERENCES: Final = text(
    "SELECT scope, dimension, start_s FROM ("
    "SELECT scope, dimension, start_s, used, reserved, spent FROM quota_counter WHERE cluster = :cluster "
    "UNION ALL SELECT scope, dimension, start_s, -used, -reserved, -spent FROM quota_charge WHERE cluster = :cluster"
    ") AS both_sides GROUP BY scope, dimension, start_s "
    "HAVING SUM(used) <> 0 OR SUM(reserved) <> 0 OR SUM(spent) < 0 ORDER BY scope, dimension, start_s"
)
_COUNTER: Final = f"SELECT used, reserved, spent FROM quota_counter WHERE {OF_KEY}"  # noqa: S608 - texts of our own
_SUM: Final = text(
    "SELECT COALESCE(SUM(used), 0), COALESCE(SUM(reserved), 0), COALESCE(SUM(spent), 0) "  # noqa: S608 - texts of our own
    f"FROM quota_charge WHERE {OF_KEY}"
)
_SET: Final = text(
    f"UPDATE quota_counter SET used = :used, reserved = :reserved, spent = :spent WHERE {OF_KEY}"  # noqa: S608 - texts of our own
)
_OVER: Final = "cluster = :cluster AND state = 'released' AND changed_ns < :before_ns"
_ITS_OWN: Final = "SELECT 1 FROM {} o WHERE o.cluster = quota_holding.cluster AND o.uid = quota_holding.uid"
# What ended objects spent in later windows is kept, and with it the objects.
_PRUNE: Final = (
    f"DELETE FROM quota_charge WHERE cluster = :cluster AND used = 0 AND reserved = 0 AND start_s < :before_s "  # noqa: ISC004, S608
    f"AND uid IN (SELECT uid FROM quota_holding WHERE {_OVER})",
    "DELETE FROM quota_reservation WHERE cluster = :cluster AND state <> 'reserved' AND created_ns < :before_ns",
    f"DELETE FROM quota_holding WHERE {_OVER} "  # noqa: ISC004, S608
    f"AND NOT EXISTS ({_ITS_OWN.format('quota_charge')}) AND NOT EXISTS ({_ITS_OWN.format('quota_reservation')})",
    "DELETE FROM quota_requester WHERE cluster = :cluster AND open = 0",
)


def vanished(connection: Connection, cluster: str, resource: str, version: int) -> list[ObjectKey]:
    """The objects of a resource that were seen, and not after a version."""
    values = {"cluster": cluster, "resource": resource, "version": version}
    return [ObjectKey(cluster, uid) for (uid,) in connection.execute(_VANISHED, values)]


def advancing(connection: Connection, cluster: str) -> Sequence[ObjectKey]:
    """The live objects that are charged over time."""
    return [ObjectKey(cluster, uid) for (uid,) in connection.execute(_TIMED, {"cluster": cluster})]


def finish_rebuild(connection: Connection, cluster: str, now_ns: int) -> None:
    """Counts a rebuild."""
    connection.execute(_FINISH, {"cluster": cluster, "now": now_ns})


def find_differences(connection: Connection, cluster: str) -> tuple[Difference, ...]:
    """Counters that are not what their objects add to them, by one snapshot."""
    rows = connection.execute(_DIFFERENCES, {"cluster": cluster}).all()
    return tuple([_difference(connection, QuotaKey(cluster, *row), _COUNTER) for row in rows])


def repair_counter(connection: Connection, key: QuotaKey) -> Difference | None:
    """Sets a counter right under its lock; None when it is right by now."""
    values = key_values(key)
    run_each(connection, [(MAKE, values)])
    # Whoever moved it has committed by then, and with it what was added to the objects.
    found = _difference(connection, key, _COUNTER if is_sqlite(connection) else f"{_COUNTER} FOR UPDATE")
    spent = max(found.had[2], found.has[2])
    has = (found.has[0], found.has[1], spent)
    if found.had == has:
        return None
    connection.execute(_SET, {**values, "used": has[0], "reserved": has[1], "spent": has[2]})
    return Difference(key, found.had, has)


def _difference(connection: Connection, key: QuotaKey, query: str) -> Difference:
    values = key_values(key)
    had = connection.execute(text(query), values).one_or_none()
    return Difference(key, _three(had or (0, 0, 0)), _three(connection.execute(_SUM, values).one()))


def _three(row: Any) -> tuple[int, int, int]:
    # PostgreSQL's sums are decimals.
    used, reserved, spent = row
    return int(used), int(reserved), int(spent)


def prune(connection: Connection, cluster: str, before_ns: int) -> None:
    """Deletes what is over since before a moment."""
    values = {"cluster": cluster, "before_ns": before_ns, "before_s": before_ns // 1_000_000_000}
    for statement in _PRUNE:
        connection.execute(
            text(statement), {name: values[name] for name in values if f":{name}" in statement}
        )
