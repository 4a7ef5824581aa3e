"""Which open reservations are so old that a read may end them.

Time is counted here by the monotonic clock, from when a reservation was first met: a wall clock that is set forward, set back,
or is another's, ends nothing early. A process that starts anew waits anew.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, final

from lockgate.engine.quota.errors import QuotaError
from lockgate.engine.quota.reservation import ObjectKey, Reference, Reservation, ReservationKey, Seen
from lockgate.engine.record import record

# The API server answers a request within 60 s, or not at all; a watch is behind by seconds.
TTL_S: Final = 180.0


@record
class Overdue:
    """An object, and those of its reservations that are due for a read."""

    key: ObjectKey
    reference: Reference
    requests: frozenset[str]


@final
class Expiry:
    """The ages of open reservations, as one process knows them."""

    __slots__ = ("_clock", "_first", "_ttl_s")

    def __init__(self, clock: Callable[[], float], ttl_s: float = TTL_S) -> None:
        self._clock: Final = clock
        self._ttl_s: Final = ttl_s
        self._first: dict[ReservationKey, tuple[float, int]] = {}

    def overdue(self, found: Iterable[Reservation]) -> tuple[Overdue, ...]:
        """Of all reservations that are open now, those that were met at least a TTL ago, by object."""
        now = self._clock()
        # One that was given up and asked for again is a new one.
        met: dict[ReservationKey, tuple[float, int]] = {}
        due: dict[ObjectKey, Overdue] = {}
        for one in found:
            first = self._first.get(one.key)
            if first is None or first[1] != one.created_ns:
                first = now, one.created_ns
            met[one.key] = first
            if now - first[0] >= self._ttl_s:
                others = due.get(one.key.object)
                names = frozenset({one.key.request}) | (others.requests if others else frozenset())
                due[one.key.object] = Overdue(one.key.object, one.reference, names)
        self._first = met
        return tuple([due[key] for key in sorted(due)])


class UnreadableError(QuotaError):
    """The API could not be asked, or its answer is not to be relied on: nothing is known of the object."""


class Cluster(Protocol):
    """What is asked of a cluster."""

    def is_watched(self) -> bool:
        """Whether the watches of all resources that quotas count are up, and have told of everything until now."""
        ...

    def read(self, overdue: Overdue) -> Seen | None:
        """Reads an object consistently (no `resourceVersion` is given): None where nothing of its uid is there.

        Raises UnreadableError.
        """
        ...


class Settling(Protocol):
    """What is told to the ledger."""

    def open_reservations(self) -> tuple[Reservation, ...]:
        """All open reservations."""
        ...

    def settle(self, key: ObjectKey, requests: frozenset[str], found: Seen | None, now_ns: int) -> None:
        """Takes in a read."""
        ...


def settle_overdue(
    ledger: Settling, expiry: Expiry, cluster: Cluster, now_ns: int
) -> Mapping[ObjectKey, str]:
    """Reads the objects whose reservations are overdue, and has the ledger take in what was found; why others were not read.

    While the cluster is not watched nothing is read, and nothing released.
    """
    # Looked at in any case, so that time passes.
    overdue = expiry.overdue(ledger.open_reservations())
    if not cluster.is_watched():
        return {one.key: "the cluster is not watched" for one in overdue}
    unread: dict[ObjectKey, str] = {}
    for one in overdue:
        try:
            found = cluster.read(one)
        except UnreadableError as error:
            unread[one.key] = str(error)
        else:
            ledger.settle(one.key, one.requests, found, now_ns)
    return unread
