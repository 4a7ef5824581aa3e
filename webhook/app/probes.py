"""Main's plain port: is it alive, is it ready, and its metrics. A flood of reviews goes to workers, and not here."""

from collections.abc import Callable
from typing import Final, final

from lockgate.webhook.app.http_application import Head, Unread
from lockgate.webhook.app.metrics import Metrics
from lockgate.webhook.serving.answer import HttpAnswer

_TEXT: Final = b"text/plain; charset=utf-8"
_UNREAD: Final[dict[Unread, int]] = {
    "malformed": 400,
    "head_too_large": 431,
    "too_large": 413,
    "overload": 429,
}


@final
class ProbesApp:
    """An application. broken: what cannot mend itself; unready: why no requests may come; empty when they may."""

    def __init__(self, broken: Callable[[], str], unready: Callable[[], str], metrics: Metrics) -> None:
        self._broken = broken
        self._unready = unready
        self._metrics = metrics

    def begin(self, head: Head) -> HttpAnswer:
        """The answer; nobody takes a body."""
        if head.method not in ("GET", "HEAD"):
            return HttpAnswer(405, b"only GET\n", _TEXT)
        if head.path in ("/healthz", "/readyz"):
            wrong = self._broken() or (self._unready() if head.path == "/readyz" else "")
            return HttpAnswer(503 if wrong else 200, f"{wrong or 'ok'}\n".encode(), _TEXT)
        if head.path == "/metrics":
            body, kind = self._metrics.render(head.header(b"accept").decode("latin-1"))
            return HttpAnswer(200, body, kind.encode())
        return HttpAnswer(404, b"there are /healthz, /readyz and /metrics\n", _TEXT)

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to what is no request, or too large."""
        return HttpAnswer(_UNREAD[reason], f"{reason.replace('_', ' ')}\n".encode(), _TEXT)
