"""Asks an ASGI application, in this process, as a server does."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: Any, target: str, token: str | None = None, method: str = "GET", **headers: str) -> Answered:
    """The answer to one request. target: path and query, escaped."""
    return _run(app, target, token, method, b"", headers)


def post(app: Any, target: str, body: bytes, **headers: str) -> Answered:
    """The answer to a form that is sent."""
    return _run(app, target, None, "POST", body, headers)


def _run(
    app: Any, target: str, token: str | None, method: str, body: bytes, headers: Mapping[str, str]
) -> Answered:
    path, _, query = target.partition("?")
    sent = [(b"host", b"lockgate.test")]
    if token is not None:
        sent.append((b"authorization", f"Bearer {token}".encode("latin-1")))
    sent += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": sent,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    messages: list[Any] = []

    async def run() -> None:
        is_sent = False

        async def receive() -> Any:
            nonlocal is_sent
            if is_sent:
                await asyncio.sleep(3_600)
            is_sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await app(scope, receive, send)

    asyncio.run(run())
    start = next(one for one in messages if one["type"] == "http.response.start")
    answer = b"".join([one.get("body", b"") for one in messages if one["type"] == "http.response.body"])
    told = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return Answered(start["status"], told, answer)
