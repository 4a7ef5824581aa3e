"""Watches one kind that quotas charge, from a list on; what it says waits in a queue until the ledger has taken it in."""

import queue
from contextlib import closing
from random import Random
from threading import Thread
from typing import Final, final

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.cluster.event_watch import read_event
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.open_watch import OpenWatch, WatchBrokeError, WatchRefusedError
from lockgate.webhook.cluster.pacing import Backoff, watch_seconds
from lockgate.webhook.cluster.watch_events import WatchError, metadata_text, typed

Object = dict[str, Value]

# What waits to be taken in; the watches wait when there is no room.
MOST_WAITING: Final = 10_000
_PUT_S: Final = 1.0
_GONE: Final = 410
_TYPES: Final = ("ADDED", "MODIFIED", "DELETED")


@record
class QuotaEvent:
    """What became of an object. resource: as the ledger names it."""

    resource: str
    is_deleted: bool
    value: Object


Events = queue.Queue[QuotaEvent]


@final
class QuotaWatch:
    """In a thread of its own. It is taken up where it ended; where that cannot be, it is `lost`, and everything is listed anew."""

    def __init__(
        self,
        api: ApiClient,
        resource: Resource,
        named: str,
        version: str,
        events: Events,
        chance: Random,
    ) -> None:
        """named: the resource as the ledger names it. version: the list's, from which on it watches."""
        self._named: Final = named
        self._kind: Final = resource.kind
        self._version = version
        self._events: Final = events
        self._chance: Final = chance
        self._backoff: Final = Backoff(chance)
        self._watching: Final = OpenWatch(api, resource.path)
        self.is_up = False
        self.lost = ""
        self.failure = ""
        self._thread: Final = Thread(target=self._run, name=f"quota {resource.kind}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it."""
        self._watching.stop()

    def join(self, seconds: float) -> None:
        """Waits for its thread."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while not (self._watching.stopped.is_set() or self.lost):
            try:
                self._watch()
            except WatchError as error:
                self.lost = error.message
            except WatchRefusedError as error:
                why = f"the API server answered {error.status} to the watch of {self._kind} ({error})"
                if error.status == _GONE:
                    self.lost = why
                else:
                    self._fail(why)
            except WatchBrokeError as error:
                self._fail(f"the watch of {self._kind} broke: {error}")
            self.is_up = False

    def _fail(self, why: str) -> None:
        self.is_up = False
        self.failure = why
        self._watching.stopped.wait(self._backoff.next_wait())

    def _works(self) -> None:
        self.is_up = True
        self.failure = ""

    def _watch(self) -> None:
        before = self._version
        with closing(self._watching.lines(self._version, watch_seconds(self._chance), self._works)) as lines:
            for line in lines:
                self._take(line)
                self._backoff.reset()
        if self._version == before:
            # A server that ends watches at once is not asked without a pause.
            self._watching.stopped.wait(self._backoff.next_wait())

    def _take(self, line: bytes) -> None:
        event = read_event(line)
        name, value = event.get("type"), event.get("object")
        if name == "ERROR" or not isinstance(value, dict):
            raise WatchError(f"the watch of {self._kind} ended with an error")
        version = metadata_text(value, "resourceVersion")
        if not version:
            raise WatchError(f"an event of the watch of {self._kind} has no resourceVersion")
        if name in _TYPES:
            self._put(QuotaEvent(self._named, name == "DELETED", typed(value, self._kind)))
        elif name != "BOOKMARK":
            raise WatchError(f"the watch of {self._kind} has an event of type {str(name)[:40]!r}")
        self._version = version

    def _put(self, event: QuotaEvent) -> None:
        while not self._watching.stopped.is_set():
            try:
                self._events.put(event, timeout=_PUT_S)
                return
            except queue.Full:
                continue
