"""One deadline for everything that an exchange with a server does: a slow server gains nothing by dripping."""

import io
import socket
from time import monotonic
from typing import Any, Final

_CHUNK: Final = 65_536


class Deadline:
    """The moment at which everything must be done."""

    def __init__(self, seconds: float) -> None:
        self._ends = monotonic() + seconds

    def left(self) -> float:
        """The seconds left. Raises TimeoutError when there are none."""
        seconds = self._ends - monotonic()
        if seconds <= 0:
            raise TimeoutError("request timed out")
        return seconds


class _Reader(io.RawIOBase):
    """Reads from a socket, each time with what is left of the whole time."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._socket = connected
        self._deadline = deadline

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Reads some bytes."""
        self._socket.settimeout(self._deadline.left())
        read: int = self._socket.recv_into(buffer)
        return read


class DeadlineSocket:
    """A socket as `http.client` uses it, with one deadline for all that it does."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        """Sends all of it."""
        left = memoryview(data)
        while left:
            self._socket.settimeout(self._deadline.left())
            left = left[self._socket.send(left[:_CHUNK]) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        """The file that answers are read from."""
        return io.BufferedReader(_Reader(self._socket, self._deadline))

    def close(self) -> None:
        """Nothing: the answer may still be in the socket, which is closed when it has been read."""
