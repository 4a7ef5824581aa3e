"""One appender for several processes: a thread beside it listens on a Unix socket for their drafts.

It is one thread for all connections, and what comes of a batch is sent by the appender's own: threads of one
interpreter stand in each other's way, and each that is woken takes it from who does the work. While drafts come all the
time the appender fetches them itself, between its batches, and the thread sees only to it that somebody does. Only
processes of the same user are answered (SO_PEERCRED), and the socket's file is theirs alone.
"""

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections import deque
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.receipt import Place
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.socket_messages import (
    Answer,
    Asked,
    Frame,
    Frames,
    parse_drafts,
    render_error,
    render_places,
    render_receipt,
)
from lockgate.engine.errors import os_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

# More than any server has processes, and threads that wait for a receipt.
MAX_CONNECTIONS: Final = 256
# Drafts of one connection whose answers are still to come: more than a worker has at a time, with those that it has
# given up lately.
MAX_ASKED: Final = 1024
# How long the rest of a frame that has begun may take, and answers to be taken.
FRAME_S: Final = 10.0
_RECEIVED: Final = 1 << 18
# How often times are looked at, and whether there is room in front of the appender again.
_TICK_S: Final = 0.5
_ROOM_TICK_S: Final = 0.01
# So long after the last draft the appender still waits for the next one itself; and for so long a batch may keep it from
# fetching some before the thread does.
_ALONE_S: Final = 0.02
_AGAIN: Final = "send it again with the same request key"
_CREDENTIALS: Final = struct.Struct("3i")


class _Connection:
    """A caller's connection. Its lock guards what both threads use: `asked`, `to_send` and the sending itself."""

    __slots__ = (
        "asked",
        "begun_until",
        "frames",
        "is_broken",
        "is_closed",
        "lock",
        "peer",
        "to_send",
        "to_send_until",
    )

    def __init__(self, peer: socket.socket) -> None:
        self.peer: Final = peer
        self.frames: Final = Frames()
        self.lock: Final = threading.Lock()
        self.asked: dict[int, _Asked] = {}
        self.to_send = b""
        self.is_closed = False
        # The appender's thread could not send.
        self.is_broken = False
        # When a frame, or the taking of answers, is late; 0 while nothing is waited for.
        self.begun_until = 0.0
        self.to_send_until = 0.0

    def send(self, message: bytes) -> bool:
        """Sends as much as is taken at once; whether that is all. Under the lock. Raises OSError."""
        self.to_send += message
        try:
            sent = self.peer.send(self.to_send)
        except BlockingIOError:
            sent = 0
        self.to_send = self.to_send[sent:]
        self.to_send_until = time.monotonic() + FRAME_S if self.to_send else 0.0
        return not self.to_send


class _Asked:
    """A draft of a connection, while its answer is to come."""

    __slots__ = (
        "_lock",
        "_server",
        "connection",
        "draft",
        "has_begun",
        "is_late",
        "is_parked",
        "number",
        "until",
        "wants_proof",
    )

    # Nothing else is done with a draft of another process.
    within: "Callable[[Connection], None] | None" = None

    def __init__(self, server: "AppenderServer", connection: _Connection, asked: Asked) -> None:
        self._server = server
        self._lock: Final = connection.lock
        self.connection: Final = connection
        self.number: Final = asked.number
        self.draft: Final[Draft] = asked.draft
        self.wants_proof: Final = asked.wants_proof
        self.until: Final = time.monotonic() + asked.timeout
        self.has_begun = False
        self.is_late = False
        # There was no room for it yet.
        self.is_parked = True

    def begin(self) -> bool:
        with self._lock:
            self.has_begun = not self.is_late
            return self.has_begun

    def give_up(self) -> bool:
        """Whether it is not recorded any more."""
        with self._lock:
            self.is_late = not self.has_begun
            return self.is_late

    def answer(self, answer: Answer) -> None:
        self._server.answered.append((self, answer))


