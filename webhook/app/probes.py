"""Main's plain port: is it alive, is it ready, and its metrics. A flood of reviews goes to workers, and not here."""

from collections.abc import Callable
from typing import Final, final

from lockgate.webhook.app.asgi import Receive, Scope, Send
from lockgate.webhook.app.metrics import Metrics

_TEXT: Final = "text/plain; charset=utf-8"


@final
class ProbesApp:
    """An ASGI application. broken: what cannot mend itself; unready: why no requests may come; empty when they may."""

    def __init__(self, broken: Callable[[], str], unready: Callable[[], str], metrics: Metrics) -> None:
        self._broken = broken
        self._unready = unready
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        status, kind, body = self._answer(scope)
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: Scope) -> tuple[int, str, bytes]:
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return 405, _TEXT, b"only GET\n"
        if path in ("/healthz", "/readyz"):
            wrong = self._broken() or (self._unready() if path == "/readyz" else "")
            return (503, _TEXT, f"{wrong}\n".encode()) if wrong else (200, _TEXT, b"ok\n")
        if path == "/metrics":
            accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
            body, kind = self._metrics.render(accept.decode("latin-1"))
            return 200, kind, body
        return 404, _TEXT, b"there are /healthz, /readyz and /metrics\n"
