"""Keeps the quotas' ledger as the cluster is: rebuilt from lists, then told by watches what was stored and what is gone.

Whatever cannot be taken in, by the database or from a watch that was lost, is made good by lists. Reservations of which nothing
is seen end by a consistent read once they are old, and never while a watch is down.
"""

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from random import Random
from threading import Event, Thread
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import LockgateError
from lockgate.engine.quota.amounts import Usage
from lockgate.engine.quota.expiry import Expiry, Overdue, UnreadableError, settle_overdue
from lockgate.engine.quota.reservation import ObjectKey, Reference, Seen, parse_version
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.store.reading import Difference, read_usages
from lockgate.engine.quota.store.transactions import look
from lockgate.engine.record import record
from lockgate.webhook.cluster.calls import call, segment
from lockgate.webhook.cluster.inventory import Resource, Server
from lockgate.webhook.cluster.pacing import Backoff
from lockgate.webhook.cluster.quota_basis import Basis, differ
from lockgate.webhook.cluster.quota_reading import NAMESPACES, charged_resources, read_by_name, read_by_uid
from lockgate.webhook.cluster.quota_watch import MOST_WAITING, Events, QuotaEvent, QuotaWatch
from lockgate.webhook.cluster.watch_events import metadata_text
from lockgate.webhook.quota.accounts import Accounts, is_over
from lockgate.webhook.quota.paid import Payer, paid_claims
from lockgate.webhook.quota.reconciling import CLAIMS, PODS, Counted, count_objects

Object = dict[str, Value]

# How often it is looked for what is old, whose window is over, and what is used.
TEND_S: Final = 5.0
# What is gone for so long is forgotten, but for counters: `quota show --svg` draws that far back.
KEPT_S: Final = 90 * 86_400
_PRUNE_S: Final = 3_600.0
# Drivers publish their devices often: what lives is counted anew by them, and so often at most.
DEVICES_S: Final = 60.0
_LOOK_S: Final = 0.2
_JOIN_S: Final = 2.0
_MOST_AT_ONCE: Final = 500
_OK: Final = 200
_MOST_SHOWN: Final = 5


@record
class CountedBy:
    """The ledger was rebuilt under quotas (their digest), for the `epoch`-th time. repaired: what somebody else had written."""

    quotas: str
    epoch: int
    objects: int
    repaired: tuple[Difference, ...]
    uncounted: tuple[str, ...]


