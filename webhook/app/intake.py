"""Where a server's connections come from: its own listening socket, or main, which accepts for all workers."""

import socket
from contextlib import suppress
from typing import Final, Protocol, final

from lockgate.webhook.serving.acceptor import ENDED

_MOST_TOLD: Final = 1 << 12


class Intake(Protocol):
    """What an event loop watches for connections."""

    @property
    def watched(self) -> socket.socket:
        """Readable when there is one."""
        ...

    def accept(self) -> socket.socket:
        """The next connection. Raises BlockingIOError where there is none, EOFError where none will come, and OSError
        where it cannot be taken."""
        ...

    def ended(self) -> None:
        """A connection that was taken has ended."""
        ...


@final
class Listening:
    """A listening socket."""

    def __init__(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self.watched: Final = listener

    def accept(self) -> socket.socket:
        """The next connection."""
        return self.watched.accept()[0]

    def ended(self) -> None:
        """Nobody counts."""


@final
class Handed:
    """A worker's end of main's door (`serving/acceptor.py`)."""

    def __init__(self, door: socket.socket) -> None:
        door.setblocking(False)
        self.watched: Final = door
        self._untold = 0

    def accept(self) -> socket.socket:
        """The next connection."""
        told, descriptors, _, _ = socket.recv_fds(self.watched, 1, 1, socket.MSG_CMSG_CLOEXEC)
        if not told:
            raise EOFError
        if not descriptors:
            # It came, and there was no descriptor left for it.
            self.ended()
            raise OSError("no descriptor is left")
        return socket.socket(fileno=descriptors[0])

    def ended(self) -> None:
        """Tells main; what it does not take now, with the next one."""
        self._untold += 1
        with suppress(OSError):
            self._untold -= self.watched.send(ENDED * min(self._untold, _MOST_TOLD))
