"""One appender for several processes: its own listens on a Unix socket, and the others send it their drafts.

A frame is its length (4 bytes, big-endian), a header of JSON behind its own length, and raw bytes. Only processes of the
same user are answered (SO_PEERCRED), and the socket's file is theirs alone.
"""

import base64
import contextlib
import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.sealing import MAX_BODY
from lockgate.audit.store.appender import Appender, BackPressureError, Receipt

# A sealed body is hardly larger than its body; an entry and a proof take some kilobytes.
MAX_FRAME: Final = MAX_BODY + 256 * 1024
MAX_HEADER: Final = 128 * 1024
# More than any server has threads that wait for a receipt.
MAX_CONNECTIONS: Final = 256
# How long the rest of a frame that has begun may take.
FRAME_S: Final = 10.0
_LENGTH: Final = struct.Struct(">I")
_CREDENTIALS: Final = struct.Struct("3i")
_KEY_SIZE: Final = 40
_REF_SIZE: Final = 16


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise FormatError("a message of the appender's socket has text where bytes belong")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise FormatError("a message of the appender's socket is not in base64") from None


def _send(connection: socket.socket, header: Mapping[str, Any], rest: bytes = b"") -> None:
    text = json.dumps(header).encode()
    if len(text) > MAX_HEADER or len(text) + len(rest) + 4 > MAX_FRAME:
        raise FormatError("a message of the appender's socket is too large")
    connection.sendall(_LENGTH.pack(4 + len(text) + len(rest)) + _LENGTH.pack(len(text)) + text + rest)


def _receive_exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        data = connection.recv(min(count - len(parts), 1 << 20))
        if not data:
            raise ConnectionError("the other side ended")
        parts += data
    return bytes(parts)


def _receive(connection: socket.socket, wait: float | None) -> tuple[dict[str, Any], bytes]:
    """The next frame. wait: seconds until it begins. Raises ConnectionError at the end, FormatError for no frame."""
    connection.settimeout(wait)
    start = connection.recv(1)
    if not start:
        raise ConnectionError("the other side ended")
    connection.settimeout(FRAME_S)
    (length,) = _LENGTH.unpack(start + _receive_exactly(connection, 3))
    if not 4 <= length <= MAX_FRAME:
        raise FormatError("a message of the appender's socket is too large")
    data = _receive_exactly(connection, length)
    (size,) = _LENGTH.unpack_from(data)
    if size > min(MAX_HEADER, length - 4):
        raise FormatError("a message of the appender's socket has no header")
    try:
        header = json.loads(data[4 : 4 + size])
    except (ValueError, RecursionError):
        raise FormatError("a message of the appender's socket is no JSON") from None
    if not isinstance(header, dict):
        raise FormatError("a message of the appender's socket is no JSON object")
    return header, data[4 + size :]


def _draft_of(header: Mapping[str, Any], rest: bytes) -> Draft:
    body = None
    if rest:
        if len(rest) <= _KEY_SIZE + _REF_SIZE:
            raise FormatError("a draft's body is cut off")
        key, ref = rest[:_KEY_SIZE], rest[_KEY_SIZE : _KEY_SIZE + _REF_SIZE]
        body = SealedBody(rest[_KEY_SIZE + _REF_SIZE :], key, ref)
    kind, fields, streams = header.get("kind"), header.get("fields"), header.get("streams")
    if not isinstance(kind, str) or not isinstance(fields, dict) or not isinstance(streams, list):
        raise FormatError("a draft has a kind, fields and streams")
    if not all(isinstance(name, str) for name in streams):
        raise FormatError("a draft has a kind, fields and streams")
    return Draft(kind, fields, tuple(streams), body, _bytes(header.get("idempotency", "")))


