"""Several servers behind one address for a test: connections go to them in turn, as those to a Service's endpoints."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_CHUNK = 1 << 16


class Balancer:
    """served: how many connections each server got."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self.served = [0] * len(ports)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Takes connections until it is closed."""
        turn = 0
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            place = turn % len(self._ports)
            turn += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._ports[place]))
            except OSError:
                client.close()
                continue
            self.served[place] += 1
            threading.Thread(target=_carry, args=(client, server), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _carry(client: socket.socket, server: socket.socket) -> None:
    """Both ways, until both ends have ended."""
    with client, server:
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def balancing(ports: Sequence[int]) -> Iterator[Balancer]:
    """A balancer that runs."""
    made = Balancer(ports)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()
