"""A running `opa run --server` on a free port of this machine, asked over HTTP."""

import http.client
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.programs import program


class Server:
    """OPA's REST interface. Each request is given a minute."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def ask(self, method: str, path: str, body: str) -> tuple[int, Any]:
        """The status and the JSON of a request's answer."""
        self._connection.request(method, path, body)
        response = self._connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None

    def policy(self, text: str) -> set[str]:
        """Makes the text the only policy; gives the codes of the errors that it has."""
        status, answer = self.ask("PUT", "/v1/policies/test", text)
        if status == 200:
            return set()
        return {error["code"] for error in answer.get("errors") or [answer]}

    def value(self, place: str, given: Any) -> tuple[str, Any]:
        """("", value), ("undefined", None) or (code of the error, its message)."""
        status, answer = self.ask("POST", f"/v1/data/{place}", json.dumps({"input": given}))
        if status == 200:
            return ("", answer["result"]) if "result" in answer else ("undefined", None)
        errors = answer.get("errors") or [answer]
        return errors[0]["code"], errors[0]["message"]


@contextmanager
def opa_server(data: Any) -> Iterator[Server]:
    """Runs a server with base data."""
    opa = program("opa")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(opa), "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error"]
        command.append("--disable-telemetry")
        process = subprocess.Popen(
            command, cwd=Path(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        server = None
        try:
            _wait(port)
            server = Server(port)
            for name, value in data.items():
                server.ask("PUT", f"/v1/data/{name}", json.dumps(value))
            yield server
        finally:
            if server is not None:
                server.close()
            process.terminate()
            process.wait(timeout=30)


def _wait(port: int) -> None:
    end = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
