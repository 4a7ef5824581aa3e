"""A cluster as a source of Changes: a reflector for each kind that decides or that policies read.

Kinds come and go with CustomResourceDefinitions, so those are watched as well, and what is served is asked for again
when they change. Everything that is found waits in one bounded queue; whoever takes from it decides what is done.
"""

import queue
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from threading import Event, Lock, Thread
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.record import record
from lockgate.webhook.cluster.discovery import (
    Discovered,
    PoliciesFrom,
    choose,
    discover,
    serves_templates,
    unserved,
)
from lockgate.webhook.cluster.inventory import Resource, Server
from lockgate.webhook.cluster.pacing import Backoff
from lockgate.webhook.cluster.reflector import Reflector
from lockgate.webhook.serving.live_state import Needs
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects

_DEFINITIONS: Final = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
# What waits to be taken; reflectors wait when there is no room, and the API server then keeps what they have not read.
_MOST_WAITING: Final = 10_000
# One application of changes; the rest waits for the next.
_MOST_AT_ONCE: Final = 5_000
# After a CRD has changed: the server serves its kind soon, and says nothing when it does.
_AGAIN_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
# Extension servers announce nothing at all.
_REGULARLY_S: Final = 300.0
_JOIN_S: Final = 2.0


@record
class Batch:
    """Changes to apply together. covered: the kinds of the inventory that are known in full then."""

    changes: tuple[Change, ...]
    covered: frozenset[GroupVersionKind]


@record
class _Listed:
    resource: Resource
    objects: Mapping[ObjectKey, bytes]


@record
class _Changed:
    resource: Resource
    change: Change


@record
class _Absent:
    resource: Resource


