"""uvicorn's HTTP protocol with what it leaves to a proxy: bounds on headers and times, and a place among connections."""

import asyncio
import ssl
from typing import Any, Final, Protocol

from lockgate.webhook.app.connections import Connections
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

# What an application finds in `scope["state"]`: did the client show a certificate that was verified?
VERIFIED: Final = "verified"
_TOO_LONG: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class Seat:
    """An accepted connection, from before its handshake."""

    __slots__ = ("handshake", "transport")

    def __init__(self) -> None:
        self.handshake: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None

    def abort(self) -> None:
        """Ends it at once."""
        if self.transport is not None:
            self.transport.abort()
        elif self.handshake is not None:
            self.handshake.cancel()


class Keeping(Protocol):
    """What a protocol asks of its server."""

    connections: Connections[Seat]
    is_draining: bool
    head_bytes: int

    def leave(self, seat: Seat) -> None:
        """The connection has ended."""
        ...


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, config: Config, state: ServerState, keeping: Keeping, seat: Seat) -> None:
        super().__init__(config, state, {})
        self.access_log = False
        self._keeping = keeping
        self._seat = seat
        self._head = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The handshake is done."""
        self._seat.transport = transport
        shown = transport.get_extra_info("ssl_object")
        is_verified = isinstance(shown, (ssl.SSLObject, ssl.SSLSocket)) and bool(shown.getpeercert())
        self.app_state = {VERIFIED: is_verified}
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._keeping.leave(self._seat)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes in what arrived; headers that do not end are refused."""
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and self._head > self._keeping.head_bytes and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head = 0
        self._keeping.connections.begin_request(self._seat)

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        self._in_head = False
        super().on_headers_complete()
        if self._keeping.is_draining and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """It is there whole."""
        self._keeping.connections.answer(self._seat)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered; a request that came behind it already waits for its answer."""
        if not self.pipeline:
            self._keeping.connections.rest(self._seat)
            self._in_head = True
            self._head = 0
        super().on_response_complete()

    def _get_upgrade(self) -> bytes | None:
        return None


def protocol_config(app: Any, idle_s: float) -> Config:
    """uvicorn's settings for an ASGI application, without its logs, its date and its name."""
    config = Config(
        app,
        interface="asgi3",
        http=HttpToolsProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=int(idle_s),
    )
    config.load()
    return config
