"""HTTP over connections of its own or of main's, with or without TLS."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, final

from lockgate.webhook.app.connections import ConnectionLimits, Connections
from lockgate.webhook.app.guarded_protocol import GuardedProtocol, Seat, protocol_config
from lockgate.webhook.app.intake import Intake
from uvicorn.server import ServerState

TICK_S: Final = 1.0
# How long no connection is accepted when there are no descriptors left.
PAUSE_S: Final = 0.05


@final
class HttpServer:
    """Serves an ASGI application. context: the TLS of new connections, as it is now; None for plain HTTP."""

    def __init__(
        self,
        app: Any,
        intake: Intake,
        limits: ConnectionLimits,
        context: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self.connections: Connections[Seat] = Connections(limits, time.monotonic)
        self.is_draining = False
        self.head_bytes = limits.head_bytes
        self._intake = intake
        self._limits = limits
        self._context = context
        self._config = protocol_config(app, limits.idle_s)
        self._state = ServerState()
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

    def _make_room(self) -> bool:
        found = self.connections.expendable()
        if found is None:
            return False
        self.leave(found)
        found.abort()
        return True

    async def _open(self, seat: Seat, peer: socket.socket) -> None:
        context = self._context()

        def protocol() -> GuardedProtocol:
            return GuardedProtocol(self._config, self._state, self, seat)

        try:
            if context is None:
                await self._loop.connect_accepted_socket(protocol, peer)
            else:
                await self._loop.connect_accepted_socket(
                    protocol, peer, ssl=context, ssl_handshake_timeout=self._limits.request_s
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
        for protocol in list(self._state.connections):
            protocol.shutdown()
        ends = self._loop.time() + grace_s
        while self._state.tasks and self._loop.time() < ends:
            await asyncio.wait(set(self._state.tasks), timeout=max(0.0, ends - self._loop.time()))
        for seat in self.connections.quiet():
            seat.abort()
        # What was written goes out.
        await asyncio.sleep(0)
