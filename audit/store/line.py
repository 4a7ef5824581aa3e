"""The line in front of the appender: bounded, first come first served, and taken many at a time by one thread.

The thread is woken once for a batch, not for each that comes: threads of one interpreter stand in each other's way.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")


class FullError(Exception):
    """There was no room in time."""


class ClosedError(Exception):
    """The line takes no more."""


class Line(Generic[T]):
    """At most `most` items wait."""

    __slots__ = ("_closed", "_enough", "_items", "_lock", "_most", "_room", "_some")

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._items: list[T] = []
        # With so many waiting, the thread that takes is woken.
        self._enough = 1
        self._closed = False
        self._lock: Final = threading.Lock()
        self._room: Final = threading.Condition(self._lock)
        self._some: Final = threading.Condition(self._lock)

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T, timeout: float) -> None:
        """Adds an item, waiting up to `timeout` seconds for room. Raises FullError or ClosedError."""
        with self._lock:
            if len(self._items) >= self._most and not self._closed:
                self._room.wait_for(lambda: len(self._items) < self._most or self._closed, timeout)
            if self._closed:
                raise ClosedError
            if len(self._items) >= self._most:
                raise FullError
            self._items.append(item)
            if len(self._items) >= self._enough:
                self._some.notify()

    def put_some(self, items: Sequence[T]) -> int:
        """Adds the first items, as many as there is room for; how many those are. Raises ClosedError."""
        with self._lock:
            if self._closed:
                raise ClosedError
            some = items[: max(0, self._most - len(self._items))]
            self._items += some
            if some and len(self._items) >= self._enough:
                self._some.notify()
            return len(some)

    def take(self, most: int, enough: int, gather: float, idle: float) -> list[T]:
        """The first items, at most `most`; none after `idle` seconds without any, or once the line is closed and empty.

        When there is one it is given `gather` seconds of time to have company, until `enough` wait.
        """
        with self._lock:
            self._wait(1, idle)
            if self._items:
                self._wait(min(most, enough, self._most), gather)
            taken = self._items[:most]
            del self._items[:most]
            self._room.notify(len(taken))
            return taken

    def _wait(self, enough: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._enough = enough
        while len(self._items) < enough and not self._closed:
            left = until - time.monotonic()
            if left <= 0 or not self._some.wait(left):
                return

    def close(self) -> None:
        """Takes no more; what waits can still be taken."""
        with self._lock:
            self._closed = True
            self._some.notify_all()
            self._room.notify_all()

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more."""
        return self._closed
