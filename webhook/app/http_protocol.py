"""One connection: its requests are answered in their order, each with one write.

A request that is there whole is answered where it was read; only what has to wait gets a task. What a client sends ahead
(RFC 9112, 9.3.2) waits for its turn, others' requests come between, and nothing more is read meanwhile, nor while the
client does not read its answers.
"""

import asyncio
import logging
import ssl
from collections import deque
from functools import partial
from http import HTTPStatus
from typing import Final, Protocol, final

from lockgate.webhook.app.client_authorities import ClientAuthorities
from lockgate.webhook.app.connections import Connections
from lockgate.webhook.app.http_application import Application, Head, Reading, Unread
from lockgate.webhook.app.request_reader import Held, Request, RequestReader
from lockgate.webhook.serving.answer import HttpAnswer

_HEADS: Final = {
    int(one): f"HTTP/1.1 {one.value} {one.phrase}\r\ncontent-type: ".encode() for one in HTTPStatus
}
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE: Final = b"connection: close\r\n"
_FAILED: Final = HttpAnswer(500, b"internal error\n", b"text/plain; charset=utf-8")
_LOGGER: Final = logging.getLogger(__name__)


@final
class Seat:
    """An accepted connection, from before its handshake."""

    __slots__ = ("handshake", "transport")

    def __init__(self) -> None:
        self.handshake: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None

    def leave(self) -> None:
        """It has ended."""
        self.handshake = self.transport = None

    def abort(self) -> None:
        """Ends it at once."""
        if self.transport is not None:
            self.transport.abort()
        elif self.handshake is not None:
            self.handshake.cancel()


class Keeping(Protocol):
    """What a connection asks of its server. held: bodies of all connections; tasks: of answers that are waited for."""

    connections: Connections[Seat]
    protocols: "set[HttpProtocol]"
    tasks: set[asyncio.Task[HttpAnswer]]
    held: Held
    is_draining: bool
    head_bytes: int

    def leave(self, seat: Seat) -> None:
        """The connection has ended."""
        ...

    def rested(self) -> None:
        """A connection has nothing to wait for, or has ended."""
        ...