def _receipt_header(receipt: Receipt) -> dict[str, Any]:
    return {
        "ok": True,
        "index": receipt.index,
        "leaf": _b64(receipt.leaf_hash),
        "entry": _b64(receipt.entry),
        "size": receipt.size,
        "proof": [_b64(one) for one in receipt.proof],
        "checkpoint": _b64(receipt.checkpoint),
        "repeated": receipt.repeated,
    }


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class AppenderServer:
    """Answers on a socket until it is closed; the appender is its owner's to close."""

    def __init__(self, appender: Appender, path: Path) -> None:
        self.path: Final = path
        places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        connections: set[socket.socket] = set()
        self._connections = connections

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                connection = self.request
                if not _is_own(connection) or not places.acquire(blocking=False):
                    return
                connections.add(connection)
                try:
                    _serve(connection, appender)
                except (OSError, FormatError):
                    return  # Who breaks off, or sends what is no frame, is not answered any more.
                finally:
                    connections.discard(connection)
                    places.release()

        with contextlib.suppress(FileNotFoundError):
            _remove_stale(path)
        before = os.umask(0o177)
        try:
            self._server = _Server(str(path), Handler)
        except OSError as error:
            raise TrailError(f"cannot listen on {path}: {(error.strerror or str(error)).lower()}") from None
        finally:
            os.umask(before)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="trail-socket", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening and ends the connections; what was handed to the appender is still recorded."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.path.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """Removes a socket that nobody listens on; one that answers is another appender's. Raises TrailError."""
    path.lstat()
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise TrailError(
                f"{path} is no socket of an appender: {(error.strerror or '').lower()}"
            ) from None
    raise TrailError(f"another process listens on {path}")


def _is_own(connection: socket.socket) -> bool:
    """Whether a process of this user is at the other side."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(data)
    return bool(user == os.geteuid())


def _serve(connection: socket.socket, appender: Appender) -> None:
    while True:
        try:
            header, rest = _receive(connection, None)
        except ConnectionError:
            return
        timeout = header.get("timeout")
        try:
            if not isinstance(timeout, int | float) or not 0 < timeout <= 3600:
                raise FormatError("a draft is sent with a time-out")
            receipt = appender.append(_draft_of(header, rest), float(timeout))
        except TrailError as error:
            kind = type(error).__name__
            _send(connection, {"ok": False, "kind": kind, "message": error.message, "hint": error.hint})
            continue
        _send(connection, _receipt_header(receipt))


class SocketAppender:
    """Appends through another process's appender. Each thread has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def append(self, draft: Draft, timeout: float = 30.0) -> Receipt:
        """Appends a draft and waits for its receipt.

        Raises BackPressureError or TrailError. When the connection breaks, a draft with a request key is sent once
        more; of another it is not known whether it was recorded, and the error says so.
        """
        try:
            return self._ask(draft, timeout)
        except (OSError, FormatError) as error:
            self.close()
            if not draft.idempotency:
                raise TrailError(
                    f"the appender was lost: the record may or may not be in the log ({error})",
                    hint="send drafts with a request key, which are recorded once however often they are sent",
                ) from None
        try:
            return self._ask(draft, timeout)
        except (OSError, FormatError) as error:
            self.close()
            raise TrailError(f"the appender does not answer: {error}") from None

    def _ask(self, draft: Draft, timeout: float) -> Receipt:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(timeout)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                raise
            self._local.connection = connection
        body = draft.body
        rest = b"" if body is None else body.wrapped_key + body.vault_ref + body.sealed
        header = {
            "kind": draft.kind,
            "fields": dict(draft.fields),
            "streams": list(draft.streams),
            "idempotency": _b64(draft.idempotency),
            "timeout": timeout,
        }
        connection.settimeout(timeout)
        _send(connection, header, rest)
        answer, _ = _receive(connection, timeout + FRAME_S)
        if answer.get("ok") is not True:
            message, hint = str(answer.get("message", "refused")), str(answer.get("hint", ""))
            if answer.get("kind") == BackPressureError.__name__:
                raise BackPressureError(message, hint=hint)
            raise TrailError(message, hint=hint)
        proof = tuple([_bytes(one) for one in answer.get("proof", ())])
        return Receipt(
            int(answer["index"]),
            _bytes(answer["leaf"]),
            _bytes(answer["entry"]),
            int(answer["size"]),
            proof,
            _bytes(answer["checkpoint"]),
            answer.get("repeated") is True,
        )

    def close(self) -> None:
        """Ends this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None
