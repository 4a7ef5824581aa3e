"""Asking a witness over HTTP (C2SP tlog-witness): one POST at a time, a deadline for the whole of it, bounded answers.

What the answer says of the log comes out as StaleError or ForkError; everything else as UnreachableError (ask again
later) or RefusedError (a person has to mend it). Nothing here verifies a cosignature: the anchor does, with its keys.
"""

import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock, Timer
from typing import Final
from urllib.parse import urlsplit

from lockgate.audit.checkpoint import parse_checkpoint
from lockgate.audit.errors import FormatError
from lockgate.audit.note import Signature, parse_note
from lockgate.audit.witness.errors import (
    ForkError,
    RefusedError,
    SplitViewError,
    StaleError,
    UnreachableError,
)
from lockgate.audit.witness.wire import (
    MAX_ANSWER,
    SIZE_TYPE,
    AddCheckpoint,
    parse_signature_lines,
    parse_size_answer,
    render_add_checkpoint,
)

# A witness answers in milliseconds; one behind a slow line gets the time of a few round trips.
TIMEOUT_S: Final = 10.0


class WitnessClient:
    """Speaks to the witness behind one submission prefix, `http://HOST[:PORT][/PATH]` or `https://…`.

    Keeps its connection; calls from several threads wait for each other. Proxies of the environment are not used.
    """

    def __init__(
        self, url: str, *, context: ssl.SSLContext | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        is_printable = url.isascii() and url.isprintable() and " " not in url
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not is_printable:
            raise FormatError(f"{url!r} is no address of a witness", hint="write https://HOST/PATH")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise FormatError(f"the address {url!r} of a witness is only a host, a port and a path")
        self.url = url
        self._host = parts.hostname
        self._path = f"{parts.path.rstrip('/')}/add-checkpoint"
        self._context = context
        if parts.scheme == "https" and context is None:
            self._context = ssl.create_default_context()
        if parts.scheme == "http":
            self._context = None
        self._port = port or (443 if self._context else 80)
        self._timeout_s = timeout_s
        self._lock = Lock()
        self._kept: http.client.HTTPConnection | None = None
        self._deadline = _Deadline()

    def add_checkpoint(self, old_size: int, proof: Sequence[bytes], note: bytes) -> tuple[Signature, ...]:
        """The witness's lines over a note that continues the checkpoint of `old_size`; the keys are not looked at.

        Raises StaleError, ForkError, RefusedError or UnreachableError.
        """
        body = render_add_checkpoint(AddCheckpoint(old_size, tuple(proof), note))
        with self._lock:
            status, kind, answer = self._post(body)
        try:
            return self._judged(status, kind, answer, old_size, note)
        except FormatError as error:
            raise UnreachableError(f"{self.url}: the answer {status} makes no sense: {error}") from None

    def close(self) -> None:
        """Closes the connection that is kept; the next call opens one again."""
        with self._lock:
            self._drop()

    def _judged(
        self, status: int, kind: str, answer: bytes, old_size: int, note: bytes
    ) -> tuple[Signature, ...]:
        if status == 200:
            return parse_signature_lines(answer)
        where = self.url
        if status == 409:
            new_size = parse_checkpoint(parse_note(note).text).size
            held = parse_size_answer(answer) if kind == SIZE_TYPE else None
            if held is not None and held != old_size:
                raise StaleError(held)
            if old_size == new_size:
                raise SplitViewError(f"the witness has cosigned another tree of size {new_size}", where=where)
            raise FormatError("409 without the size that the witness holds")
        if status == 422:
            raise ForkError(
                "the witness says that our tree does not continue what it has cosigned", where=where
            )
        said = _printable(answer[:200].decode("utf-8", "replace"))
        message = f"{where}: the witness answered {status}{f' ({said})' if said else ''}"
        if status in (408, 425, 429) or status >= 500:
            raise UnreachableError(message)
        hints = {
            403: "the witness does not trust this log's key: give its administrator our log.vkey",
            404: "the witness does not know this log: give its administrator our log.vkey, and check the address",
        }
        raise RefusedError(message, hint=hints.get(status, ""))

    def _post(self, body: bytes) -> tuple[int, str, bytes]:
        """Status, media type and body of the answer. A kept connection that turns out to be closed is opened anew."""
        try:
            with self._deadline.within(self._timeout_s):
                kept = self._kept
                if kept is not None:
                    try:
                        return self._exchange(kept, body)
                    except (ConnectionError, http.client.BadStatusLine):
                        self._drop()
                        if self._deadline.is_over:
                            raise
                self._kept = self._connected()
                return self._exchange(self._kept, body)
        # UnicodeError: a host's name that no name can be.
        except (OSError, http.client.HTTPException, UnicodeError, FormatError) as error:
            self._drop()
            reason = _printable(str(error)) or type(error).__name__
            if self._deadline.is_over or isinstance(error, TimeoutError):
                reason = f"no whole answer within {self._timeout_s:g} s"
            raise UnreachableError(f"{self.url}: {reason}") from None

    def _connected(self) -> http.client.HTTPConnection:
        plain = socket.create_connection((self._host, self._port), self._timeout_s)
        self._deadline.watch(plain)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        connection.auto_open = 0
        try:
            connection.sock = (
                self._context.wrap_socket(plain, server_hostname=self._host) if self._context else plain
            )
        except BaseException:
            plain.close()
            raise
        return connection

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> tuple[int, str, bytes]:
        connection.request("POST", self._path, body, {"Content-Type": "text/plain; charset=utf-8"})
        with connection.getresponse() as response:
            answer = response.read(MAX_ANSWER + 1)
            is_over = response.isclosed()
        if len(answer) > MAX_ANSWER:
            raise FormatError(f"the answer is longer than {MAX_ANSWER} bytes")
        # An answer that just ends may be the beginning of one that says something else.
        length = response.headers.get("Content-Length")
        is_whole = length == str(len(answer)) or (length is None and "Transfer-Encoding" in response.headers)
        if not is_whole or self._deadline.is_over:
            raise FormatError("the answer is cut off")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.will_close or not is_over:
            self._drop()
        return response.status, kind, answer

    def _drop(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()
        self._deadline.forget()


def _printable(text: str) -> str:
    """What a stranger sent, fit for a message."""
    return "".join([one if one.isprintable() else " " for one in text[:200]]).strip()


class _Deadline:
    """Ends a connection when a whole exchange takes too long, however steadily its bytes drip in.

    It keeps its own descriptor of the connection, since the socket itself is replaced when TLS begins.
    """

    def __init__(self) -> None:
        self._watched: socket.socket | None = None
        self._lock = Lock()
        self.is_over = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        self.is_over = False
        timer = Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def watch(self, connection: socket.socket) -> None:
        with self._lock:
            self._watched = connection.dup()
            if self.is_over:
                self._shut()

    def forget(self) -> None:
        with self._lock:
            watched, self._watched = self._watched, None
        if watched is not None:
            watched.close()

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            self._shut()

    def _shut(self) -> None:
        if self._watched is not None:
            try:
                self._watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # The other end has closed it already.
