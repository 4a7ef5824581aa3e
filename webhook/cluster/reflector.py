"""Keeps what is known of one kind as the API server has it: a list, and then a watch from where the list ends.

A watch that ends is taken up where it was; bookmarks keep that place young. Where the server has forgotten the place
(410), or an event cannot be read, the kind is listed anew. Failures are tried again, later each time.
"""

from collections.abc import Mapping
from contextlib import closing
from random import Random
from threading import Thread
from typing import Final, Protocol, final

from kubernetes.client import ApiClient
from lockgate.engine.errors import UsageError
from lockgate.webhook.cluster.inventory import NotServedError, Resource, Server
from lockgate.webhook.cluster.open_watch import OpenWatch, WatchBrokeError, WatchRefusedError
from lockgate.webhook.cluster.pacing import Backoff, watch_seconds
from lockgate.webhook.cluster.watch_events import WatchError, change_of, parse_event
from lockgate.webhook.serving.objects import Change, ObjectKey

_GONE: Final = 410
_NOT_FOUND: Final = 404


class Told(Protocol):
    """Is told what a reflector finds; called by its thread."""

    def listed(self, resource: Resource, objects: Mapping[ObjectKey, bytes]) -> None:
        """These are all objects of the kind."""
        ...

    def changed(self, resource: Resource, change: Change) -> None:
        """One of them has changed since."""
        ...

    def failed(self, resource: Resource, why: str) -> None:
        """It cannot be listed or watched at present; "" when it can again."""
        ...

    def absent(self, resource: Resource) -> None:
        """The kind is not served any more. The reflector has ended."""
        ...


@final
class Reflector:
    """Lists and watches one kind, in a thread of its own, until it is stopped."""

    def __init__(self, api: ApiClient, resource: Resource, told: Told, chance: Random) -> None:
        self.resource: Final = resource
        self._server: Final = Server(api)
        self._told: Final = told
        self._chance: Final = chance
        self._backoff: Final = Backoff(chance)
        self._watching: Final = OpenWatch(api, resource.path)
        self._stopped: Final = self._watching.stopped
        self._failing = False
        self._thread: Final = Thread(target=self._run, name=f"watch {resource.kind}", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it; it tells nothing that begins after this."""
        self._watching.stop()

    def join(self, seconds: float) -> None:
        """Waits for its thread."""
        self._thread.join(seconds)

    def _run(self) -> None:
        version = ""
        while not self._stopped.is_set():
            try:
                if not version:
                    version = self._list()
                reached = self._watch(version)
                if reached == version:
                    # A server that ends watches at once is not asked without a pause.
                    self._stopped.wait(self._backoff.next_wait())
                version = reached
            except _AbsentError:
                if not self._stopped.is_set():
                    self._told.absent(self.resource)
                return
            except WatchError as error:
                # What it said cannot be used, so what it would have said is not known.
                version = ""
                if not error.expired:
                    self._fail(error.message)
                else:
                    self._stopped.wait(self._backoff.next_wait())
            except _FailedError as error:
                version = error.version
                self._fail(str(error))

    def _fail(self, why: str) -> None:
        if self._stopped.is_set():
            return
        self._failing = True
        self._told.failed(self.resource, why)
        self._stopped.wait(self._backoff.next_wait())

    def _works(self) -> None:
        if self._failing:
            self._failing = False
            self._told.failed(self.resource, "")

    def _list(self) -> str:
        try:
            found, version = self._server.list_all(self.resource)
        except NotServedError:
            raise _AbsentError from None
        except UsageError as error:
            raise _FailedError(f"{error.message}{f' ({error.hint})' if error.hint else ''}", "") from None
        objects: dict[ObjectKey, bytes] = {}
        for value in found:
            change = change_of(value, self.resource.kind, "there")
            assert change.data is not None
            objects[change.key] = change.data
        if not self._stopped.is_set():
            self._backoff.reset()
            self._works()
            self._told.listed(self.resource, objects)
        return version

    def _watch(self, version: str) -> str:
        """Watches until the server ends it; gives how far it came."""
        at = version
        try:
            with closing(self._watching.lines(version, watch_seconds(self._chance), self._works)) as lines:
                for line in lines:
                    event = parse_event(line, self.resource.kind)
                    self._backoff.reset()
                    if event.change is not None:
                        self._told.changed(self.resource, event.change)
                    at = event.version
        except WatchBrokeError as error:
            raise _FailedError(f"the watch of {self.resource.kind} broke: {error}", at) from None
        except WatchRefusedError as error:
            raise self._refused(error, version) from None
        return at

    def _refused(self, error: WatchRefusedError, version: str) -> Exception:
        if error.status == _NOT_FOUND:
            return _AbsentError()
        message = f"the API server answered {error.status} to the watch of {self.resource.kind}"
        if error.status == _GONE:
            return WatchError(message, expired=True)
        hint = "; whoever runs this needs `watch` on it" if error.status in (401, 403) else ""
        return _FailedError(f"{message} ({error}){hint}", version)


class _AbsentError(Exception):
    """The kind is not served."""


class _FailedError(Exception):
    """Something failed; `version` is where to go on, "" for a new list."""

    def __init__(self, message: str, version: str) -> None:
        super().__init__(message)
        self.version = version
