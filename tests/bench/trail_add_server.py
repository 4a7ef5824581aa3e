"""A log behind HTTP as Tessera's personalities are: POST /add answers the index, GET the paths of C2SP tlog-tiles.

Only for measuring: no TLS, no limits, and whoever connects may append.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from lockgate.audit.errors import BackPressureError, TrailError
from lockgate.audit.tiles import parse_tile_path

from tests.audit.trails import Trail

MAX_HEAD = 16_384
MAX_ENTRY = 65_535
BACKLOG = 1024


class AddLog(Protocol):
    """What is served."""

    def append(self, data: bytes) -> int:
        """Records bytes, and gives their index once a proof of them can be had. Raises TrailError."""
        ...

    def resource(self, path: str) -> bytes:
        """`checkpoint`, or a tile by its path. Raises TrailError for what there is not."""
        ...


class TrailLog:
    """A trail: each of the bytes that come is a decision, drafted in the caller's thread, with body and streams."""

    def __init__(self, trail: Trail) -> None:
        self._trail = trail
        self._lock = threading.Lock()
        self._count = 0
        # Kept here, since a store keeps a checkpoint a minute, and what a receipt has is newer.
        self._note, self._size = b"", 0
        self.append(b"the first")

    def append(self, data: bytes) -> int:
        with self._lock:
            self._count += 1
            number = self._count
        receipt = self._trail.appender.append(self._trail.decide(number, request=data.decode()))
        with self._lock:
            if receipt.size > self._size:
                self._size, self._note = receipt.size, receipt.checkpoint
        return receipt.index

    def resource(self, path: str) -> bytes:
        return self._note if path == "checkpoint" else self._trail.store.tile(parse_tile_path(path))


@contextmanager
def serving(log: AddLog) -> Iterator[str]:
    """The URL of a served log; a thread for each connection, which ends with its other end."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        port = listener.getsockname()[1]
        open_ones: set[socket.socket] = set()
        thread = threading.Thread(target=_accept, args=(listener, log, open_ones), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in list(open_ones):
                _shut(connection)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Closed by its thread.
        pass


def _accept(listener: socket.socket, log: AddLog, open_ones: set[socket.socket]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        open_ones.add(connection)
        threading.Thread(target=_answer_all, args=(connection, log, open_ones), daemon=True).start()


def _answer_all(connection: socket.socket, log: AddLog, open_ones: set[socket.socket]) -> None:
    try:
        with connection:
            received = bytearray()
            while True:
                found = _request(connection, received)
                if found is None:
                    return
                method, path, body = found
                status, answer = _answered(log, method, path, body)
                head = f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n"
                connection.sendall(head.encode() + answer)
    except (OSError, ValueError):
        # The other end has gone, or does not speak HTTP.
        return
    finally:
        open_ones.discard(connection)


def _request(connection: socket.socket, received: bytearray) -> tuple[str, str, bytes] | None:
    end = _until(connection, received, lambda: received.find(b"\r\n\r\n"), MAX_HEAD)
    if end < 0:
        return None
    lines = received[:end].decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    size = int(headers.get("content-length", "0"))
    if not 0 <= size <= MAX_ENTRY:
        raise ValueError
    del received[: end + 4]
    if _until(connection, received, lambda: 0 if len(received) >= size else -1, MAX_ENTRY) < 0:
        return None
    body = bytes(received[:size])
    del received[:size]
    return method, path, body


def _until(connection: socket.socket, received: bytearray, is_there: Callable[[], int], limit: int) -> int:
    while (place := is_there()) < 0:
        more = connection.recv(65_536)
        if not more or len(received) > limit:
            return -1
        received += more
    return place


def _answered(log: AddLog, method: str, path: str, body: bytes) -> tuple[str, bytes]:
    try:
        if method == "POST" and path == "/add":
            return "200 OK", b"%d" % log.append(body)
        if method == "GET":
            return "200 OK", log.resource(path.removeprefix("/"))
        return "405 Method Not Allowed", b""
    except BackPressureError as error:
        return "503 Service Unavailable", str(error).encode()
    except TrailError as error:
        return "404 Not Found", str(error).encode()
