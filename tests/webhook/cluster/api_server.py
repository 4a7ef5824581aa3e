"""ConfigMaps behind HTTP as an API server has them: resourceVersions, merge patches, conflicts; in memory."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any


class ConfigMaps:
    """The stored objects by namespace and name. `before_patch` runs ahead of each patch, for others to interfere."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.statuses: list[int] = []
        self.before_patch: Callable[[], None] = lambda: None
        self._version = 0
        self._lock = Lock()

    def put(self, path: str, data: dict[str, str] | None, labels: dict[str, str] | None = None) -> None:
        with self._lock:
            self._version += 1
            namespace, name = path.split("/")
            meta = {"namespace": namespace, "name": name, "resourceVersion": str(self._version)}
            made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "labels": labels or {}}}
            self.objects[path] = made if data is None else {**made, "data": data}

    def patch(self, path: str, body: dict[str, Any]) -> int:
        self.before_patch()
        with self._lock:
            there = self.objects.get(path)
            if there is None:
                return 404
            if body["metadata"]["resourceVersion"] != there["metadata"]["resourceVersion"]:
                return 409
            self._version += 1
            there["metadata"]["resourceVersion"] = str(self._version)
            there["data"] = {**there.get("data", {}), **body["data"]}
            return 200


@contextmanager
def serving(maps: ConfigMaps) -> Iterator[str]:
    """The address of an API server with these ConfigMaps; `statuses` are answered first, one a request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            parts = self.path.split("/")
            path = f"{parts[4]}/{parts[6]}"
            status = maps.statuses.pop(0) if maps.statuses else 200
            if status == 200 and self.command == "PATCH":
                status = maps.patch(path, json.loads(body))
            elif status == 200 and path not in maps.objects:
                status = 404
            failed = {"kind": "Status", "code": status, "message": "as told"}
            self.answer(status, maps.objects[path] if status == 200 else failed)

        do_GET = handle_any
        do_PATCH = handle_any

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
