"""The addresses of a host, asked for in threads that no deadline has to wait for, and connections to them.

A resolver takes as long as its own configuration says, and nothing can stop it.
"""

import socket
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any, Final, final

from lockgate.engine.rego.http.deadline import Deadline

# As `socket.getaddrinfo` gives it.
Address = tuple[int, int, int, str, Any]
# Questions of one provider at a time.
MAX_LOOKUPS: Final = 4


@final
class Resolver:
    """Looks one host up. Used by several threads at once."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._free = BoundedSemaphore(MAX_LOOKUPS)

    def addresses(self, deadline: Deadline) -> list[Address]:
        """All addresses, in the order to try them. Raises OSError (TimeoutError), and UnicodeError for what is no name."""
        try:
            return self._ask(socket.AI_NUMERICHOST)
        except socket.gaierror:
            # A name.
            pass
        if not self._free.acquire(timeout=deadline.left()):
            raise TimeoutError(f"too many questions about {self._host} have no answer yet")
        answers: SimpleQueue[list[Address] | OSError | UnicodeError] = SimpleQueue()

        def look() -> None:
            try:
                answers.put(self._ask(0))
            except (OSError, UnicodeError) as error:
                answers.put(error)
            finally:
                self._free.release()

        Thread(target=look, name="resolve", daemon=True).start()
        try:
            found = answers.get(timeout=deadline.left())
        except Empty:
            raise TimeoutError(f"{self._host} was not looked up in time") from None
        if isinstance(found, Exception):
            raise found
        return found

    def _ask(self, flags: int) -> list[Address]:
        found: list[Address] = [
            *socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=flags)
        ]
        return found


def connect(addresses: Sequence[Address], deadline: Deadline) -> socket.socket:
    """A connected socket, whichever of the addresses answers first. Raises OSError."""
    failure: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in addresses:
        try:
            connected = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            connected.settimeout(deadline.left())
            connected.connect(address)
            return connected
        except OSError as error:
            connected.close()
            failure = error
    raise failure
