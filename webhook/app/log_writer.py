"""Writes lines to a descriptor from a thread of its own: who reads the log cannot hold up an answer."""

import os
from collections import deque
from threading import Condition, Event, Thread
from typing import Final, final

# Some 10 MiB at most; a reader that is further behind than this has stopped.
MAX_WAITING: Final = 10_000
CLOSE_S: Final = 5.0
# How long lines gather before they are written together: to wake a thread for each line costs more than the line.
GATHER_S: Final = 0.01
# What a pipe takes in one piece (POSIX, PIPE_BUF).
PIECE: Final = 4_096


@final
class LogWriter:
    """Hands lines to a file descriptor in order. What does not fit behind a reader that stalls is dropped and counted.

    Lines of several processes on one pipe do not mix where each has PIECE bytes at most.
    """

    __slots__ = ("_dropped", "_ended", "_ends", "_fd", "_lines", "_room", "_thread")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lines: deque[bytes] = deque()
        self._room = Condition()
        self._dropped = 0
        self._ends = False
        self._ended = Event()
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
            self._ended.wait(GATHER_S)
            while self._lines:
                self._put(*self._piece())

    def _piece(self) -> tuple[bytes, int]:
        """The next lines, and how many: as many as go in one piece, one at least."""
        with self._room:
            found = [self._lines.popleft()]
            size = len(found[0])
            while self._lines and size + len(self._lines[0]) <= PIECE:
                found.append(self._lines.popleft())
                size += len(found[-1])
        return b"".join(found), len(found)

    def _put(self, piece: bytes, lines: int) -> None:
        try:
            while piece:
                piece = piece[os.write(self._fd, piece) :]
        except OSError:
            # A full disk or a closed pipe: the trail is the record, and the server goes on.
            self._dropped += lines

    def close(self) -> None:
        """Writes what waits, for a few seconds at most."""
        with self._room:
            self._ends = True
            self._room.notify()
        self._ended.set()
        self._thread.join(CLOSE_S)
