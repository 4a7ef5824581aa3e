"""Reads the requests of one connection by llhttp, bounded in all that a client sends.

What is thrown away of a body that nobody takes, and of one that is too large, is read so that the client reads its
answer; there is an end to that too.
"""

from typing import Final, Protocol, final
from urllib.parse import unquote

import httptools
from lockgate.engine.record import light_record
from lockgate.webhook.app.http_application import Head, Reading, Unread
from lockgate.webhook.serving.answer import HttpAnswer

# As controller-runtime takes it: an object and its former state of 3 MB each, and what is around them.
MAX_BODY: Final = 7 << 20
# Of bodies that nobody takes.
MAX_THROWN: Final = 2 * MAX_BODY
# Bodies that are held at a time, by all requests of a process.
MAX_HELD: Final = 256 << 20

_VERSIONS: Final = ("1.0", "1.1")


@final
class Held:
    """Bytes of bodies that a process holds."""

    __slots__ = ("size",)

    def __init__(self) -> None:
        self.size = 0


@light_record
class Request:
    """A request that is there whole. taken_by: what takes its body, or its answer. keeps: whether the connection goes on
    after it. wants_body: whether its answer has one, which that to HEAD has not."""

    taken_by: Reading | HttpAnswer
    body: bytes
    keeps: bool
    wants_body: bool


class Receiver(Protocol):
    """Who gets the requests."""

    client_names: frozenset[str] | None
    asker_names: frozenset[str] | None

    def begin(self, head: Head) -> Reading | HttpAnswer:
        """What takes the body, or the answer. Raises nothing."""
        ...

    def unread(self, reason: Unread, path: str) -> HttpAnswer:
        """The answer to a request that is not read to its end. path: empty without its head. Raises nothing."""
        ...

    def awaits_continue(self) -> None:
        """The client asks before it sends the body (RFC 9110, 10.1.1)."""
        ...

    def complete(self, request: Request) -> None:
        """A request is there, or so much of it as is read."""
        ...


class _Stop(Exception):
    """The rest of a connection is not read; its last request is complete."""


