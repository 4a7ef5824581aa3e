"""Discovery and lists in pages as an API server has them, in memory and behind HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


@dataclass(slots=True)
class Served:
    """What is served. `lists`: objects by the path of their list. statuses: answered first for a path, one a request.

    expiring: how many times a second page is answered with 410. asked: the paths and queries, in their order.
    """

    discovery: dict[str, Json]
    lists: dict[str, list[Json]]
    statuses: dict[str, list[int]] = field(default_factory=dict)
    expiring: int = 0
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str) -> tuple[int, Any]:
        self.asked.append(target)
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        statuses = self.statuses.get(parts.path)
        if statuses:
            return statuses.pop(0), {"kind": "Status"}
        if parts.path in self.discovery:
            return 200, self.discovery[parts.path]
        if parts.path not in self.lists:
            return 404, {"kind": "Status"}
        start = int(query.get("continue", "0"))
        if start and self.expiring:
            self.expiring -= 1
            return 410, {"kind": "Status", "reason": "Expired"}
        found = self.lists[parts.path]
        end = start + int(query["limit"])
        metadata: Json = {"resourceVersion": "7"}
        if end < len(found):
            metadata["continue"] = str(end)
        return 200, {"kind": "SomeList", "apiVersion": "v1", "metadata": metadata, "items": found[start:end]}


@contextmanager
def serving(served: Served) -> Iterator[str]:
    """The address of the API server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, value = served.answer(self.path)
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
