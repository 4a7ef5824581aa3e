"""One watch at a time over a connection, which another thread may end."""

from collections.abc import Callable, Generator
from threading import Event, Lock
from typing import Any, Final, final

from kubernetes.client import ApiClient
from lockgate.webhook.cluster.connection import failure_reason, printable_reason, streaming
from lockgate.webhook.cluster.watch_events import split_lines
from urllib3.exceptions import HTTPError

_CHUNK: Final = 1 << 16
# Beyond the time that the server was asked to end the watch after.
_MARGIN_S: Final = 15.0


class WatchRefusedError(Exception):
    """The server does not give the watch."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class WatchBrokeError(Exception):
    """The connection failed."""


@final
class OpenWatch:
    """Watches a path."""

    def __init__(self, api: ApiClient, path: str) -> None:
        self._api: Final = api
        self._path: Final = path
        self._lock: Final = Lock()
        self._response: Any = None
        self.stopped: Final = Event()

    def lines(self, version: str, seconds: int, opened: Callable[[], None]) -> Generator[bytes]:
        """The events from a resourceVersion on ("": of every object as it is now, and then of changes), for so long.

        opened: called once the server gives them. Whoever stops early closes it. Ends when `stop` is called. Raises WatchRefusedError, WatchBrokeError,
        and WatchError for a line that is too long.
        """
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if version:
            query["resourceVersion"] = version
        try:
            with streaming(self._api, self._path, query, seconds + _MARGIN_S) as answer:
                if answer.status != 200:
                    raise WatchRefusedError(answer.status, printable_reason(answer.reason or ""))
                with self._lock:
                    self._response = answer
                if self.stopped.is_set():
                    return
                opened()
                for line in split_lines(answer.stream(_CHUNK)):
                    if self.stopped.is_set():
                        return
                    yield line
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            # AttributeError: a TLS socket that was shut while it was read.
            raise WatchBrokeError(failure_reason(error)) from None
        finally:
            with self._lock:
                self._response = None

    def stop(self) -> None:
        """Ends it for good."""
        self.stopped.set()
        with self._lock:
            response = self._response
            # A read that waits for the next event.
            shutdown = getattr(response, "shutdown", None)
            if shutdown is not None:
                try:
                    shutdown()
                except (OSError, ValueError, RuntimeError):
                    return