@final
class HttpProtocol(asyncio.Protocol):
    """Answers what its reader reads."""

    __slots__ = (
        "_app",
        "_authorities",
        "_has_answered",
        "_is_answering",
        "_is_closed",
        "_is_paused",
        "_keeping",
        "_loop",
        "_owes_continue",
        "_reader",
        "_seat",
        "_transport",
        "_waiting",
        "asker_names",
        "client_names",
        "is_stalled",
    )

    def __init__(
        self, app: Application, keeping: Keeping, seat: Seat, authorities: ClientAuthorities
    ) -> None:
        """authorities: whose certificates count for what."""
        self._app: Final = app
        self._keeping: Final = keeping
        self._seat: Final = seat
        self._authorities: Final = authorities
        self._loop: Final = asyncio.get_running_loop()
        self._reader: Final = RequestReader(self, keeping.held, keeping.head_bytes)
        # Requests that wait for their turn.
        self._waiting: Final[deque[Request]] = deque()
        self.client_names: frozenset[str] | None = None
        self.asker_names: frozenset[str] | None = None
        # A task makes an answer.
        self._is_answering = False
        # What arrived last has had an answer.
        self._has_answered = False
        self._owes_continue = False
        # The client does not read its answers.
        self.is_stalled = False
        # Nothing is read; nothing more is written.
        self._is_paused = self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether a request waits for its answer, or for the rest of its body."""
        return self._is_answering or bool(self._waiting) or self._reader.is_in_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The handshake is done."""
        self._transport = transport
        self._seat.transport = transport
        shown = transport.get_extra_info("ssl_object")
        if isinstance(shown, (ssl.SSLObject, ssl.SSLSocket)):
            names = self._authorities.shown(shown)
            self.client_names, self.asker_names = names.caller, names.asker
        self._keeping.protocols.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._is_closed = True
        # What it holds goes now: the collector of cycles, which would find it, seldom runs.
        self._reader.close()
        self._forget_waiting()
        self._seat.leave()
        del self._transport
        self._keeping.protocols.discard(self)
        self._keeping.leave(self._seat)
        self._rest()

    def data_received(self, data: bytes) -> None:
        """Takes in what arrived."""
        self._has_answered = False
        self._reader.feed(data)
        if self._waiting:
            self._pause()
            if not self._is_answering:
                self._loop.call_soon(self._go_on)
        elif self._reader.is_receiving:
            self._keeping.connections.begin_request(self._seat)

    def pause_writing(self) -> None:
        """The client does not read."""
        self.is_stalled = True
        self._pause()

    def resume_writing(self) -> None:
        """The client reads."""
        self.is_stalled = False
        self._loop.call_soon(self._go_on)

    def shut_down(self) -> None:
        """Ends the connection, after the answer that is due."""
        if not self.is_busy:
            self._close()

    # What the reader calls.

    def begin(self, head: Head) -> Reading | HttpAnswer:
        """What takes the body, or the answer."""
        try:
            return self._app.begin(head)
        except Exception:
            _LOGGER.exception("no answer to the head of a request")
            return _FAILED

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to a request that is not read to its end."""
        try:
            return self._app.unread(reason, path)
        except Exception:
            _LOGGER.exception("no answer to a request that is %s", reason)
            return _FAILED

    def awaits_continue(self) -> None:
        """The client asks before it sends the body."""
        if self._is_answering or self._waiting:
            self._owes_continue = True
        else:
            self._transport.write(_CONTINUE)

    def complete(self, request: Request) -> None:
        """A request is there."""
        if self._is_answering or self.is_stalled or self._has_answered or self._waiting:
            self._waiting.append(request)
        else:
            # One at a time: a client that sends many at once does not keep others waiting.
            self._has_answered = True
            self._answer(request)

    def _answer(self, request: Request) -> None:
        taken_by = request.taken_by
        if not isinstance(taken_by, HttpAnswer):
            try:
                reply = taken_by(request.body)
            except Exception:
                _LOGGER.exception("no answer to a request")
                reply = _FAILED
            if not isinstance(reply, HttpAnswer):
                self._is_answering = True
                self._keeping.connections.answer(self._seat)
                task = self._loop.create_task(reply)
                self._keeping.tasks.add(task)
                task.add_done_callback(partial(self._answered, request))
                return
            taken_by = reply
        self._write(request, taken_by)

    def _answered(self, request: Request, task: asyncio.Task[HttpAnswer]) -> None:
        self._keeping.tasks.discard(task)
        self._is_answering = False
        if task.cancelled() or task.exception() is not None:
            error = None if task.cancelled() else task.exception()
            _LOGGER.error("no answer to a request", exc_info=error)
            self._write(request, _FAILED)
        else:
            self._write(request, task.result())
        self._go_on()

    def _write(self, request: Request, answer: HttpAnswer) -> None:
        keeping, body, after = self._keeping, answer.body, answer.after
        keeping.held.size -= len(request.body)
        if after is not None:
            # The loop sends what was written before it calls.
            self._loop.call_soon(after)
        if self._is_closed or self._transport.is_closing():
            return
        closes = not request.keeps or keeping.is_draining
        self._transport.write(
            b"%b%b\r\ncontent-length: %d\r\n%b\r\n%b"
            % (
                _HEADS[answer.status],
                answer.content_type,
                len(body),
                _CLOSE if closes else b"",
                body if request.wants_body else b"",
            )
        )
        keeping.connections.rest(self._seat)
        if closes:
            self._close()

    def _go_on(self) -> None:
        """The next turn, where a request has waited for it."""
        if self._is_closed or self.is_stalled or self._is_answering:
            self._rest()
            return
        if self._waiting:
            self._answer(self._waiting.popleft())
            if self._waiting and not self._is_answering:
                self._loop.call_soon(self._go_on)
        if not self._waiting and not self._is_answering:
            self._read_on()
            self._rest()

    def _read_on(self) -> None:
        if self._is_closed or self.is_stalled or self._transport.is_closing():
            return
        if self._owes_continue:
            self._owes_continue = False
            self._transport.write(_CONTINUE)
        if self._reader.is_receiving:
            # It has come in part, behind one that is answered now.
            self._keeping.connections.begin_request(self._seat)
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _pause(self) -> None:
        if not self._is_paused and not self._is_closed and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _close(self) -> None:
        self._is_closed = self._reader.is_over = True
        self._reader.drop()
        self._forget_waiting()
        self._transport.close()

    def _forget_waiting(self) -> None:
        for request in self._waiting:
            self._keeping.held.size -= len(request.body)
        self._waiting.clear()

    def _rest(self) -> None:
        if self._keeping.is_draining:
            self._keeping.rested()
