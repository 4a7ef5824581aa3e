"""Writes lines to a descriptor from a thread of its own: who reads the log cannot hold up an answer."""

import os
from collections import deque
from threading import Condition, Thread
from typing import Final, final

# Some 10 MiB at most; a reader that is further behind than this has stopped.
MAX_WAITING: Final = 10_000
CLOSE_S: Final = 5.0


@final
class LogWriter:
    """Hands lines to a file descriptor in order. What does not fit behind a reader that stalls is dropped and counted.

    Lines of several processes on one pipe do not mix where each has 4,096 bytes at most (POSIX, PIPE_BUF).
    """

    __slots__ = ("_dropped", "_ends", "_fd", "_lines", "_room", "_thread")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lines: deque[bytes] = deque()
        self._room = Condition()
        self._dropped = 0
        self._ends = False
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines that were dropped so far."""
        return self._dropped

    def write(self, line: bytes) -> bool:
        """Queues a line with its end; False where it is dropped."""
        with self._room:
            if self._ends or len(self._lines) >= MAX_WAITING:
                self._dropped += 1
                return False
            self._lines.append(line)
            self._room.notify()
        return True

    def _run(self) -> None:
        while True:
            with self._room:
                while not self._lines and not self._ends:
                    self._room.wait()
                if not self._lines:
                    return
                line = self._lines.popleft()
            self._put(line)

    def _put(self, line: bytes) -> None:
        try:
            while line:
                line = line[os.write(self._fd, line) :]
        except OSError:
            # A full disk or a closed pipe: the trail is the record, and the server goes on.
            self._dropped += 1

    def close(self) -> None:
        """Writes what waits, for a few seconds at most."""
        with self._room:
            self._ends = True
            self._room.notify()
        self._thread.join(CLOSE_S)
