"""A plain port for probes and metrics of a process that answers nothing else: one request at a time, bounded."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Final, final

from lockgate.engine.errors import UsageError

# A client that says nothing holds up the others no longer.
_TIMEOUT_S: Final = 5.0
_TEXT: Final = "text/plain; charset=utf-8"


@final
class MetricsPort:
    """Answers /healthz, /readyz and /metrics in a thread of its own. metrics: asked at each scrape; content type too.

    unready: why it is not ready; empty when it is. Raises UsageError where it cannot listen.
    """

    def __init__(
        self,
        address: tuple[str, int],
        metrics: Callable[[], str],
        content_type: str,
        unready: Callable[[], str],
    ) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = _TIMEOUT_S

            def do_GET(self) -> None:
                why = unready()
                match self.path.partition("?")[0]:
                    case "/healthz":
                        self._answer(200, _TEXT, "ok\n")
                    case "/readyz":
                        self._answer(503 if why else 200, _TEXT, f"{why or 'ok'}\n")
                    case "/metrics":
                        self._answer(200, content_type, metrics())
                    case _:
                        self._answer(404, _TEXT, "there are /healthz, /readyz and /metrics\n")

            def _answer(self, status: int, kind: str, text: str) -> None:
                body = text.encode("utf-8", "backslashreplace")
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:
                """Scrapes are nothing to tell."""

        try:
            self._server: Final = HTTPServer(address, Handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"cannot listen on {address[0]}:{address[1]}: {str(getattr(error, 'strerror', '') or error).lower()}",
                hint="name another address with --probes",
            ) from None
        self._thread: Final = Thread(target=self._server.serve_forever, name="probes", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