class AppenderServer:
    """Answers on a socket until it is closed; the appender is its owner's to close."""

    def __init__(self, appender: Appender, path: Path) -> None:
        self.path: Final = path
        # Of the appender's thread: the batch's answers.
        self.answered: Final[list[tuple[_Asked, Answer]]] = []
        self._appender = appender
        self._connections: set[_Connection] = set()
        self._parked: deque[_Asked] = deque()
        # Connections that the appender's thread could not send everything to.
        self._unsent: deque[_Connection] = deque()
        self._is_closing = False
        self._looked = 0.0
        # Held by the thread that looks at the connections: this one's or the appender's, which fetched last at that time.
        self._turn: Final = threading.Lock()
        self._fetched = self._received = 0.0
        # The appender fetches no more.
        self._is_left: Final = threading.Event()
        self._has_failed = False
        self._listener = _listening(path)
        self._listener.setblocking(False)
        self._woken, self._wakes = socket.socketpair()
        self._woken.setblocking(False)
        self._wakes.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        appender.feed_from(self, self._answer_batch)
        self._thread = threading.Thread(target=self._run, name="trail-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening and ends the connections; what was handed to the appender is still recorded."""
        if self._is_closing:
            return
        self._is_closing = True
        self._is_left.set()
        self.wake()
        self._thread.join()
        self._appender.feed_from(None, None)
        self.path.unlink(missing_ok=True)

    def wake(self) -> None:
        """Ends the wait of the thread that looks at the connections."""
        # A full pipe wakes it just as well; a closed one has nobody to wake.
        with contextlib.suppress(OSError):
            self._wakes.send(b"\0")

    def fetch(self, seconds: float) -> bool:
        """In the appender's thread: hands it what has come, and waits at most so long for some to come.

        False where the server's own thread does that, as it does where none has come for a while.
        """
        now = time.monotonic()
        if now - self._received > _ALONE_S or self._has_failed:
            self._is_left.set()
            return False
        if not self._turn.acquire(blocking=False):
            return False
        try:
            if self._is_closing:
                return False
            self._fetched = now
            self._look(min(seconds, _ALONE_S))
        except Exception:  # noqa: BLE001 - the server's own thread meets it again, and ends with it; the appender goes on
            self._has_failed = True
            self._is_left.set()
            return False
        finally:
            self._turn.release()
        return True

    def _run(self) -> None:
        try:
            while not self._is_closing:
                with self._turn:
                    self._look(_ROOM_TICK_S if self._parked else _TICK_S)
                    self._is_left.clear()
                while self._is_fetched():
                    self._is_left.wait(_ALONE_S)
        finally:
            with self._turn:
                for connection in list(self._connections):
                    self._drop(connection)
                self._selector.close()
                for one in (self._listener, self._woken, self._wakes):
                    one.close()

    def _is_fetched(self) -> bool:
        """Whether the appender fetches what comes, or is about to."""
        if self._is_closing or self._is_left.is_set():
            return False
        return time.monotonic() - max(self._fetched, self._received) < _ALONE_S

    def _look(self, seconds: float) -> None:
        """Waits at most so long until there is something to be seen to, and sees to it. In its turn."""
        has_caller = False
        for key, events in self._selector.select(seconds):
            if key.fileobj is self._listener:
                has_caller = True
            elif key.fileobj is self._woken:
                self._woken.recv(4096)
            else:
                self._serve(key.data, events)
        # After the ends: epoll may tell of a new caller before the ends that made room for it.
        if has_caller:
            self._accept()
        while self._unsent:
            self._watch_rest(self._unsent.popleft())
        self._submit_parked()
        self._look_at_times()

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
        try:
            self._selector.register(made, selectors.EVENT_READ, connection)
        except OSError:
            # The kernel watches no more for this user.
            made.close()
            return
        self._connections.add(connection)

    def _drop(self, connection: _Connection) -> None:
        """Who breaks off, or sends what is no frame, is not answered any more."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._selector.unregister(connection.peer)
            with connection.lock:
                connection.is_closed = True
                connection.asked.clear()
                connection.peer.close()
            self._parked = deque([one for one in self._parked if one.connection is not connection])

    def _serve(self, connection: _Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                with connection.lock:
                    connection.send(b"")
                self._watch_rest(connection)
            if events & selectors.EVENT_READ and connection in self._connections:
                self._receive(connection)
        except BlockingIOError:
            return
        except (OSError, FormatError):
            self._drop(connection)

    def _receive(self, connection: _Connection) -> None:
        data = connection.peer.recv(_RECEIVED)
        if not data:
            self._drop(connection)
            return
        frames = connection.frames.feed(data)
        for frame in frames:
            self._take(connection, frame)
        if not connection.frames.has_begun:
            connection.begun_until = 0.0
        elif frames or not connection.begun_until:
            connection.begun_until = time.monotonic() + FRAME_S

    def _take(self, connection: _Connection, frame: Frame) -> None:
        """Parks the drafts of a frame. Raises FormatError for a frame by which its sender is not understood."""
        drafts = parse_drafts(*frame)
        wrong: list[tuple[int, FormatError]] = []
        with connection.lock:
            known = connection.asked
            for number, one in drafts:
                if isinstance(one, FormatError):
                    wrong.append((number, one))
                    continue
                if number in known or len(known) >= MAX_ASKED:
                    raise FormatError("too many drafts at a time, or two of one number")
                known[number] = asked = _Asked(self, connection, one)
                self._parked.append(asked)
                self._received = asked.until - one.timeout
        for number, error in wrong:
            self._tell(connection, number, error)

    def _submit_parked(self) -> None:
        """Hands drafts on in the order in which they came, as long as there is room."""
        while self._parked:
            some = list(islice(self._parked, MAX_ASKED))
            try:
                taken = self._appender.submit_some(some)
            except TrailError as error:
                # Nothing is handed on: the appender does not fetch what comes next.
                self._received = 0.0
                # All of them before the first is told: that may find its connection gone, with others of it.
                for _ in some:
                    self._parked.popleft()
                for asked in some:
                    self._refuse(asked, error)
                continue
            for asked in some[:taken]:
                self._parked.popleft()
                asked.is_parked = False
            if taken < len(some):
                return

    def _refuse(self, asked: _Asked, error: TrailError) -> None:
        """Answers a draft that is not handed on."""
        with asked.connection.lock:
            if asked.connection.asked.pop(asked.number, None) is not asked:
                return
        self._tell(asked.connection, asked.number, error)

    def _tell(self, connection: _Connection, number: int, error: TrailError) -> None:
        try:
            with connection.lock:
                if not connection.is_closed:
                    connection.send(render_error(number, error))
            self._watch_rest(connection)
        except (OSError, FormatError):
            self._drop(connection)

    def _answer_batch(self) -> None:
        """In the appender's thread: what became of a batch, a message a connection for all that want no proof."""
        told: dict[_Connection, list[tuple[_Asked, Answer]]] = {}
        for one in self.answered:
            told.setdefault(one[0].connection, []).append(one)
        self.answered.clear()
        is_rest = False
        for connection, answers in told.items():
            with connection.lock:
                try:
                    is_sent = connection.is_closed or connection.send(_rendered(connection, answers))
                except (OSError, FormatError):
                    connection.is_broken = True
                    is_sent = False
            if not is_sent:
                self._unsent.append(connection)
                is_rest = True
        if is_rest:
            self.wake()

    def _watch_rest(self, connection: _Connection) -> None:
        """Waits until the rest of what is to be sent can be, if there is one."""
        if connection not in self._connections:
            return
        if connection.is_broken:
            self._drop(connection)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.to_send else 0)
        if self._selector.get_key(connection.peer).events != wanted:
            self._selector.modify(connection.peer, wanted, connection)

    def _listen_again(self) -> None:
        """Makes the socket's file anew, which a cleaner of temporary folders has taken: new callers find none."""
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            listener = _listening(self.path)
        except (OSError, TrailError):
            # Callers are told that nobody answers; it is tried again at the next look.
            return
        listener.setblocking(False)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)

    def _look_at_times(self) -> None:
        now = time.monotonic()
        if now - self._looked < (_ROOM_TICK_S if self._parked else _TICK_S):
            return
        self._looked = now
        if not os.path.lexists(self.path):
            self._listen_again()
        for connection in list(self._connections):
            if 0 < connection.begun_until < now or 0 < connection.to_send_until < now:
                self._drop(connection)
                continue
            with connection.lock:
                late = [asked for asked in connection.asked.values() if asked.until < now]
            for asked in late:
                if connection not in self._connections:
                    break
                self._refuse(asked, self._why_late(asked))

    def _why_late(self, asked: _Asked) -> TrailError:
        if asked.is_parked:
            self._parked.remove(asked)
            return self._appender.count_back_pressure()
        if asked.give_up():
            return TrailError("no receipt in time: the record was not made", hint=_AGAIN)
        return TrailError("no receipt in time: the record may or may not be in the log", hint=_AGAIN)


def _rendered(connection: _Connection, answers: "Sequence[tuple[_Asked, Answer]]") -> bytes:
    """The messages of a batch to a connection, without those to what was answered as late. Under its lock."""
    messages: list[bytes] = []
    places: list[tuple[int, Place]] = []
    for asked, answer in answers:
        number = asked.number
        if connection.asked.pop(number, None) is not asked:
            continue
        if isinstance(answer, Place):
            places.append((number, answer))
        elif isinstance(answer, TrailError):
            messages.append(render_error(number, answer))
        else:
            messages.append(render_receipt(number, answer))
    if places:
        messages.append(render_places(places))
    return b"".join(messages)


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
        raise TrailError(f"cannot listen on {path}: {os_reason(error)}") from None
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
