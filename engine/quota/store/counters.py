"""The counters of keys, and of requesters: rows that are moved by one statement each, always in the order of their keys.

Whoever changes counters has locked the holdings before, and takes the requesters after; so nobody waits in a circle.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lockgate.engine.database.statements import Statement, Values, run_each
from lockgate.engine.quota.amounts import MAX_TOTAL, Limit, QuotaKey, Usage
from lockgate.engine.quota.errors import QuotaError
from lockgate.engine.quota.holding import Entry
from lockgate.engine.quota.outcome import Shortage
from sqlalchemy import Connection

OF_KEY: Final = "cluster = :cluster AND scope = :scope AND dimension = :dimension AND start_s = :start_s"
# The limit is compared where the counter is moved, so that of two who come at once one sees the other.
_RESERVE: Final = Statement(
    "UPDATE quota_counter SET reserved = reserved + :more, hard = CAST(:hard AS BIGINT), soft = CAST(:soft AS BIGINT) "  # noqa: S608 - texts of our own
    f"WHERE {OF_KEY} AND used + reserved + spent + :more <= :ceiling RETURNING used, reserved, spent"
)
_MOVE: Final = Statement(
    "UPDATE quota_counter SET used = used + :used, reserved = reserved + :reserved, spent = spent + :spent "  # noqa: S608 - texts of our own
    f"WHERE {OF_KEY} AND used + reserved + spent + :total <= {MAX_TOTAL} RETURNING 1"
)
MAKE: Final = Statement(
    "INSERT INTO quota_counter (cluster, scope, dimension, start_s, used, reserved, spent) "
    "VALUES (:cluster, :scope, :dimension, :start_s, 0, 0, 0) ON CONFLICT DO NOTHING"
)
_READ: Final = Statement(f"SELECT used, reserved, spent, hard, soft FROM quota_counter WHERE {OF_KEY}")  # noqa: S608 - texts of our own
_OPEN: Final = Statement(
    "UPDATE quota_requester SET open = open + :more WHERE cluster = :cluster AND name = :name AND open + :more <= :most RETURNING 1"
)
_MAKE_REQUESTER: Final = Statement(
    "INSERT INTO quota_requester (cluster, name, open) VALUES (:cluster, :name, 0) ON CONFLICT DO NOTHING"
)

Limits = Mapping[QuotaKey, Limit]


def key_values(key: QuotaKey) -> dict[str, Any]:
    """A key as the parameters of a statement."""
    return {"cluster": key.cluster, "scope": key.scope, "dimension": key.dimension, "start_s": key.window}


def limit_of(limits: Limits, key: QuotaKey) -> Limit:
    """The limit of a key, or of each window of it; one without ceilings where there is none."""
    found = limits.get(QuotaKey(key.cluster, key.scope, key.dimension))
    return Limit(key, None) if found is None else found


def reserve_more(
    connection: Connection, moves: Sequence[tuple[QuotaKey, int]], limits: Limits
) -> tuple[list[Shortage], list[Shortage]]:
    """Adds to what is reserved of each key, where its ceiling allows it: the hard ceilings that refuse, and the soft ones
    that are passed. The keys come in their order.
    """
    calls: list[tuple[Statement, Values]] = []
    for key, more in moves:
        limit = limit_of(limits, key)
        own = key_values(key)
        calls += [
            (MAKE, own),
            (
                _RESERVE,
                {**own, "more": more, "hard": limit.hard, "soft": limit.soft, "ceiling": ceiling_of(limit)},
            ),
        ]
    refused: list[Shortage] = []
    warned: list[Shortage] = []
    for (key, more), rows in zip(moves, run_each(connection, calls)[1::2], strict=True):
        limit = limit_of(limits, key)
        if not rows:
            found = read_usage(connection, key)
            refused.append(Shortage(key, ceiling_of(limit), found.used, found.reserved, found.spent, more))
            continue
        used, reserved, spent = rows[0]
        if limit.soft is not None and used + reserved + spent > limit.soft:
            warned.append(Shortage(key, limit.soft, used, reserved - more, spent, more))
    return refused, warned


def shortage_of(usage: Usage, more: int, limit: Limit) -> tuple[Shortage | None, Shortage | None]:
    """As `reserve_more` would answer, from what was read."""
    found = [
        Shortage(usage.key, most, usage.used, usage.reserved, usage.spent, more)
        if most is not None and usage.total + more > most
        else None
        for most in (ceiling_of(limit), limit.soft)
    ]
    return (found[0], None) if found[0] is not None else (None, found[1])


def ceiling_of(limit: Limit) -> int:
    """What is never exceeded by an admission."""
    return MAX_TOTAL if limit.hard is None else limit.hard


def move(connection: Connection, moves: Sequence[tuple[QuotaKey, Entry]]) -> None:
    """Moves counters whatever their limits are, in the order of their keys. Raises QuotaError when one would leave 62 bits."""
    calls: list[tuple[Statement, Values]] = []
    for key, by in moves:
        own = key_values(key)
        amounts = {"used": by.used, "reserved": by.reserved, "spent": by.spent, "total": by.total}
        calls += [(MAKE, own), (_MOVE, {**own, **amounts})]
    for (key, _), rows in zip(moves, run_each(connection, calls)[1::2], strict=True):
        if not rows:
            raise QuotaError(
                f"{key} cannot be counted any more: objects ask for more than 2**62 together",
                hint="look at its holders, and delete those that ask for the most",
            )


def read_usage(connection: Connection, key: QuotaKey) -> Usage:
    """What a key has; nothing where it was never counted."""
    (rows,) = run_each(connection, [(_READ, key_values(key))])
    return Usage(key, *rows[0]) if rows else Usage(key, 0, 0, 0, None, None)


def requester_calls(
    cluster: str, moves: Sequence[tuple[str, int]], most: int
) -> list[tuple[Statement, Values]]:
    """What moves the numbers of open reservations of requesters, in their order: two statements each, of which the second
    finds no row where the number would be beyond `most`.
    """
    calls: list[tuple[Statement, Values]] = []
    for name, more in moves:
        own: dict[str, Any] = {"cluster": cluster, "name": name}
        calls += [(_MAKE_REQUESTER, own), (_OPEN, {**own, "more": more, "most": most})]
    return calls
