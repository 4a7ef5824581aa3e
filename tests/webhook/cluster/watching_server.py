"""An API server with one kind, whose watches follow a script."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
PATH = "/api/v1/services"


@dataclass(frozen=True, slots=True)
class Watch:
    """How a watch goes: its status, the bytes that it sends, and then its end; or it stays open until the test ends."""

    status: int = 200
    sent: bytes = b""
    stays: bool = False


@dataclass(slots=True)
class Script:
    """lists: the objects of each list, in turn; the last is given again. watches: in turn; after them one that stays."""

    lists: list[list[Json] | int]
    watches: list[Watch] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    ended: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def answer(self, query: dict[str, str], token: str) -> "Watch | list[Json] | int":
        with self.lock:
            self.asked.append(query)
            self.tokens.append(token)
            if "watch" in query:
                return self.watches.pop(0) if self.watches else Watch(stays=True)
            return self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]

    @property
    def watched_from(self) -> list[str]:
        """The resourceVersions that watches began at."""
        return [query["resourceVersion"] for query in self.asked if "watch" in query]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The address of the API server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            found = script.answer(query, self.headers.get("Authorization", ""))
            if isinstance(found, Watch):
                self._watch(found)
            elif isinstance(found, int):
                self._send(found, b"{}")
            else:
                value = {"metadata": {"resourceVersion": "10"}, "items": found}
                self._send(200, json.dumps(value).encode())

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _watch(self, found: Watch) -> None:
            if found.status != 200:
                self._send(found.status, b"{}")
                return
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            # In pieces that end anywhere.
            for start in range(0, len(found.sent), 50):
                piece = found.sent[start : start + 50]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
            if found.stays:
                script.ended.wait()
                self.close_connection = True
                return
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        script.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
