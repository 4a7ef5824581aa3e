"""A running `opa run --server` on a free port of this machine, asked over HTTP that is kept alive."""

import http.client
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.programs import program

TIMEOUT_SECONDS = 10
BASE_DATA = "conflict with base data"
_RESULT = '{"result":'
_WARNING = ',"warning":{"code":"api_usage_warning"'


class Server:
    """OPA's REST interface. A request is given some seconds; closing its connection ends OPA's evaluation."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._policies: set[str] = set()

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def raw(self, method: str, path: str, body: str) -> tuple[int, str]:
        """The status and the text of a request's answer."""
        try:
            self._connection.request(method, path, body.encode("utf-8", "surrogatepass"))
            response = self._connection.getresponse()
            return response.status, response.read().decode()
        except (TimeoutError, http.client.HTTPException, ConnectionError):
            # It takes too long, or OPA fails itself.
            self._connection.close()
            return 504, '{"code": "timeout", "message": "OPA gives no answer in time"}'

    def ask(self, method: str, path: str, body: str) -> tuple[int, Any]:
        """The status and the JSON of a request's answer."""
        status, text = self.raw(method, path, body)
        return status, json.loads(text) if text else None

    def policy(self, text: str) -> set[str]:
        """Makes the text the only policy; gives the codes of the errors that it has."""
        return self.policies([text])

    def policies(self, texts: Sequence[str]) -> set[str]:
        """Makes the texts the only policies; gives the codes of the errors of those that do not compile."""
        names = [f"test{number or ''}" for number in range(len(texts))]
        for name in sorted(self._policies - set(names)):
            self.raw("DELETE", f"/v1/policies/{name}", "")
            self._policies.discard(name)
        if len(texts) > 1:
            self.forget()
        waiting = dict(zip(names, texts, strict=True))
        while waiting:
            refused: set[str] = set()
            taken = 0
            # One may need another that comes later.
            for name, text in list(waiting.items()):
                status, answer = self.ask("PUT", f"/v1/policies/{name}", text)
                if status == 200:
                    self._policies.add(name)
                    del waiting[name]
                    taken += 1
                else:
                    refused |= {_code(error) for error in answer.get("errors") or [answer]}
            if not taken:
                return refused
        return set()

    def forget(self) -> None:
        """Removes all policies."""
        for name in sorted(self._policies):
            self.raw("DELETE", f"/v1/policies/{name}", "")
        self._policies.clear()

    def value(self, place: str, given: Any) -> tuple[str, Any]:
        """("", value), ("undefined", None) or (code of the error, its message)."""
        code, text = self.text(f"/v1/data/{place}", json.dumps({"input": given}))
        return code, (json.loads(text) if code == "" else None if code == "undefined" else text)

    def text(self, path: str, body: str) -> tuple[str, str]:
        """As `value` for any path and body, with the JSON text of the result."""
        status, text = self.raw("POST", path, body)
        if status == 200:
            text = text.strip()
            if not text.startswith(_RESULT):
                return "undefined", ""
            end = text.rfind(_WARNING)
            return "", text[len(_RESULT) : end if end > 0 else -1]
        answer = json.loads(text)
        errors = answer.get("errors") or [answer]
        return errors[0].get("code", answer.get("code", "")), errors[0].get("message", "")

    def data_text(self, text: str) -> bool:
        """Replaces the base data by a JSON object; False when OPA refuses it."""
        return self.raw("PUT", "/v1/data", text)[0] < 300


def _code(error: Any) -> str:
    # Only a server has base data that a package may not have the name of.
    if str(error.get("message", "")).startswith("conflicting rule for data path"):
        return BASE_DATA
    return str(error["code"])


@contextmanager
def opa_server(data: Any, *options: str, port: int = 0) -> Iterator[Server]:
    """Runs a server with base data. port: 0 for a free one."""
    opa = program("opa")
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(opa), "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error"]
        command += ["--disable-telemetry", *options]
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
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


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