@final
class QuotaFollower:
    """In a thread of its own. served: what the cluster serves now. leads: does this replica do what one does for all?"""

    def __init__(
        self,
        api: ApiClient,
        ledger: Ledger,
        ttl_s: float,
        served: Callable[[], Sequence[Resource]],
        leads: Callable[[], bool],
        chance: Random,
    ) -> None:
        self._api: Final = api
        self._ledger: Final = ledger
        self._served: Final = served
        self._leads: Final = leads
        self._chance: Final = chance
        self._backoff: Final = Backoff(chance)
        self._expiry: Final = Expiry(time.monotonic, ttl_s)
        self._stopped: Final = Event()
        self._wanted: Basis | None = None
        self._counted: CountedBy | None = None
        self._failure = ""
        self._unread: Mapping[str, str] = {}
        self._usages: tuple[Usage, ...] = ()
        self._watches: tuple[QuotaWatch, ...] = ()
        self._events: Events = queue.Queue(MOST_WAITING)
        self._resources: Mapping[str, Resource] = {}
        # Uids that the ledger was told of as charged.
        self._charged: set[str] = set()
        # Claims that pods pay for.
        self._paid: dict[tuple[str, str], Payer] = {}
        # Namespaces as they were at the latest count, and those that were read since.
        self._spaces: dict[str, Object] = {}
        self._tended = self._pruned = -_PRUNE_S
        self._thread: Final = Thread(target=self._run, name="quotas", daemon=True)

    def start(self) -> None:
        """Begins; nothing is done until there are quotas."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._stopped.set()
        self._stop_watches()
        self._thread.join(_JOIN_S)
        self._ledger.engine.dispose()

    def count_by(self, basis: Basis | None) -> None:
        """From now on it is counted so; None: there is no quota."""
        self._wanted = basis

    @property
    def counted(self) -> CountedBy | None:
        """The latest rebuild; None before the first."""
        return self._counted

    @property
    def usages(self) -> Sequence[Usage]:
        """What every key has, as of some seconds ago."""
        return self._usages

    @property
    def failures(self) -> Mapping[str, str]:
        """What goes wrong at present."""
        told = {} if not self._failure else {"the quotas' ledger": self._failure}
        broken = [one.failure for one in self._watches if one.failure]
        if broken:
            told["the watches of quotas"] = "; ".join(broken)
        return {**told, **self._unread}

    def _run(self) -> None:
        while not self._stopped.is_set():
            basis = self._wanted
            if basis is None:
                self._counted, self._usages, self._failure = None, (), ""
                self._stopped.wait(_LOOK_S)
                continue
            try:
                self._follow(basis)
            except LockgateError as error:
                self._failure = f"{error.message}{f' ({error.hint})' if error.hint else ''}"
                self._stopped.wait(self._backoff.next_wait())
            except Exception as error:  # noqa: BLE001 - whatever it is, the ledger has to be kept
                self._failure = f"an internal error of Lockgate: {type(error).__name__}"
                self._stopped.wait(self._backoff.next_wait())
            finally:
                self._stop_watches()

    def _stop_watches(self) -> None:
        watches, self._watches = self._watches, ()
        for one in watches:
            one.stop()
        for one in watches:
            one.join(_JOIN_S)

    def _follow(self, basis: Basis) -> None:
        """Rebuilds the ledger, and keeps it until it has to be rebuilt."""
        accounts, began = basis.quotas.accounts(), time.monotonic()
        versions = self._rebuild(basis, accounts)
        self._events = queue.Queue(MOST_WAITING)
        self._watches = tuple(
            [
                QuotaWatch(self._api, resource, name, versions[name], self._events, self._chance)
                for name, resource in self._resources.items()
            ]
        )
        for one in self._watches:
            one.start()
        self._failure = ""
        self._backoff.reset()
        while not self._stopped.is_set():
            wanted = self._wanted
            if wanted is None or differ(basis, wanted) or any(one.lost for one in self._watches):
                return
            if basis.quotas.devices is not wanted.quotas.devices and time.monotonic() - began >= DEVICES_S:
                return
            accounts = wanted.quotas.accounts()
            self._take_in(accounts, wanted.namespaces)
            self._tend(accounts, wanted.namespaces)

    def _rebuild(self, basis: Basis, accounts: Accounts) -> dict[str, str]:
        """The versions of the lists that it was rebuilt from, by resource."""
        server, versions = Server(self._api), dict[str, str]()
        objects: dict[str, list[Object]] = {}
        self._resources = charged_resources(self._served())
        # Claims before pods: a pod that pays for a claim is there by then.
        for name, resource in self._resources.items():
            objects[name], versions[name] = server.list_all(resource)
        self._paid = paid_claims(objects.get(PODS, ()))
        # Behind them: the labels of none of their namespaces are unknown, or it is gone.
        self._spaces = {metadata_text(one, "name"): one for one in server.list_all(NAMESPACES)[0]}
        counted: list[Counted] = [
            count_objects(
                name,
                some,
                versions[name],
                accounts,
                {**self._spaces, **basis.namespaces},
                self._ledger.cluster,
                self._paid,
            )
            for name, some in objects.items()
        ]
        listings = [one.listing for one in counted]
        repaired = self._ledger.rebuild(listings, time.time_ns())
        self._charged = {
            one.key.uid for listing in listings for one in listing.objects if one.charges or one.timed
        }
        uncounted = tuple([one for some in counted for one in some.uncounted])
        found = sum([len(one.objects) for one in listings])
        self._counted = CountedBy(
            basis.quotas.digest, self._ledger.rebuilt(), found, repaired, uncounted[:_MOST_SHOWN]
        )
        return versions

    def _take_in(self, accounts: Accounts, namespaces: Mapping[str, Object]) -> None:
        """What the watches have said; waits for something for a moment."""
        events: list[QuotaEvent] = []
        try:
            events.append(self._events.get(timeout=_LOOK_S))
            while len(events) < _MOST_AT_ONCE:
                events.append(self._events.get_nowait())
        except queue.Empty:
            pass
        seen: list[Seen] = []
        for one in events:
            uid = metadata_text(one.value, "uid")
            is_gone = one.is_deleted or is_over(one.value)
            if one.resource == PODS and is_gone:
                self._paid = {key: payer for key, payer in self._paid.items() if payer.uid != uid}
            elif one.resource == PODS:
                self._learn_paid(one.value, accounts, namespaces, seen)
            if is_gone:
                if uid in self._charged:
                    # What was seen before comes before.
                    self._ledger.confirm(seen, time.time_ns())
                    seen = []
                    self._end(one)
                continue
            for found in self._count(one.resource, one.value, accounts, namespaces):
                if found.charges or found.timed or not found.is_known or uid in self._charged:
                    self._charged.add(uid)
                    seen.append(found)
        if seen:
            self._ledger.confirm(seen, time.time_ns())

    def _end(self, event: QuotaEvent) -> None:
        value = event.value
        uid = metadata_text(value, "uid")
        reference = Reference(event.resource, metadata_text(value, "namespace"), metadata_text(value, "name"))
        version = parse_version(metadata_text(value, "resourceVersion"))
        self._ledger.end(ObjectKey(self._ledger.cluster, uid), reference, version, time.time_ns())
        self._charged.discard(uid)

    def _count(
        self, resource: str, value: Object, accounts: Accounts, namespaces: Mapping[str, Object]
    ) -> tuple[Seen, ...]:
        """The object as the ledger is told of it; nothing where it cannot be counted."""
        namespace = metadata_text(value, "namespace")
        space = namespaces.get(namespace) or self._space(namespace)
        if space is None:
            return ()
        counted = count_objects(
            resource,
            [value],
            "",
            accounts,
            {namespace: space},
            self._ledger.cluster,
            self._paid,
        )
        return counted.listing.objects

    def _space(self, name: str) -> Object | None:
        """A Namespace that main has not been told of yet, as it was when it was needed first; None where there is none."""
        if name not in self._spaces:
            answer = call(self._api, "GET", f"{NAMESPACES.path}/{segment(name)}")
            if answer.status != _OK:
                return None
            self._spaces[name] = answer.value
        return self._spaces[name]

    def _learn_paid(
        self, pod: Object, accounts: Accounts, namespaces: Mapping[str, Object], seen: list[Seen]
    ) -> None:
        """A claim that the scheduler made for a pod's extended resources is charged by the pod, from when its status says so."""
        told = paid_claims([pod])
        new = [
            key for key, payer in told.items() if key not in self._paid or self._paid[key].uid != payer.uid
        ]
        self._paid |= told
        resource = self._resources.get(CLAIMS)
        for namespace, name in new if resource is not None else ():
            assert resource is not None
            # Which was charged for itself until now.
            claim = read_by_name(self._api, resource, namespace, name)
            if claim is not None:
                seen += self._count(CLAIMS, claim, accounts, namespaces)

    def _tend(self, accounts: Accounts, namespaces: Mapping[str, Object]) -> None:
        now = time.monotonic()
        if now - self._tended < TEND_S:
            return
        self._tended = now
        if self._leads():
            cluster = _Cluster(self, accounts, namespaces)
            unread = settle_overdue(self._ledger, self._expiry, cluster, time.time_ns())
            self._unread = (
                {"old reservations": next(iter(unread.values()))[:200]} if unread else dict[str, str]()
            )
            self._ledger.advance(time.time_ns())
            if now - self._pruned >= _PRUNE_S:
                self._pruned = now
                self._ledger.prune(time.time_ns() - KEPT_S * 1_000_000_000)
        self._usages = look(
            self._ledger.engine, lambda connection: read_usages(connection, self._ledger.cluster)
        )

    def is_watched(self) -> bool:
        """Whether all watches are up, and everything that they said was taken in."""
        watches = self._watches
        return bool(watches) and all(one.is_up for one in watches) and self._events.empty()

    def read(self, overdue: Overdue, accounts: Accounts, namespaces: Mapping[str, Object]) -> Seen | None:
        """An object by its uid, as it is now; None where it is not there, or has ended. Raises UnreadableError."""
        resource = self._resources.get(overdue.reference.resource)
        if resource is None:
            raise UnreadableError(f"the cluster does not serve {overdue.reference.resource}")
        value = read_by_uid(self._api, resource, overdue.reference, overdue.key.uid)
        if value is None or is_over(value):
            return None
        found = self._count(overdue.reference.resource, value, accounts, namespaces)
        if not found:
            raise UnreadableError("the object cannot be counted")
        return found[0]


@final
class _Cluster:
    """The cluster as `settle_overdue` asks it."""

    def __init__(self, follower: QuotaFollower, accounts: Accounts, namespaces: Mapping[str, Object]) -> None:
        self._follower = follower
        self._accounts = accounts
        self._namespaces = namespaces

    def is_watched(self) -> bool:
        return self._follower.is_watched()

    def read(self, overdue: Overdue) -> Seen | None:
        return self._follower.read(overdue, self._accounts, self._namespaces)
