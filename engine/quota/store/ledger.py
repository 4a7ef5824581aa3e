"""The ledger of a cluster: limits hold in it whoever reserves at the same time.

A reservation is a few statements in one short transaction, on SQLite or PostgreSQL; the transaction may be the caller's,
so that it commits with what else is recorded of the request. Nothing is locked between two calls.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar, final

from lockgate.engine.quota.amounts import QuotaKey
from lockgate.engine.quota.errors import QuotaError
from lockgate.engine.quota.holding import Holding
from lockgate.engine.quota.outcome import Outcome, Reserved
from lockgate.engine.quota.reservation import (
    Asked,
    ObjectKey,
    Reference,
    Reservation,
    ReservationKey,
    Seen,
    checked_asked,
    checked_seen,
)
from lockgate.engine.quota.store.holdings import Change, Stored, find_holdings, lock_holdings, write
from lockgate.engine.quota.store.reading import Difference, read_open
from lockgate.engine.quota.store.rebuilding import (
    advancing,
    find_differences,
    finish_rebuild,
    prune,
    repair_counter,
    vanished,
)
from lockgate.engine.quota.store.reserving import Refusal, opening_of, read_epoch, reserve
from lockgate.engine.quota.store.transactions import look, run
from lockgate.engine.record import record
from sqlalchemy import Connection, Engine

T = TypeVar("T")

# Reservations of which nothing was seen yet, of one requester: a controller's burst, and no more.
MOST_OPEN: Final = 1000
# Open reservations that are looked at at once; later ones follow when these are over.
MOST_LOOKED_AT: Final = 10_000
# Objects that are changed in one transaction.
BATCH: Final = 200


@record
class Listing:
    """All objects of a resource that quotas count, by one consistent list. version: the list's `resourceVersion`."""

    resource: str
    version: int
    objects: tuple[Seen, ...]


_NOTHING: Final = Reserved()
_Change = Callable[[Stored], Change]


