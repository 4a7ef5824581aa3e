"""Watches one kind without an end, and tells each event as it comes; nothing of it is kept or parsed."""

from contextlib import closing
from random import Random
from threading import Thread
from typing import Final, Protocol, final

from kubernetes.client import ApiClient
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.json_values import JsonError, read_value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.open_watch import OpenWatch, WatchBrokeError, WatchRefusedError
from lockgate.webhook.cluster.pacing import Backoff, watch_seconds
from lockgate.webhook.cluster.watch_events import WatchError, metadata_text


class Hearing(Protocol):
    """Is told what a watch says; called by its thread."""

    def heard(self, kind: GroupVersionKind, line: bytes) -> None:
        """An event."""
        ...

    def failed(self, kind: GroupVersionKind, why: str) -> None:
        """The watch cannot be had; "": it can again."""
        ...


@final
class EventWatch:
    """In a thread of its own. It begins with every object as it is, and again where it cannot be gone on from."""

    def __init__(self, api: ApiClient, resource: Resource, told: Hearing, chance: Random) -> None:
        self._kind: Final = resource.kind
        self._told: Final = told
        self._chance: Final = chance
        self._backoff: Final = Backoff(chance)
        self._watching: Final = OpenWatch(api, resource.path)
        self._thread: Final = Thread(target=self._run, name=f"sight {resource.kind}", daemon=True)

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
        version = ""
        while not self._watching.stopped.is_set():
            why, last = "", b""
            try:
                with closing(
                    self._watching.lines(version, watch_seconds(self._chance), self._works)
                ) as lines:
                    for line in lines:
                        last = line
                        self._told.heard(self._kind, line)
            except WatchRefusedError as error:
                hint = "; whoever runs this needs `watch` on it" if error.status in (401, 403) else ""
                why = f"the API server answered {error.status} to the watch of {self._kind} ({error}){hint}"
            except (WatchBrokeError, WatchError) as error:
                why = f"the watch of {self._kind} broke: {error}"
            # Where it cannot be gone on from, everything is told again.
            version = "" if why else _version(last)
            if why and not self._watching.stopped.is_set():
                self._told.failed(self._kind, why)
            if why or not last:
                self._watching.stopped.wait(self._backoff.next_wait())
            else:
                self._backoff.reset()

    def _works(self) -> None:
        self._told.failed(self._kind, "")


def _version(line: bytes) -> str:
    """How far a watch came with its last event; "" where it ended with an error."""
    event = read_event(line)
    value = event.get("object")
    if event.get("type") == "ERROR" or not isinstance(value, dict):
        return ""
    return metadata_text(value, "resourceVersion")


def read_event(line: bytes) -> dict[str, Value]:
    """The event of a line; nothing where it is none, which claims nothing and leaves the claim."""
    try:
        value, _, _ = read_value(line.decode("utf-8", "replace"), 0)
    except JsonError:
        return {}
    return value if isinstance(value, dict) else {}
