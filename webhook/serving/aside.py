"""What no review is to wait for: done in a thread of its own, one after the other."""

import logging
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Final, final

_LOGGER: Final = logging.getLogger(__name__)


@final
class Aside:
    """The thread begins with the first that there is to do, and ends with the process."""

    __slots__ = ("_given", "_lock", "_thread")

    def __init__(self) -> None:
        self._given: Final[SimpleQueue[Callable[[], None]]] = SimpleQueue()
        self._lock: Final = Lock()
        self._thread: Thread | None = None

    def do(self, what: Callable[[], None]) -> None:
        """Has it done soon. What it raises is logged."""
        self._given.put(what)
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="aside", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            what = self._given.get()
            try:
                what()
            except Exception:
                _LOGGER.exception("what was to be done beside reviews failed")
            # What it holds is not kept until there is more to do.
            del what
