"""Writes lines to a descriptor from a thread of its own: who reads the log cannot hold up an answer."""

import os
import stat
from collections import deque
from threading import Condition, Event, Thread
from typing import Final, final

# Some 10 MiB at most; a reader that is further behind than this has stopped.
MAX_WAITING: Final = 10_000
CLOSE_S: Final = 5.0
# How long lines gather before they are written together: to wake a thread for each line costs more than the line.
GATHER_S: Final = 0.05
# What a pipe takes in one piece (POSIX, PIPE_BUF).
PIECE: Final = 4_096
# A file takes any: each piece costs its writer, and who answers, the interpreter once.
FILE_PIECE: Final = 64 * 1024


@final
class LogWriter:
    """Hands lines to a file descriptor in order. What does not fit behind a reader that stalls is dropped and counted.

    Lines of several processes on one pipe do not mix where each has PIECE bytes at most.
    """

    __slots__ = (
        "_dropped",
        "_ended",
        "_ends",
        "_fd",
        "_is_torn",
        "_lines",
        "_lost",
        "_piece_bytes",
        "_room",
        "_thread",
    )

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._piece_bytes = FILE_PIECE if stat.S_ISREG(os.fstat(fd).st_mode) else PIECE
        self._lines: deque[bytes] = deque()
        self._room = Condition()
        self._dropped = 0
        self._lost = 0
        self._is_torn = False
        self._ends = False
        self._ended = Event()
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Lines that were dropped so far."""
        return self._dropped

    def take_lost(self) -> int:
        """Lines that were queued and could not be written since the last time."""
        if not self._lost:
            return 0
        with self._room:
            lost, self._lost = self._lost, 0
        return lost

    def write(self, line: bytes) -> bool:
        """Queues a line with its end; False where it is dropped."""
        with self._room:
            if self._ends or len(self._lines) >= MAX_WAITING:
                self._dropped += 1
                return False
            self._lines.append(line)
            if len(self._lines) == 1:
                # Only where there was none is one waited for.
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
            while self._lines and size + len(self._lines[0]) <= self._piece_bytes:
                found.append(self._lines.popleft())
                size += len(found[-1])
        return b"".join(found), len(found)

    def _put(self, piece: bytes, lines: int) -> None:
        # What was cut off ends there, so that the next line begins a line.
        rest = b"\n" + piece if self._is_torn else piece
        try:
            while rest:
                written = os.write(self._fd, rest)
                self._is_torn = rest[written - 1 : written] != b"\n"
                rest = rest[written:]
        except OSError:
            # A full disk or a closed pipe: the trail is the record, and the server goes on.
            with self._room:
                self._dropped += lines
                self._lost += lines

    def close(self) -> None:
        """Writes what waits, for a few seconds at most."""
        with self._room:
            self._ends = True
            self._room.notify()
        self._ended.set()
        self._thread.join(CLOSE_S)
