"""HTTP over connections of its own or of main's, with or without TLS."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, final

from lockgate.webhook.app.client_authorities import ClientAuthorities
from lockgate.webhook.app.connections import ConnectionLimits, Connections
from lockgate.webhook.app.http_application import Application
from lockgate.webhook.app.http_protocol import HttpProtocol, Seat
from lockgate.webhook.app.intake import Intake
from lockgate.webhook.app.request_reader import Held
from lockgate.webhook.app.tls import ServerTls
from lockgate.webhook.serving.answer import HttpAnswer

TICK_S: Final = 1.0
NOBODYS: Final = ClientAuthorities()
# How long no connection is accepted when there are no descriptors left.
PAUSE_S: Final = 0.05


@final
class HttpServer:
    """Serves an application. tls: that of new connections, as it is now; None for plain HTTP."""

    def __init__(
        self,
        app: Application,
        intake: Intake,
        limits: ConnectionLimits,
        tls: Callable[[], ServerTls | None],
    ) -> None:
        self.connections: Connections[Seat] = Connections(limits, time.monotonic)
        self.protocols: set[HttpProtocol] = set()
        self.tasks: set[asyncio.Task[HttpAnswer]] = set()
        self.held = Held()
        self.is_draining = False
        self.head_bytes = limits.head_bytes
        self._app = app
        self._intake = intake
        self._limits = limits
        self._tls = tls
        self._rested = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._sweeping: asyncio.Task[None] | None = None
        self._handshakes: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to accept."""
        self._loop.add_reader(self._intake.watched, self._accept)
        self._sweeping = self._loop.create_task(self._sweep())

    def _accept(self) -> None:
        try:
            peer = self._intake.accept()
        except BlockingIOError:
            return
        except EOFError:
            self._loop.remove_reader(self._intake.watched)
            return
        except OSError:
            self._make_room()
            self._loop.remove_reader(self._intake.watched)
            self._loop.call_later(PAUSE_S, self._resume)
            return
        if self.connections.is_full and not self._make_room():
            peer.close()
            self._intake.ended()
            return
        peer.setblocking(False)
        with suppress(OSError):
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seat = Seat()
        self.connections.open(seat)
        seat.handshake = task = self._loop.create_task(self._open(seat, peer))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    def _resume(self) -> None:
        if self._sweeping is not None:
            self._loop.add_reader(self._intake.watched, self._accept)

    def leave(self, seat: Seat) -> None:
        """A connection has ended: it counts no more, here and where it came from."""
        if self.connections.leave(seat):
            self._intake.ended()

    def rested(self) -> None:
        """A connection has nothing to wait for, or has ended."""
        self._rested.set()

    def _make_room(self) -> bool:
        found = self.connections.expendable()
        if found is None:
            return False
        self.leave(found)
        found.abort()
        return True

    async def _open(self, seat: Seat, peer: socket.socket) -> None:
        tls = self._tls()
        authorities = NOBODYS if tls is None else tls.authorities

        def protocol() -> HttpProtocol:
            return HttpProtocol(self._app, self, seat, authorities)

        try:
            if tls is None:
                await self._loop.connect_accepted_socket(protocol, peer)
            else:
                await self._loop.connect_accepted_socket(
                    protocol, peer, ssl=tls.context, ssl_handshake_timeout=self._limits.request_s
                )
        except (OSError, asyncio.CancelledError):
            # Who does not speak TLS, took too long, or had to make room.
            self.leave(seat)
            peer.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for seat in self.connections.late():
                self.leave(seat)
                seat.abort()

    async def stop(self, grace_s: float) -> None:
        """Accepts no more, lets answers that are due be given for so many seconds, and ends all connections."""
        self.is_draining = True
        if self._sweeping is not None:
            self._loop.remove_reader(self._intake.watched)
            self._sweeping.cancel()
            self._sweeping = None
        for protocol in list(self.protocols):
            protocol.shut_down()
        ends = self._loop.time() + grace_s
        while self._is_busy() and self._loop.time() < ends:
            self._rested.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(ends):
                    await self._rested.wait()
        for seat in self.connections.quiet():
            seat.abort()
        # What was written goes out.
        await asyncio.sleep(0)

    def _is_busy(self) -> bool:
        return bool(self.tasks) or any(protocol.is_busy for protocol in self.protocols)