@final
class RequestReader:
    """Takes bytes and gives requests. Nothing behind the last request of a connection is read."""

    __slots__ = (
        "_body_bytes",
        "_expects",
        "_head_bytes",
        "_headers",
        "_held",
        "_is_in_head",
        "_keeps",
        "_max_head",
        "_parser",
        "_parts",
        "_path",
        "_raw_bytes",
        "_receiver",
        "_taken_by",
        "_url",
        "_wants_body",
        "is_over",
        "is_receiving",
    )

    def __init__(self, receiver: Receiver, held: Held, max_head: int) -> None:
        self._receiver = receiver
        self._held: Final = held
        self._max_head: Final = max_head
        self._parser = httptools.HttpRequestParser(self)
        # Whether a request has begun that is not there whole.
        self.is_receiving = False
        # Whether nothing more is read.
        self.is_over = False
        self._is_in_head = True
        self._raw_bytes = self._head_bytes = self._body_bytes = 0
        self._url = b""
        # Of the request whose headers are there.
        self._path = ""
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._taken_by: Reading | HttpAnswer | None = None
        self._expects = False
        self._keeps = self._wants_body = True

    @property
    def is_in_body(self) -> bool:
        """Whether there are the headers of a request that is not there whole."""
        return self.is_receiving and not self._is_in_head

    def feed(self, data: bytes) -> None:
        """Takes in what arrived."""
        if self.is_over:
            return
        self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Its request is answered as if it had not asked for another protocol, and is the last.
            self.is_over = True
        except httptools.HttpParserCallbackError:
            if not self.is_over:
                raise
        except httptools.HttpParserError:
            self._break_off("malformed")
        if self._raw_bytes > self._max_head and not self.is_over:
            self._bound_rest()

    def _bound_rest(self) -> None:
        """Bounds what is no body: a head that does not end, sizes of chunks, what stands behind the last of them."""
        if not self.is_receiving:
            # Of requests that are complete.
            self._raw_bytes = 0
        elif self._is_in_head:
            self._break_off("head_too_large")
        elif self._raw_bytes - self._body_bytes > 2 * self._max_head + self._body_bytes:
            self._break_off("malformed")

    def _break_off(self, reason: Unread) -> None:
        if not self.is_over:
            self._end(self._receiver.unread(reason, self._path))

    def _end(self, answer: HttpAnswer) -> None:
        """The request that is being read is the last, and has its answer."""
        self.is_over = True
        self.drop()
        self._receiver.complete(Request(answer, b"", False, self._wants_body))

    def close(self) -> None:
        """Nothing more arrives. Lets go of the parser and of who gets the requests, which hold on to the reader."""
        self.is_over = True
        self.drop()
        del self._parser, self._receiver

    def drop(self) -> None:
        """Lets go of what is there of a request."""
        self.is_receiving = False
        self._forget_body()

    def _forget_body(self) -> None:
        for part in self._parts:
            self._held.size -= len(part)
        self._parts.clear()

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self.is_receiving = self._is_in_head = self._wants_body = True
        self._raw_bytes = self._head_bytes = self._body_bytes = 0
        self._url = b""
        self._path = ""
        self._headers = []
        self._taken_by = None
        self._expects = False

    def on_url(self, url: bytes) -> None:
        """A part of its target."""
        self._url += url
        self._grow_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or one behind a body in chunks, which nobody asked for."""
        self._grow_head(len(name) + len(value))
        if self._is_in_head:
            self._headers.append((name, value))
            if len(name) == 6 and name.lower() == b"expect":
                self._expects = value.lower() == b"100-continue"

    def _grow_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._max_head:
            self._break_off("head_too_large")
            raise _Stop

    def on_headers_complete(self) -> None:
        """Its headers are there."""
        parser = self._parser
        self._is_in_head = False
        version = parser.get_http_version()
        is_current = version == "1.1"
        self._keeps = is_current and parser.should_keep_alive() and not parser.should_upgrade()
        method = parser.get_method().decode("ascii")
        self._wants_body = method != "HEAD"
        path, query = _target(self._url)
        if path is None or version not in _VERSIONS:
            self._break_off("malformed")
            raise _Stop
        self._path = path
        receiver = self._receiver
        head = Head(method, path, query, self._headers, receiver.client_names, receiver.asker_names)
        self._taken_by = receiver.begin(head)
        if self._expects and is_current:
            self._answer_expectation(head)

    def _answer_expectation(self, head: Head) -> None:
        """A body that is not needed, or known to be too large, is not asked for."""
        taken_by = self._taken_by
        length = head.header(b"content-length")
        if isinstance(taken_by, HttpAnswer):
            self._end(taken_by)
            raise _Stop
        if length and int(length) > MAX_BODY:
            self._break_off("too_large")
            raise _Stop
        self._receiver.awaits_continue()

    def on_body(self, part: bytes) -> None:
        """A part of its body."""
        size = len(part)
        self._body_bytes += size
        if self._body_bytes > MAX_BODY and not isinstance(self._taken_by, HttpAnswer):
            self._forget_body()
            self._taken_by = self._receiver.unread("too_large", self._path)
            self._keeps = False
        if isinstance(self._taken_by, HttpAnswer):
            if self._body_bytes > MAX_THROWN:
                self._end(self._taken_by)
                raise _Stop
        elif self._held.size + size > MAX_HELD:
            self._break_off("overload")
            raise _Stop
        else:
            self._held.size += size
            self._parts.append(part)

    def on_message_complete(self) -> None:
        """It is there whole."""
        assert self._taken_by is not None
        parts, self._parts = self._parts, []
        self.is_receiving = False
        if not self._keeps:
            self.is_over = True
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self._receiver.complete(Request(self._taken_by, body, self._keeps, self._wants_body))


def _target(url: bytes) -> tuple[str | None, bytes]:
    """The path, decoded, and the query of a request's target; no path where it is none."""
    raw, _, query = url.partition(b"?")
    if not raw.startswith(b"/"):
        # As it is sent to proxies: absolute (RFC 9112, 3.2.2).
        try:
            parsed = httptools.parse_url(url)
        except httptools.HttpParserInvalidURLError:
            return None, b""
        raw, query = parsed.path or b"", parsed.query or b""
    try:
        path = raw.decode("ascii")
    except UnicodeDecodeError:
        return None, b""
    return unquote(path) if "%" in path else path, query