@final
class Ledger:
    """The ledger of one cluster in a database that `open_ledger` opened.

    most_open: how many reservations a requester may have of which nothing was seen yet.
    Every method may raise QuotaError, or BusyError where others were in the way; nothing is changed then.
    """

    __slots__ = ("_cluster", "_engine", "_epoch", "_most_open")

    def __init__(self, engine: Engine, cluster: str, most_open: int = MOST_OPEN) -> None:
        self._engine: Final = engine
        self._cluster: Final = cluster
        self._most_open: Final = most_open
        self._epoch = 1

    @property
    def cluster(self) -> str:
        """Whose objects are counted."""
        return self._cluster

    @property
    def engine(self) -> Engine:
        """The database."""
        return self._engine

    def need_rebuild(self) -> int:
        """Refuses to reserve, here, until a rebuild was completed after now, by whomever; the epoch that this needs.

        For a process that starts, or that has other quotas than before. Those that run go on.
        """
        self._epoch = look(self._engine, lambda connection: read_epoch(connection, self._cluster)) + 1
        return self._epoch

    def rebuilt(self) -> int:
        """How often it was rebuilt, by whomever."""
        return look(self._engine, lambda connection: read_epoch(connection, self._cluster))

    def need_epoch(self, epoch: int) -> None:
        """Refuses to reserve until the ledger has been rebuilt so often: what `need_rebuild` told another process."""
        self._epoch = max(epoch, 1)

    def reserve(self, asked: Asked, now_ns: int) -> Outcome:
        """Holds what a request asks for, in a transaction of its own: all of it or nothing.

        A DELETE, and what is charged nothing, holds nothing; a dry run is answered only. The same request again gets the same
        answer. Raises AmountError, NotReadyError, RepeatedRequestError, BusyError.
        """
        checked = self._checked(asked)
        if checked is None:
            return _NOTHING
        opening = opening_of(checked, now_ns)

        def work(connection: Connection) -> Outcome:
            return reserve(connection, checked, opening, self._most_open, self._epoch, now_ns)

        try:
            return look(self._engine, work) if checked.dry_run else run(self._engine, work)
        except Refusal as refusal:
            return refusal.outcome

    def reserve_on(self, connection: Connection, asked: Asked, now_ns: int) -> Outcome:
        """The same in the caller's transaction, which has to be one for writing: what is held counts once it commits.

        It is not tried again: a DBAPIError of the database ends the caller's transaction too.
        """
        checked = self._checked(asked)
        if checked is None:
            return _NOTHING
        opening = opening_of(checked, now_ns)
        try:
            with connection.begin_nested():
                return reserve(connection, checked, opening, self._most_open, self._epoch, now_ns)
        except Refusal as refusal:
            return refusal.outcome

    def _checked(self, asked: Asked) -> Asked | None:
        """The request as it is counted; None when it asks for nothing."""
        checked = checked_asked(asked)
        self._check_cluster(checked.key.object)
        is_counted = checked.operation in ("CREATE", "UPDATE") and (checked.charges or checked.timed)
        return checked if is_counted else None

    def cancel(self, key: ReservationKey, now_ns: int) -> None:
        """Gives a reservation up whose request was denied after all, such as when it could not be recorded."""
        self._change({key.object: None}, lambda stored: _dropping(stored, key.request), now_ns)

    def confirm(self, seen: Iterable[Seen], now_ns: int) -> None:
        """Takes in what watches, lists and reads saw of objects. Raises AmountError for what cannot be counted."""
        for some in _batches([checked_seen(one) for one in seen]):
            # The newest sight of an object, where there are several.
            newest: dict[ObjectKey, Seen] = {}
            for one in some:
                if one.key not in newest or newest[one.key].version <= one.version:
                    newest[one.key] = one
            found = newest

            def sighted(stored: Stored, found: Mapping[ObjectKey, Seen] = found) -> Change:
                return Change(stored, stored.holding.sighted(found[stored.holding.key], now_ns))

            self._change({key: one.reference for key, one in newest.items()}, sighted, now_ns)

    def end(self, key: ObjectKey, reference: Reference, version: int, now_ns: int) -> None:
        """Takes in that a watch saw an object deleted. version: that of the deletion."""
        self._change({key: reference}, lambda stored: _ending(stored, version, now_ns), now_ns)

    def settle(self, key: ObjectKey, requests: Collection[str], found: Seen | None, now_ns: int) -> None:
        """Takes in a consistent read of an object by its uid, which was begun after the TTL of some of its reservations.

        found: the object; None when nothing of that uid is there. Only a read may say so that was answered: where the API
        could not be asked, nothing is known, and this is not called.
        """
        seen = None if found is None else checked_seen(found)
        names = frozenset(requests)

        def read(stored: Stored) -> Change:
            return Change(stored, stored.holding.read(names, seen, now_ns), _released(stored, names, seen))

        self._change({key: None if seen is None else seen.reference}, read, now_ns)

    def open_reservations(self) -> tuple[Reservation, ...]:
        """The reservations of which nothing was seen yet, the oldest first, as many as are looked at at once."""
        return look(self._engine, lambda connection: read_open(connection, self._cluster, MOST_LOOKED_AT))

    def relist(self, listing: Listing, now_ns: int) -> None:
        """Takes in all objects of a resource: those that are not there any more are ended.

        What was seen in a version after the list's stays, and reservations that are open.
        """
        self.confirm(listing.objects, now_ns)
        present = {one.key for one in listing.objects}

        def find(connection: Connection) -> list[ObjectKey]:
            return vanished(connection, self._cluster, listing.resource, listing.version)

        known = look(self._engine, find)
        for some in _batches([key for key in known if key not in present]):

            def absent(stored: Stored) -> Change:
                later = stored.holding
                if later.state == "confirmed" and later.version <= listing.version:
                    return _ending(stored, listing.version, now_ns)
                return Change(stored, later)

            self._change(dict.fromkeys(some), absent, now_ns)

    def rebuild(self, listings: Iterable[Listing], now_ns: int) -> tuple[Difference, ...]:
        """Takes in every resource that quotas count, and repairs the counters; reserving may begin then.

        Returns what was repaired: nothing, unless somebody else wrote into the database.
        """
        for listing in listings:
            self.relist(listing, now_ns)
        repaired = self.repair()
        run(self._engine, lambda connection: finish_rebuild(connection, self._cluster, now_ns))
        return repaired

    def repair(self) -> tuple[Difference, ...]:
        """Sets counters right that are not what their objects add to them; what was repaired."""
        suspected = look(self._engine, lambda connection: find_differences(connection, self._cluster))
        found: list[Difference] = []
        for one in suspected:

            def repair(connection: Connection, key: QuotaKey = one.key) -> Difference | None:
                return repair_counter(connection, key)

            difference = run(self._engine, repair)
            found += [] if difference is None else [difference]
        return tuple(found)

    def advance(self, now_ns: int) -> None:
        """Settles the time of objects whose window or bound is over, and holds for the next window those that have no end."""

        def find(connection: Connection) -> dict[ObjectKey, Stored]:
            found: dict[ObjectKey, Stored] = {}
            for some in _batches(advancing(connection, self._cluster)):
                found |= find_holdings(connection, some)
            return found

        found = look(self._engine, find)
        due = [key for key, one in found.items() if one.holding.is_to_advance(now_ns)]
        for some in _batches(sorted(due)):

            def advanced(stored: Stored) -> Change:
                return Change(stored, stored.holding.advanced(now_ns))

            self._change(dict.fromkeys(some), advanced, now_ns)

    def prune(self, before_ns: int) -> None:
        """Forgets objects that are gone, and closed reservations, from before a moment; counters stay as they are.

        The moment has to be so long ago that no list or watch is as late.
        """
        run(self._engine, lambda connection: prune(connection, self._cluster, before_ns))

    def _change(self, wanted: Mapping[ObjectKey, Reference | None], change: _Change, now_ns: int) -> None:
        """Changes objects in one transaction; those without a reference only if the ledger has them."""
        for key in wanted:
            self._check_cluster(key)

        def work(connection: Connection) -> None:
            places = {key: place for key, place in wanted.items() if place is not None}
            unplaced = [key for key, place in wanted.items() if place is None]
            if unplaced:
                places |= {
                    key: one.holding.reference for key, one in find_holdings(connection, unplaced).items()
                }
            if not places:
                return
            stored = lock_holdings(connection, places)
            changes = [change(stored[key]) for key in sorted(stored)]
            changes = [one for one in changes if not one.is_none]
            if changes:
                write(connection, changes, now_ns)

        run(self._engine, work)

    def _check_cluster(self, key: ObjectKey) -> None:
        if key.cluster != self._cluster:
            raise QuotaError(f"the ledger of {self._cluster} was given an object of {key.cluster}")


def _dropping(stored: Stored, request: str) -> Change:
    names = frozenset({request})
    return Change(stored, stored.holding.dropped(names), names)


def _ending(stored: Stored, version: int, now_ns: int) -> Change:
    holding: Holding = stored.holding
    return Change(stored, holding.ended(version, now_ns), frozenset([one.request for one in holding.open]))


def _released(stored: Stored, names: frozenset[str], found: Seen | None) -> frozenset[str]:
    """Which reservations come to nothing by a read: those that it was for, unless a later version was found."""
    if found is None:
        return frozenset([one.request for one in stored.holding.open])
    return frozenset(
        [
            one.request
            for one in stored.holding.open
            if one.request in names and one.base_version >= found.version
        ]
    )


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
