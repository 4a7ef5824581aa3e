"""One appender for several processes: a thread beside it listens on a Unix socket for their drafts.

It is one thread for all connections: each of a batch's callers would else wake a thread of its own, twice a record, in
the process where the appender needs the interpreter. Only processes of the same user are answered (SO_PEERCRED), and the
socket's file is theirs alone.
"""

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.store.appender import Appender, Receipt
from lockgate.audit.store.socket_messages import Frames, parse_draft, render_error, render_receipt

# More than any server has threads that wait for a receipt.
MAX_CONNECTIONS: Final = 256
# How long the rest of a frame that has begun may take, and an answer to be taken.
FRAME_S: Final = 10.0
_RECEIVED: Final = 1 << 18
# How often times are looked at, and whether there is room in front of the appender again.
_TICK_S: Final = 0.5
_ROOM_TICK_S: Final = 0.01
_AGAIN: Final = "send it again with the same request key"
_CREDENTIALS: Final = struct.Struct("3i")


class _Connection:
    """A caller's connection: one draft at a time, then its answer."""

    __slots__ = ("asked", "draft", "frames", "peer", "to_send", "until")

    def __init__(self, peer: socket.socket) -> None:
        self.peer: Final = peer
        self.frames: Final = Frames()
        # A draft for which there is no room yet; then the receipt that is waited for.
        self.draft: Draft | None = None
        self.asked: Future[Receipt] | None = None
        self.to_send = b""
        # When a frame, a receipt or the taking of an answer is late; 0 while nothing is waited for.
        self.until = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether it is the appender's turn."""
        return self.draft is not None or self.asked is not None


class AppenderServer:
    """Answers on a socket until it is closed; the appender is its owner's to close."""

    def __init__(self, appender: Appender, path: Path) -> None:
        self.path: Final = path
        self._appender = appender
        self._connections: set[_Connection] = set()
        self._parked: deque[_Connection] = deque()
        # Filled by the appender's thread.
        self._finished: deque[tuple[_Connection, Future[Receipt]]] = deque()
        self._is_woken = False
        self._is_closing = False
        self._listener = _listening(path)
        self._listener.setblocking(False)
        self._woken, self._wakes = socket.socketpair()
        self._woken.setblocking(False)
        self._wakes.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="trail-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening and ends the connections; what was handed to the appender is still recorded."""
        self._is_closing = True
        self._wake()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def _wake(self) -> None:
        # A full pipe wakes it just as well; a closed one has nobody to wake.
        with contextlib.suppress(OSError):
            self._wakes.send(b"\0")

    def _run(self) -> None:
        try:
            while not self._is_closing:
                has_caller = False
                for key, events in self._selector.select(_ROOM_TICK_S if self._parked else _TICK_S):
                    if key.fileobj is self._listener:
                        has_caller = True
                    elif key.fileobj is self._woken:
                        self._woken.recv(4096)
                    else:
                        self._serve(key.data, events)
                # After the ends: epoll may tell of a new caller before the ends that made room for it.
                if has_caller:
                    self._accept()
                self._answer_finished()
                self._submit_parked()
                self._look_at_times()
        finally:
            for connection in list(self._connections):
                self._drop(connection)
            self._selector.close()
            for one in (self._listener, self._woken, self._wakes):
                one.close()

    def _accept(self) -> None:
        try:
            made, _ = self._listener.accept()
        except OSError:
            return
        if len(self._connections) >= MAX_CONNECTIONS or not _is_own(made):
            made.close()
            return
        made.setblocking(False)
        connection = _Connection(made)
        self._connections.add(connection)
        self._selector.register(made, selectors.EVENT_READ, connection)

    def _drop(self, connection: _Connection) -> None:
        """Who breaks off, or sends what is no frame, is not answered any more."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._selector.unregister(connection.peer)
            connection.peer.close()
            connection.draft = connection.asked = None

    def _serve(self, connection: _Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._send(connection)
            if events & selectors.EVENT_READ and connection in self._connections:
                self._receive(connection)
        except BlockingIOError:
            return
        except (OSError, FormatError):
            self._drop(connection)

    def _receive(self, connection: _Connection) -> None:
        data = connection.peer.recv(_RECEIVED)
        if not data or connection.is_waiting or connection.to_send:
            # The end, or a draft before the last one's answer.
            self._drop(connection)
            return
        if not connection.frames.has_begun:
            connection.until = time.monotonic() + FRAME_S
        frame = connection.frames.feed(data)
        if frame is None:
            return
        try:
            connection.draft, timeout = parse_draft(*frame)
        except FormatError as error:
            self._answer(connection, error)
            return
        connection.until = time.monotonic() + timeout
        self._parked.append(connection)

    def _submit_parked(self) -> None:
        """Hands drafts on in the order in which they came, as long as there is room."""
        while self._parked and not self._appender.is_full:
            connection = self._parked.popleft()
            draft, connection.draft = connection.draft, None
            if draft is None:
                continue
            try:
                connection.asked = asked = self._appender.submit(draft, 0)
            except TrailError as error:
                self._answer(connection, error)
            else:
                asked.add_done_callback(partial(self._finish, connection))

    def _finish(self, connection: _Connection, done: "Future[Receipt]") -> None:
        """In the appender's thread."""
        self._finished.append((connection, done))
        if not self._is_woken:
            self._is_woken = True
            self._wake()

    def _answer_finished(self) -> None:
        # First: what is added from now on wakes this thread again.
        self._is_woken = False
        while self._finished:
            connection, done = self._finished.popleft()
            if connection.asked is not done:
                continue
            connection.asked = None
            error = done.exception()
            if error is None:
                self._answer(connection, done.result())
            else:
                self._answer(connection, error if isinstance(error, TrailError) else TrailError(str(error)))

    def _answer(self, connection: _Connection, answer: Receipt | TrailError) -> None:
        try:
            render = render_error if isinstance(answer, TrailError) else render_receipt
            connection.to_send = render(answer)  # type: ignore[arg-type]
            connection.until = time.monotonic() + FRAME_S
            self._send(connection)
        except (OSError, FormatError):
            self._drop(connection)

    def _send(self, connection: _Connection) -> None:
        try:
            sent = connection.peer.send(connection.to_send)
        except BlockingIOError:
            sent = 0
        had_rest = self._selector.get_key(connection.peer).events & selectors.EVENT_WRITE
        connection.to_send = connection.to_send[sent:]
        if not connection.to_send:
            connection.until = 0.0
        if bool(connection.to_send) != bool(had_rest):
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.to_send else 0)
            self._selector.modify(connection.peer, wanted, connection)

    def _look_at_times(self) -> None:
        now = time.monotonic()
        for connection in [one for one in self._connections if 0 < one.until < now]:
            asked, draft = connection.asked, connection.draft
            connection.asked = connection.draft = None
            if draft is not None:
                self._answer(connection, self._appender.count_back_pressure())
            elif asked is None:
                self._drop(connection)
            elif asked.cancel():
                self._answer(
                    connection, TrailError("no receipt in time: the record was not made", hint=_AGAIN)
                )
            else:
                self._answer(
                    connection,
                    TrailError("no receipt in time: the record may or may not be in the log", hint=_AGAIN),
                )


def _listening(path: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen(MAX_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise TrailError(f"cannot listen on {path}: {(error.strerror or str(error)).lower()}") from None
    finally:
        os.umask(before)
    return listener


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
