"""A provider on this machine: TLS, connections that stay open, and answers as its paths say."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "externaldata.gatekeeper.sh/v1beta1"


def response(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": VERSION, "kind": "ProviderResponse", "response": fields}


class Handler(BaseHTTPRequestHandler):
    """Answers each key with its upper-case form, and each that begins with `bad` or is refused with an error, but for some paths."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def setup(self) -> None:
        super().setup()
        server: Any = self.server
        with server.lock:
            server.connections += 1
            server.open.add(self.connection)

    def finish(self) -> None:
        server: Any = self.server
        with server.lock:
            server.open.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)
        with server.lock:
            server.requests.append(request)
            server.paths.append(self.path)
            server.peers.append(self.connection.getpeercert())
        keys = request["request"].get("keys", [])
        if self.path == "/slow":
            server.released.wait(20)
            self.close_connection = True
        elif self.path == "/drip":
            self.drip()
        elif self.path == "/large":
            self.send(200, b'"' + b"x" * 4_000_000 + b'"')
        elif self.path == "/endless":
            self.endless()
        elif self.path == "/truncated":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            self.close_connection = True
        elif self.path == "/garbage":
            self.wfile.write(b"\x00\x01\r\n\r\n")
            self.close_connection = True
        elif self.path == "/closes" and len(server.requests) % 2 == 0:
            # The connection that the client has kept is gone by the time that it is used again.
            self.close_connection = True
        elif self.path.startswith("/redirect/"):
            self.send(int(self.path.rpartition("/")[2]), b"", {"Location": "/elsewhere"})
        elif self.path in server.answers:
            self.send(*server.answers[self.path])
        else:
            items = [
                {"key": key, "error": "no such thing"}
                if key.startswith("bad") or key in server.refused
                else {"key": key, "value": key.upper()}
                for key in keys
            ]
            self.send(200, json.dumps(response(idempotent=True, items=items)).encode())

    def send(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode() + data)

    def drip(self) -> None:
        """A byte at a time, until the other side has gone or the test is over."""
        server: Any = self.server
        self.close_connection = True
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not server.released.wait(0.02):
                self.wfile.write(b" ")
        except OSError:
            pass

    def endless(self) -> None:
        self.close_connection = True
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                self.wfile.write(chunk)
        except OSError:
            pass


class ProviderServer(ThreadingHTTPServer):
    """The server; `requests`, their `paths` and the certificates of their `peers`, and how many `connections` came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, tls: ssl.SSLContext, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.requests: list[Any] = []
        self.paths: list[str] = []
        self.peers: list[Any] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.connections = 0
        self.refused: set[str] = set()
        self.open: set[Any] = set()
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def end_connections(self) -> None:
        """Ends those that clients keep, as the end of a process does."""
        with self.lock:
            for one in self.open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def serving(tls: ssl.SSLContext, port: int = 0) -> Iterator[ProviderServer]:
    """The server while it runs, on a free port or on this one."""
    server = ProviderServer(tls, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        server.end_connections()
        thread.join()
