"""Holdings of a database: locked, read, and written with the counters that they move."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from lockgate.engine.database.connections import is_sqlite
from lockgate.engine.database.statements import Statement, Values, run_each
from lockgate.engine.quota.amounts import STATES, Charge, HoldingState, QuotaKey
from lockgate.engine.quota.errors import QuotaError
from lockgate.engine.quota.holding import NOTHING, Entry, Holding, Open
from lockgate.engine.quota.reservation import ObjectKey, Reference
from lockgate.engine.quota.store import counters
from lockgate.engine.quota.store.codec import parse_asked, parse_timed, render_asked, render_timed
from lockgate.engine.record import record
from sqlalchemy import Connection, TextClause, bindparam, text

# Nothing that is counted down is refused for the bound on open reservations, whatever that is now.
_ANY_NUMBER: Final = 2**62
_COLUMNS: Final = "uid, state, version, resource, namespace, name, timed, started_s, since_s"
_MAKE: Final = Statement(
    f"INSERT INTO quota_holding (cluster, {_COLUMNS}, changed_ns) VALUES "  # noqa: S608 - texts of our own
    "(:cluster, :uid, 'released', 0, :resource, :namespace, :name, '[]', 0, 0, 0) ON CONFLICT DO NOTHING RETURNING uid"
)
_UPDATE: Final = Statement(
    "UPDATE quota_holding SET state = :state, version = :version, resource = :resource, namespace = :namespace, "
    "name = :name, timed = :timed, started_s = :started_s, since_s = :since_s, changed_ns = :now "
    "WHERE cluster = :cluster AND uid = :uid"
)
_ADD_CHARGE: Final = Statement(
    "INSERT INTO quota_charge (cluster, uid, scope, dimension, start_s, used, reserved, spent) VALUES "
    "(:cluster, :uid, :scope, :dimension, :start_s, :used, :reserved, :spent) "
    "ON CONFLICT (cluster, uid, scope, dimension, start_s) "
    "DO UPDATE SET used = excluded.used, reserved = excluded.reserved, spent = excluded.spent"
)
_DROP_CHARGE: Final = Statement(
    "DELETE FROM quota_charge WHERE cluster = :cluster AND uid = :uid AND scope = :scope "
    "AND dimension = :dimension AND start_s = :start_s"
)
_ADD_RESERVATION: Final = Statement(
    "INSERT INTO quota_reservation (cluster, uid, request, state, requester, base_version, created_ns, asked) VALUES "
    "(:cluster, :uid, :request, 'reserved', :requester, :base_version, :now, :asked) "
    "ON CONFLICT (cluster, uid, request) DO UPDATE SET state = 'reserved', requester = excluded.requester, "
    "base_version = excluded.base_version, created_ns = excluded.created_ns, asked = excluded.asked"
)
_CLOSE_RESERVATION: Final = Statement(
    "UPDATE quota_reservation SET state = :state WHERE cluster = :cluster AND uid = :uid AND request = :request"
)


def _listing(query: str) -> TextClause:
    return text(query).bindparams(bindparam("uids", expanding=True))


_FIND: Final = _listing(
    f"SELECT {_COLUMNS} FROM quota_holding WHERE cluster = :cluster AND uid IN :uids ORDER BY uid"  # noqa: S608 - texts of our own
)
_LOCK: Final = _listing(
    f"SELECT {_COLUMNS} FROM quota_holding WHERE cluster = :cluster AND uid IN :uids ORDER BY uid FOR UPDATE"  # noqa: S608 - texts of our own
)
_OPEN: Final = _listing(
    "SELECT uid, request, requester, base_version, asked FROM quota_reservation "
    "WHERE cluster = :cluster AND uid IN :uids AND state = 'reserved' ORDER BY uid, created_ns, request"
)
_CHARGES: Final = _listing(
    "SELECT uid, scope, dimension, start_s, used, reserved, spent FROM quota_charge "
    "WHERE cluster = :cluster AND uid IN :uids ORDER BY uid, scope, dimension, start_s"
)


@record
class Stored:
    """A holding as it is stored. entries: what it adds to the counters, as its rows say."""

    holding: Holding
    entries: Mapping[QuotaKey, Entry] = field(default_factory=dict)


def lock_holdings(connection: Connection, wanted: Mapping[ObjectKey, Reference]) -> dict[ObjectKey, Stored]:
    """Locks the holdings of some objects of one cluster, making those that there are not, which hold nothing."""
    calls: list[tuple[Statement, Values]] = [
        (
            _MAKE,
            {
                "cluster": key.cluster,
                "uid": key.uid,
                "resource": wanted[key].resource,
                "namespace": wanted[key].namespace,
                "name": wanted[key].name,
            },
        )
        for key in sorted(wanted)
    ]
    made = {key for key, rows in zip(sorted(wanted), run_each(connection, calls), strict=True) if rows}
    found = {key: Stored(Holding(key, wanted[key], "released")) for key in made}
    rest = [key for key in wanted if key not in made]
    if rest:
        # SQLite's transaction has the one lock that there is.
        found |= _read(connection, rest, _FIND if is_sqlite(connection) else _LOCK)
    # What was there when it was to be made may have been pruned before it was locked.
    missing = {key: place for key, place in wanted.items() if key not in found}
    return found | lock_holdings(connection, missing) if missing else found


def find_holdings(connection: Connection, wanted: Sequence[ObjectKey]) -> dict[ObjectKey, Stored]:
    """The holdings that there are, without a lock."""
    return _read(connection, wanted, _FIND)


def _read(connection: Connection, wanted: Sequence[ObjectKey], query: TextClause) -> dict[ObjectKey, Stored]:
    cluster = wanted[0].cluster
    asked: dict[str, Any] = {"cluster": cluster, "uids": [key.uid for key in wanted]}
    rows = connection.execute(query, asked).all()
    entries: dict[str, dict[QuotaKey, Entry]] = {}
    for uid, scope, dimension, start_s, used, reserved, spent in connection.execute(_CHARGES, asked):
        key = QuotaKey(cluster, scope, dimension, start_s)
        entries.setdefault(uid, {})[key] = Entry(used, reserved, spent)
    opened: dict[str, list[Open]] = {}
    for uid, request, requester, base_version, text_of in connection.execute(_OPEN, asked):
        charges, timed = parse_asked(text_of, cluster)
        opened.setdefault(uid, []).append(Open(request, requester, base_version, charges, timed))
    found: dict[ObjectKey, Stored] = {}
    for uid, state, version, resource, namespace, name, timed, started_s, since_s in rows:
        own = entries.get(uid, {})
        key_of = ObjectKey(cluster, uid)
        found[key_of] = Stored(
            Holding(
                key_of,
                Reference(resource, namespace, name),
                state_of(state),
                version,
                tuple([Charge(key, one.used) for key, one in own.items() if one.used]),
                tuple([Charge(key, one.spent) for key, one in own.items() if one.spent]),
                parse_timed(timed, cluster),
                started_s,
                since_s,
                tuple(opened.get(uid, ())),
            ),
            own,
        )
    return found


def state_of(found: str) -> HoldingState:
    """A state as a row has it. Raises QuotaError for another."""
    for state in STATES:
        if state == found:
            return state
    raise QuotaError(f"a holding of the ledger is in the state {found[:40]!r}", hint="restore the database")


@record
class Change:
    """A holding that becomes another. released: which of its reservations that are open no more came to nothing."""

    stored: Stored
    later: Holding
    released: frozenset[str] = frozenset()

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to write."""
        return self.stored.holding == self.later


