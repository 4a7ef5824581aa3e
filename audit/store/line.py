"""The line in front of the appender: bounded, first come first served, and taken many at a time by one thread.

The thread is woken once for a batch, not for each that comes: threads of one interpreter stand in each other's way. While
it has much to do it fetches what others would have to bring it.
"""

import threading
import time
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

T = TypeVar("T")

# How long who waits for many sleeps before it looks again: to be woken for each costs it, and who works meanwhile, more.
PACE_S: Final = 0.000_2
# How long it waits where another thread fetches, before it looks whether that still does.
_AGAIN_S: Final = 0.001


class FullError(Exception):
    """There was no room in time."""


class ClosedError(Exception):
    """The line takes no more."""


class Feed(Protocol):
    """From where the thread that takes can fetch items by itself."""

    def fetch(self, seconds: float) -> bool:
        """Puts what has come into the line, and waits at most so long for some to come.

        False where another thread does that: it is to be waited for then.
        """
        ...

    def wake(self) -> None:
        """Ends the waiting; from any thread."""
        ...


class Line(Generic[T]):
    """At most `most` items wait."""

    __slots__ = (
        "_closed",
        "_enough",
        "_feed",
        "_fetching_thread",
        "_items",
        "_lock",
        "_most",
        "_room",
        "_some",
    )

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._items: list[T] = []
        # With so many waiting, the thread that takes is woken.
        self._enough = 1
        self._closed = False
        self._feed: Feed | None = None
        # The thread that takes, while it waits for its feed and not to be woken.
        self._fetching_thread = 0
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
                self._wake()

    def put_some(self, items: Sequence[T]) -> int:
        """Adds the first items, as many as there is room for; how many those are. Raises ClosedError."""
        with self._lock:
            if self._closed:
                raise ClosedError
            some = items[: max(0, self._most - len(self._items))]
            self._items += some
            if some and len(self._items) >= self._enough:
                self._wake()
            return len(some)

    def _wake(self) -> None:
        """Wakes the thread that takes. Under the lock."""
        thread = self._fetching_thread
        if not thread:
            self._some.notify()
        elif thread != threading.get_ident() and self._feed is not None:
            self._feed.wake()

    def feed_from(self, feed: Feed | None) -> None:
        """From where items are fetched from now on; None: from nowhere."""
        with self._lock:
            self._feed = feed
            self._some.notify()

    def fetch(self) -> None:
        """In the thread that takes: what has come is in the line."""
        feed = self._feed
        if feed is not None:
            feed.fetch(0.0)

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
            if left <= 0:
                return
            if self._fetched(enough, left):
                continue
            # Who put something in while the lock was free woke the feed, and not this thread.
            if len(self._items) < enough and not self._closed:
                self._some.wait(left if enough == 1 or self._feed is None else min(left, _AGAIN_S))

    def _fetched(self, enough: int, seconds: float) -> bool:
        """Whether it was waited for the feed, without the lock."""
        feed = self._feed
        if feed is None:
            return False
        self._fetching_thread = threading.get_ident()
        self._lock.release()
        try:
            if enough > 1:
                time.sleep(min(seconds, PACE_S))
                seconds = 0.0
            return feed.fetch(seconds)
        finally:
            self._lock.acquire()
            self._fetching_thread = 0

    def close(self) -> None:
        """Takes no more; what waits can still be taken."""
        with self._lock:
            self._closed = True
            self._wake()
            self._room.notify_all()

    @property
    def is_closed(self) -> bool:
        """Whether it takes no more."""
        return self._closed
