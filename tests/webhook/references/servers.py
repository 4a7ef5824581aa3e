"""A server on this machine that gives fixed answers and keeps what it was asked."""

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Reply:
    """What is answered. waits: nothing is, until the test is over."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    waits: bool = False


def as_json(value: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json"})


@dataclass
class Asked:
    """A request: its target as it was sent, and its credentials. headers: by lower-case name."""

    target: str
    authorization: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Server:
    """replies: by target; whatever else is asked for is not found."""

    url: str
    port: int
    replies: dict[str, Reply]
    asked: list[Asked]

    @property
    def targets(self) -> list[str]:
        return [one.target for one in self.asked]


# What is answered to a method, a target and a body; None for what is not found.
Answering = Callable[[str, str, bytes], Reply | None]


@contextmanager
def serving(tls: ssl.SSLContext | None = None, answering: Answering | None = None) -> Iterator[Server]:
    """answering: is asked for what `replies` does not have."""
    over = Event()
    replies: dict[str, Reply] = {}
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(self.path, self.headers.get("Authorization"), headers, body))
            reply = replies.get(self.path)
            if reply is None and answering is not None:
                reply = answering(self.command, self.path, body)
            reply = reply or Reply(status=404)
            if reply.waits:
                over.wait()
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def handle(self) -> None:
            with suppress(ssl.SSLError, ConnectionError):
                super().handle()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        # A handshake that fails is the client's affair, in its own thread.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        port = server.server_address[1]
        yield Server(f"{'http' if tls is None else 'https'}://127.0.0.1:{port}", port, replies, asked)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