def moves_of(changes: Iterable[Change]) -> list[tuple[QuotaKey, Entry]]:
    """By how much counters are to be moved, in the order of their keys."""
    totals: dict[QuotaKey, Entry] = {}
    for change in changes:
        before, after = change.stored.entries, change.later.entries()
        for key in before.keys() | after.keys():
            by = after.get(key, NOTHING).more_than(before.get(key, NOTHING))
            if by != NOTHING:
                totals[key] = totals[key].plus(by) if key in totals else by
    return sorted(totals.items())


def write(connection: Connection, changes: Sequence[Change], now_ns: int) -> None:
    """Writes holdings and moves the counters, whatever their limits are."""
    counters.move(connection, moves_of(changes))
    close_requesters(connection, changes)
    run_each(connection, row_calls(changes, now_ns))


def close_requesters(connection: Connection, changes: Sequence[Change]) -> None:
    """Counts the reservations down that are open no more."""
    fewer: dict[str, int] = {}
    for change in changes:
        left = {one.request for one in change.later.open}
        for one in change.stored.holding.open:
            if one.request not in left:
                fewer[one.requester] = fewer.get(one.requester, 0) - 1
    if fewer:
        cluster = changes[0].later.key.cluster
        run_each(connection, counters.requester_calls(cluster, sorted(fewer.items()), _ANY_NUMBER))


def row_calls(changes: Iterable[Change], now_ns: int) -> list[tuple[Statement, Values]]:
    """What writes the rows of holdings, charges and reservations; counters are the caller's."""
    added: list[dict[str, Any]] = []
    dropped: list[dict[str, Any]] = []
    opened: list[dict[str, Any]] = []
    closed: list[dict[str, Any]] = []
    holdings: list[dict[str, Any]] = []
    for change in changes:
        former, later = change.stored.holding, change.later
        own = {"cluster": later.key.cluster, "uid": later.key.uid}
        holdings.append(
            {
                **own,
                "state": later.state,
                "version": later.version,
                "resource": later.reference.resource,
                "namespace": later.reference.namespace,
                "name": later.reference.name,
                "timed": render_timed(later.timed),
                "started_s": later.started_s,
                "since_s": later.since_s,
                "now": now_ns,
            }
        )
        before, after = change.stored.entries, later.entries()
        added += [
            {
                **own,
                **counters.key_values(key),
                "used": one.used,
                "reserved": one.reserved,
                "spent": one.spent,
            }
            for key, one in after.items()
            if before.get(key, NOTHING) != one
        ]
        dropped += [{**own, **counters.key_values(key)} for key in before if key not in after]
        known = {one.request for one in former.open}
        opened += [
            {
                **own,
                "request": one.request,
                "requester": one.requester,
                "base_version": one.base_version,
                "now": now_ns,
                "asked": render_asked(one.charges, one.timed),
            }
            for one in later.open
            if one.request not in known
        ]
        left = {one.request for one in later.open}
        closed += [
            {**own, "request": name, "state": "released" if name in change.released else "confirmed"}
            for name in sorted(known - left)
        ]
    calls: list[tuple[Statement, Values]] = []
    for statement, rows in (
        (_UPDATE, holdings),
        (_ADD_CHARGE, added),
        (_DROP_CHARGE, dropped),
        (_ADD_RESERVATION, opened),
        (_CLOSE_RESERVATION, closed),
    ):
        calls += [(statement, row) for row in rows]
    return calls
