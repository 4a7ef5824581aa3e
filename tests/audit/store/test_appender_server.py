"""The appender's socket under callers that wait, give up, talk out of turn or all come at once."""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.store.append import ClosedLogError
from lockgate.audit.store.appender import Appender, BackPressureError
from lockgate.audit.store.appender_server import MAX_CONNECTIONS, AppenderServer
from lockgate.audit.store.appender_socket import SocketAppender
from lockgate.audit.store.batch import ErasedKeyError
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.socket_messages import render_draft
from lockgate.audit.vault import Vault
from sqlalchemy import Connection

from tests.audit.trails import MASTER, Trail, draft_decision, make_trail

LONG = 30.0


@dataclass
class Served:
    trail: Trail
    appender: Appender
    path: Path
    go_on: threading.Event

    def client(self) -> SocketAppender:
        return SocketAppender(self.path)

    def append(self, draft: Draft, timeout: float = LONG) -> int:
        """By a caller of its own; the index."""
        client = self.client()
        try:
            return client.append(draft, timeout).index
        finally:
            client.close()

    def block(self) -> None:
        """Holds the appender in a transaction until `go_on`."""
        begun = threading.Event()

        def wait(_connection: Connection) -> None:
            begun.set()
            self.go_on.wait(LONG)

        self.appender.submit(self.trail.decide(0), within=wait)
        assert begun.wait(LONG)

    def wait_for(self, waiting: int) -> None:
        until = time.monotonic() + LONG
        while self.appender.waiting < waiting:
            assert time.monotonic() < until
            time.sleep(0.001)


@contextmanager
def serving(folder: Path, max_waiting: int = 100) -> Iterator[Served]:
    trail = make_trail(f"sqlite:///{folder / 'trail.db'}")
    trail.appender.close()
    trail.store.take_writer_lock()
    appender = Appender(
        trail.store, [trail.signer], MASTER.seal_key, clock=trail.clock, max_waiting=max_waiting
    )
    # Keys of namespaces, which could not be made while the appender is in its transaction.
    for number in range(3):
        trail.decide(number)
    server = AppenderServer(appender, folder / "socket")
    served = Served(trail, appender, folder / "socket", threading.Event())
    try:
        yield served
    finally:
        served.go_on.set()
        server.close()
        appender.close()
        trail.store.close()


def test_many_callers(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        client = served.client()

        def call(caller: int) -> list[int]:
            made = [
                client.append(draft_decision(served.trail.recorder, caller * 10 + number)).index
                for number in range(10)
            ]
            client.close()
            return made

        with ThreadPoolExecutor(40) as pool:
            told = [index for some in pool.map(call, range(40)) for index in some]
        assert sorted(told) == list(range(1, 401))


def test_no_room_in_time(tmp_path: Path) -> None:
    with serving(tmp_path, max_waiting=1) as served:
        served.block()
        served.appender.submit(served.trail.decide(1))
        with pytest.raises(BackPressureError):
            served.append(served.trail.decide(2), timeout=0.01)
        assert served.appender.back_pressure == 1
        served.go_on.set()
        assert served.append(served.trail.decide(2)) == 3


def test_room_is_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path, max_waiting=1) as served, ThreadPoolExecutor() as pool:
        served.block()
        served.appender.submit(served.trail.decide(1))
        waiting = [pool.submit(served.append, served.trail.decide(number)) for number in range(5)]
        served.go_on.set()
        assert sorted([one.result(LONG) for one in waiting]) == [3, 4, 5, 6, 7]


def test_a_receipt_that_is_late(tmp_path: Path) -> None:
    """What was not begun is not recorded then, and the connection goes on with the next draft."""
    with serving(tmp_path) as served:
        served.block()
        client = served.client()
        with pytest.raises(TrailError, match="was not made"):
            client.append(served.trail.decide(1), timeout=0.01)
        served.go_on.set()
        assert client.append(served.trail.decide(2)).index == 2
        client.close()


def test_callers_that_are_gone(tmp_path: Path) -> None:
    """What they sent whole is recorded."""
    with serving(tmp_path) as served:
        served.block()
        for number in range(5):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(served.path))
                connection.sendall(render_draft(served.trail.decide(number), LONG))
                served.wait_for(number + 1)
        served.go_on.set()
        assert served.append(served.trail.decide(1)) == 7


def test_a_draft_before_the_last_ones_receipt(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.block()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(LONG)
            connection.connect(str(served.path))
            message = render_draft(served.trail.decide(1), LONG)
            connection.sendall(message)
            served.wait_for(1)
            connection.sendall(message)
            assert connection.recv(1) == b""
        served.go_on.set()
        assert served.append(served.trail.decide(1)) == 3


def test_a_draft_in_pieces(tmp_path: Path) -> None:
    with serving(tmp_path) as served, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LONG)
        connection.connect(str(served.path))
        message = render_draft(served.trail.decide(1), LONG)
        for start in range(0, len(message), 100):
            connection.sendall(message[start : start + 100])
        assert len(connection.recv(9)) > 0


def test_more_connections_than_there_may_be(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        idle = connect_all(served)
        with socket.socket(socket.AF_UNIX) as one_more:
            one_more.settimeout(LONG)
            one_more.connect(str(served.path))
            assert one_more.recv(1) == b""
        for one in idle:
            one.close()
        assert served.append(served.trail.decide(1)) == 2


class ListenerFirst(selectors.DefaultSelector):
    """Tells of callers before all else, as epoll may; while it is held, events gather."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.go_on.set()
        self.is_held = threading.Event()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.go_on.is_set():
            self.is_held.set()
            assert self.go_on.wait(LONG)
        return sorted(super().select(timeout), key=lambda told: told[0].data is not None)


def test_ends_are_seen_before_the_caller_for_whom_they_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    selector = ListenerFirst()
    monkeypatch.setattr(selectors, "DefaultSelector", lambda: selector)
    with serving(tmp_path) as served:
        idle = connect_all(served)
        selector.go_on.clear()
        assert selector.is_held.wait(LONG)
        for one in idle:
            one.close()
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(LONG)
            caller.connect(str(served.path))
            selector.go_on.set()
            caller.sendall(render_draft(served.trail.decide(1), LONG))
            assert len(caller.recv(9)) > 0


def connect_all(served: Served) -> list[socket.socket]:
    """As many idle connections as there may be, all accepted."""
    idle = [socket.socket(socket.AF_UNIX) for _ in range(MAX_CONNECTIONS)]
    for one in idle:
        one.settimeout(LONG)
        one.connect(str(served.path))
    # A draft on the last one is answered after all were accepted.
    idle[-1].sendall(render_draft(served.trail.decide(0), LONG))
    assert len(idle[-1].recv(9)) > 0
    return idle


def test_errors_keep_their_class(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        client, trail = served.client(), served.trail
        with pytest.raises(FormatError, match="kind demands"):
            client.append(Draft("policy", {"event": "added", "policies": "x"}))
        draft = trail.decide(1)
        Eraser(served.appender, trail.recorder, Vault(MASTER, trail.store)).erase_namespace(
            "team-1", "x", "a"
        )
        with pytest.raises(ErasedKeyError):
            client.append(draft)
        trail.store.set_state("closed", "")
        with pytest.raises(ClosedLogError):
            client.append(trail.decide(0))
        client.close()