@final
class ClusterSource:
    """Everything that is told of one cluster. `take` is called by one thread."""

    def __init__(self, api: ApiClient, policies_from: PoliciesFrom, chance: Random) -> None:
        self.objects: Final = Objects()
        self._api: Final = api
        self._policies_from: Final = policies_from
        self._chance: Final = chance
        self._waiting: Final[queue.Queue[_Listed | _Changed | _Absent | None]] = queue.Queue(_MOST_WAITING)
        self._stopped: Final = Event()
        self._asked: Final = Event()
        self._lock: Final = Lock()
        self._reflectors: Final[dict[GroupVersionKind, Reflector]] = {}
        self._needs: Needs = Needs()
        self._found: Discovered | None = None
        self._inventory: frozenset[GroupVersionKind] = frozenset()
        self._listed: Final[set[GroupVersionKind]] = set()
        self._failures: Final[dict[str, str]] = {}
        # Kinds that are no longer wanted, until the taking thread has let go of them.
        self._leaving: Final[deque[GroupVersionKind]] = deque()
        self._wanted: frozenset[GroupVersionKind] = frozenset()
        self._discovering: Final = Thread(target=self._discover, name="discovery", daemon=True)

    def start(self) -> None:
        """Begins to ask the cluster."""
        self._discovering.start()

    def stop(self) -> None:
        """Ends everything."""
        self._stopped.set()
        self._asked.set()
        self._discovering.join(_JOIN_S)
        with self._lock:
            running = [*self._reflectors.values()]
            self._reflectors.clear()
        for one in running:
            one.stop()
        for one in running:
            one.join(_JOIN_S)

    def want(self, needs: Needs) -> None:
        """From now on the inventory is of these kinds."""
        if needs != self._needs:
            self._needs = needs
            self._arrange()

    def take(self, seconds: float) -> Batch | None:
        """What has changed; waits for something for so long. None when there was nothing."""
        changes: list[Change] = []
        try:
            told = self._waiting.get(timeout=seconds)
        except queue.Empty:
            return None
        while self._leaving:
            kind = self._leaving.popleft()
            if kind not in self._wanted:
                changes += self._forget(kind)
        while True:
            changes += self._take(told)
            if len(changes) >= _MOST_AT_ONCE:
                break
            try:
                told = self._waiting.get_nowait()
            except queue.Empty:
                break
        return Batch(tuple(changes), self.covered())

    def covered(self) -> frozenset[GroupVersionKind]:
        """The kinds of the inventory that are known in full."""
        with self._lock:
            found, inventory = self._found, self._inventory & self._listed
        if found is None:
            return frozenset()
        none = unserved(found.resources, self._needs, [group for group, _ in found.failed])
        return inventory | none

    def lacking(self) -> tuple[str, ...]:
        """What has not been told yet, in words; nothing when policies and the inventory that they need have been.

        For a start: asked after `want`, by the thread that takes. Kinds come later too, and are lacking for a moment;
        a replica that has been ready once stays so, as what cannot be watched any more stays in force.
        """
        with self._lock:
            found, missing = self._found, sorted(set(self._reflectors) - self._listed)
            failures = dict(self._failures)
        if found is None:
            return (failures.get("discovery") or "the cluster has not told yet which kinds it serves",)
        said: list[str] = []
        if self._policies_from == "cluster" and not serves_templates(found.resources):
            said.append(
                "the cluster does not serve ConstraintTemplates: their CustomResourceDefinition is missing"
            )
        said += [failures.get(str(kind)) or f"{kind} has not been listed yet" for kind in missing]
        return tuple(said)

    def resources(self) -> tuple[Resource, ...]:
        """Everything that the cluster serves, as far as it is known."""
        with self._lock:
            return () if self._found is None else self._found.resources

    def failures(self) -> Mapping[str, str]:
        """What cannot be watched at present, with the reason."""
        with self._lock:
            return dict(self._failures)

    def kinds(self) -> frozenset[GroupVersionKind]:
        """The kinds that are watched."""
        with self._lock:
            return frozenset(self._reflectors)

    def ask_again(self) -> None:
        """Something may be served that was not, or no longer."""
        self._asked.set()

    # What reflectors tell, in their threads.

    def listed(self, resource: Resource, objects: Mapping[ObjectKey, bytes]) -> None:
        """All objects of a kind."""
        self._put(_Listed(resource, objects))

    def changed(self, resource: Resource, change: Change) -> None:
        """A change of one."""
        self._put(_Changed(resource, change))

    def failed(self, resource: Resource, why: str) -> None:
        """A failure, or "" for its end."""
        with self._lock:
            if why:
                self._failures[str(resource.kind)] = why
            else:
                self._failures.pop(str(resource.kind), None)

    def absent(self, resource: Resource) -> None:
        """A kind is no longer served."""
        self._put(_Absent(resource))
        self._asked.set()

    def _put(self, told: "_Listed | _Changed | _Absent | None") -> None:
        while not self._stopped.is_set():
            try:
                self._waiting.put(told, timeout=1.0)
                return
            except queue.Full:
                continue

    def _take(self, told: "_Listed | _Changed | _Absent | None") -> tuple[Change, ...]:
        if told is None:
            return ()
        kind = told.resource.kind
        with self._lock:
            is_watched = kind in self._reflectors
        if isinstance(told, _Absent):
            return self._forget(kind)
        if not is_watched:
            # What a reflector told before it was stopped does not count after that.
            return ()
        if isinstance(told, _Listed):
            with self._lock:
                self._listed.add(kind)
            news = self.objects.replacing(kind, told.objects)
        else:
            news = self.objects.news([told.change])
        self.objects.apply(news)
        return news

    def _forget(self, kind: GroupVersionKind) -> tuple[Change, ...]:
        with self._lock:
            reflector = self._reflectors.pop(kind, None)
            self._failures.pop(str(kind), None)
            self._listed.discard(kind)
        if reflector is not None:
            reflector.stop()
        news = self.objects.replacing(kind, {})
        self.objects.apply(news)
        return news

    def _discover(self) -> None:
        """Asks what is served: at first, when CRDs have changed, and now and then."""
        server, backoff = Server(self._api), Backoff(self._chance)
        watching = Reflector(
            self._api,
            Resource(_DEFINITIONS, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", False),
            _Definitions(self),
            self._chance,
        )
        watching.start()
        again: tuple[float, ...] = ()
        while not self._stopped.is_set():
            try:
                found = discover(server)
                backoff.reset()
                with self._lock:
                    self._found = found
                    self._failures.pop("discovery", None)
                self._arrange()
                wait = again[0] if again else _REGULARLY_S
                again = again[1:]
            except UsageError as error:
                with self._lock:
                    self._failures["discovery"] = error.message
                wait = backoff.next_wait()
            if self._asked.wait(wait):
                self._asked.clear()
                again = _AGAIN_S
        watching.stop()
        watching.join(_JOIN_S)

    def _arrange(self) -> None:
        """Starts the reflectors that are wanted, and stops those that are not."""
        with self._lock:
            found = self._found
            if found is None or self._stopped.is_set():
                return
            wanted, self._inventory = choose(found.resources, self._needs, self._policies_from)
            hidden = {group for group, _ in found.failed}
            unwanted = [kind for kind in self._reflectors if kind not in wanted and kind.group not in hidden]
            made = [
                Reflector(self._api, resource, self, self._chance)
                for kind, resource in wanted.items()
                if kind not in self._reflectors
            ]
            self._reflectors.update({one.resource.kind: one for one in made})
            self._wanted = frozenset(wanted)
            self._leaving.extend(unwanted)
        for one in made:
            one.start()
        # Whoever takes learns what is covered now; when the queue is full there is something to take anyway.
        with suppress(queue.Full):
            self._waiting.put_nowait(None)


@final
class _Definitions:
    """Is told of CustomResourceDefinitions: what they say is not kept, only that they change."""

    def __init__(self, source: ClusterSource) -> None:
        self._source: Final = source

    def listed(self, resource: Resource, objects: Mapping[ObjectKey, bytes]) -> None:
        """They may have changed while nobody watched."""
        self._source.ask_again()

    def changed(self, resource: Resource, change: Change) -> None:
        """One has changed."""
        self._source.ask_again()

    def failed(self, resource: Resource, why: str) -> None:
        """They cannot be watched."""
        self._source.failed(resource, why)

    def absent(self, resource: Resource) -> None:
        """The server has no such thing."""
        self._source.ask_again()
