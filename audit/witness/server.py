"""The witness over HTTP/1.1: POST <prefix>/add-checkpoint, and nothing else.

Written out on asyncio, as small as the protocol: a request has a length and a deadline, a connection a limit of
requests, the server a limit of connections. Requests are judged one at a time in a thread, since each of them waits for
the disk and they must follow each other anyway.
"""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from lockgate.audit.witness.wire import MAX_REQUEST
from lockgate.audit.witness.witness import TEXT_TYPE, Answer, Witness

MAX_HEAD: Final = 8 * 1024
# Logs keep one connection each; more than this at once is no honest use of a small witness.
MAX_CONNECTIONS: Final = 128
# So that one connection does not hold its place for ever.
MAX_REQUESTS: Final = 10_000
REQUEST_S: Final = 10.0
IDLE_S: Final = 120.0
LINGER_S: Final = 1.0

_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,1024}) HTTP/1\.([01])")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\x80-\xff\t]*)")

_log = logging.getLogger(__name__)


class _BadRequest(Exception):
    """The connection cannot go on after this answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, TEXT_TYPE, f"{message}\n".encode())


@dataclass(frozen=True, slots=True)
class _Head:
    method: bytes
    target: bytes
    length: int
    is_last: bool


def _parse_head(data: bytes) -> _Head:
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise _BadRequest(400, "this is no request of HTTP/1.1")
    method, target, minor = found.groups()
    headers: dict[bytes, bytes] = {}
    for line in lines:
        one = _HEADER.fullmatch(line)
        if one is None:
            raise _BadRequest(400, "a header is malformed")
        name = one[1].lower()
        if name in headers and name in (b"content-length", b"transfer-encoding", b"connection", b"expect"):
            raise _BadRequest(400, "a header stands twice")
        headers[name] = one[2].strip()
    if b"expect" in headers:
        raise _BadRequest(417, "send the request whole")
    if b"transfer-encoding" in headers:
        raise _BadRequest(411, "a request has a Content-Length")
    length = headers.get(b"content-length", b"" if method == b"POST" else b"0")
    if not length.isdigit() or len(length) > 9:
        raise _BadRequest(411, "a request has a Content-Length")
    if int(length) > MAX_REQUEST:
        raise _BadRequest(413, f"a request has at most {MAX_REQUEST} bytes")
    tokens = {one.strip() for one in headers.get(b"connection", b"").lower().split(b",")}
    is_last = b"close" in tokens or (minor == b"0" and b"keep-alive" not in tokens)
    return _Head(method, target, int(length), is_last)


def _render(answer: Answer, is_last: bool) -> bytes:
    head = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {len(answer.body)}",
        f"Connection: {'close' if is_last else 'keep-alive'}",
        "Cache-Control: no-store",
        *(["Allow: POST"] if answer.status == 405 else []),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + answer.body


class WitnessServer:
    """Serves one witness. `prefix` is the path before `/add-checkpoint`, empty or `/like/this`."""

    def __init__(self, witness: Witness, prefix: str = "") -> None:
        self._witness = witness
        self._target = f"{prefix.rstrip('/')}/add-checkpoint".encode("ascii")
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        # Not waited on by anything but its own connection.
        self._judge = ThreadPoolExecutor(max_workers=1, thread_name_prefix="witness")

    async def serve(
        self,
        host: str,
        port: int,
        stop: asyncio.Event,
        started: Callable[[int], None],
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Listens until `stop` is set, then ends the requests that it has. `started` gets the port."""
        server = await asyncio.start_server(
            self._connection, host, port, limit=MAX_HEAD, ssl=context, **_handshake(context)
        )
        try:
            started(server.sockets[0].getsockname()[1])
            await stop.wait()
        finally:
            self._is_stopping = True
            server.close()
            for task in self._tasks - self._busy:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._judge.shutdown(wait=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = _this_task()
        self._tasks.add(task)
        try:
            if len(self._tasks) > MAX_CONNECTIONS:
                await self._send(writer, Answer(503, TEXT_TYPE, b"too many connections\n"), is_last=True)
                return
            for _ in range(MAX_REQUESTS):
                if not await self._request(reader, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            pass  # The other end went away, or was too slow.
        except asyncio.CancelledError:
            pass  # The server stops; this connection's task ends with it.
        finally:
            self._tasks.discard(task)
            self._busy.discard(task)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; whether another may follow."""
        try:
            async with asyncio.timeout(IDLE_S):
                first = await reader.readexactly(1)
            async with asyncio.timeout(REQUEST_S):
                try:
                    head = _parse_head(first + await reader.readuntil(b"\r\n\r\n"))
                except asyncio.LimitOverrunError:
                    raise _BadRequest(431, f"the head of a request has at most {MAX_HEAD} bytes") from None
                body = await reader.readexactly(head.length)
        except _BadRequest as bad:
            await self._send(writer, bad.answer, is_last=True)
            await _discard(reader, writer)
            return False
        if head.target != self._target:
            answer = Answer(404, TEXT_TYPE, b"there is only add-checkpoint here\n")
        elif head.method != b"POST":
            answer = Answer(405, TEXT_TYPE, b"add-checkpoint is a POST\n")
        else:
            answer = await self._judged(body)
        is_last = head.is_last or self._is_stopping
        await self._send(writer, answer, is_last=is_last)
        self._busy.discard(_this_task())
        return not is_last

    async def _judged(self, body: bytes) -> Answer:
        """The witness's answer; a stop of the server waits for it and for its way out."""
        self._busy.add(_this_task())
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._judge, self._witness.add_checkpoint, body)

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer, *, is_last: bool) -> None:
        async with asyncio.timeout(REQUEST_S):
            writer.write(_render(answer, is_last))
            await writer.drain()


async def _discard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads on for a moment, since closing on unread bytes may take the answer away from who is still sending."""
    if writer.can_write_eof():
        writer.write_eof()
    left = 4 * MAX_REQUEST
    async with asyncio.timeout(LINGER_S):
        while left > 0 and (data := await reader.read(MAX_REQUEST)):
            left -= len(data)


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _handshake(context: ssl.SSLContext | None) -> dict[str, float]:
    return {} if context is None else {"ssl_handshake_timeout": REQUEST_S}
