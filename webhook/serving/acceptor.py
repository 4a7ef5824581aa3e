"""Main's door: it accepts connections and gives each to the worker that has the fewest.

Workers on one shared listener do not share evenly: the one that is awake takes what comes, and an API server keeps its
connections for hours. A connection goes as a descriptor (SCM_RIGHTS) over a socket between main and the worker, which
answers with a byte for each that has ended.
"""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, final

# How long nothing is accepted when there are no descriptors left, or no worker takes one.
PAUSE_S: Final = 0.05
_RECEIVED: Final = 1 << 12
HANDED: Final = b"c"
ENDED: Final = b"e"


def door_pair() -> tuple[socket.socket, socket.socket]:
    """Main's end and a worker's. Messages keep their bounds, so that each has its descriptor."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


@dataclass(slots=True, eq=False)
class _Worker:
    """A worker that takes connections. open: those it has; turn: when it was given the last one."""

    door: socket.socket
    open: int = 0
    turn: int = 0


@final
class Acceptor:
    """Accepts in a thread of its own, so that main's other work holds up no connection.

    Nothing is accepted while there is no worker: callers wait in the listener's queue then.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._workers: dict[socket.socket, _Worker] = {}
        self._turn = 0
        self._ends = False
        self._is_accepting = False
        self._paused = False
        self._calls: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._waker, self._waking = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for one in (listener, self._waker, self._waking):
            one.setblocking(False)
        self._selector.register(self._waker, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="acceptor", daemon=True)
        self._thread.start()

    def add(self, door: socket.socket) -> None:
        """A worker takes connections from now on. Its socket is the acceptor's, until the worker ends."""
        door.setblocking(False)

        def take() -> None:
            self._workers[door] = _Worker(door)
            self._selector.register(door, selectors.EVENT_READ)
            self._look()

        self._call(take)

    @property
    def is_running(self) -> bool:
        """Whether its thread has not ended."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Accepts no more: who comes now is refused, and workers keep what they have."""
        if self._ends:
            return
        self._ends = True
        self._call(lambda: None)
        self._thread.join()
        for one in (*self._workers, self._listener, self._waker, self._waking):
            one.close()
        self._selector.close()

    def _call(self, call: Callable[[], None]) -> None:
        with self._lock:
            self._calls.append(call)
        with suppress(BlockingIOError):
            self._waking.send(b"w")

    def _run(self) -> None:
        while not self._ends:
            ready = self._selector.select(PAUSE_S if self._paused else None)
            if self._paused:
                self._paused = False
                self._look()
            for key, _ in ready:
                if key.fileobj is self._waker:
                    self._take_calls()
                elif key.fileobj is self._listener:
                    self._accept()
                else:
                    self._hear(key.fileobj)

    def _take_calls(self) -> None:
        with suppress(BlockingIOError):
            self._waker.recv(_RECEIVED)
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            call()

    def _look(self) -> None:
        """Is there somebody to accept for?"""
        wanted = bool(self._workers) and not self._paused
        if wanted and not self._is_accepting:
            self._selector.register(self._listener, selectors.EVENT_READ)
        elif self._is_accepting and not wanted:
            self._selector.unregister(self._listener)
        self._is_accepting = wanted

    def _pause(self) -> None:
        self._paused = True
        self._look()

    def _accept(self) -> None:
        if not self._is_accepting:
            return
        try:
            peer, _ = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        except OSError:
            self._pause()
            return
        with peer:
            self._hand(peer)

    def _hand(self, peer: socket.socket) -> None:
        """Gives it to who has the fewest; among equals, to who has waited longest for one."""
        self._turn += 1
        for worker in sorted(self._workers.values(), key=lambda one: (one.open, one.turn)):
            try:
                socket.send_fds(worker.door, [HANDED], [peer.fileno()])
            except BlockingIOError:
                # It does not look: the next one may.
                continue
            except OSError:
                self._drop(worker)
                continue
            worker.open += 1
            worker.turn = self._turn
            return
        # Nobody took it; it is closed, and its caller asks anew.
        self._pause()

    def _hear(self, door: object) -> None:
        worker = self._workers.get(door) if isinstance(door, socket.socket) else None
        if worker is None:
            return
        try:
            told = worker.door.recv(_RECEIVED)
        except BlockingIOError:
            return
        except OSError:
            told = b""
        if told:
            worker.open -= len(told)
        else:
            self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        if self._workers.pop(worker.door, None) is not None:
            self._selector.unregister(worker.door)
            worker.door.close()
            self._look()
