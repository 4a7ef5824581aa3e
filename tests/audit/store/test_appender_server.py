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
from lockgate.audit.errors import BackPressureError, ClosedLogError, ErasedKeyError, FormatError, TrailError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.receipt import Place, Receipt
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.appender_server import MAX_ASKED, MAX_CONNECTIONS, AppenderServer
from lockgate.audit.store.appender_socket import SocketAppender
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.socket_messages import Asked, Frames, parse_answers, render_draft, render_drafts
from lockgate.audit.vault import Vault
from sqlalchemy import Connection

from tests.audit.trails import MASTER, Trail, draft_decision, make_trail

LONG = 30.0


@dataclass
class Served:
    trail: Trail
    appender: Appender
    server: AppenderServer
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


def message(draft: Draft, number: int = 0, proof: bool = True) -> bytes:
    return render_drafts([render_draft(Asked(number, draft, LONG, wants_proof=proof))])


def answers(connection: socket.socket, count: int) -> dict[int, Receipt | Place | TrailError]:
    """So many answers, by number."""
    frames, found = Frames(), dict[int, Receipt | Place | TrailError]()
    while len(found) < count:
        data = connection.recv(1 << 16)
        assert data
        for frame in frames.feed(data):
            found.update(dict(parse_answers(*frame)))
    return found


def record(served: "Served", connection: socket.socket, number: int) -> None:
    """Sends a draft by that number, and has its place."""
    connection.sendall(message(served.trail.decide(number % 3), number, proof=False))
    assert isinstance(answers(connection, 1)[number], Place)


@contextmanager
def connected(served: "Served") -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LONG)
        connection.connect(str(served.path))
        yield connection


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
    served = Served(trail, appender, server, folder / "socket", threading.Event())
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
                connection.sendall(message(served.trail.decide(number)))
                served.wait_for(number + 1)
        served.go_on.set()
        assert served.append(served.trail.decide(1)) == 7


def test_many_drafts_on_one_connection(tmp_path: Path) -> None:
    """Each is answered by its number; a proof where it is wanted."""
    with serving(tmp_path) as served, connected(served) as connection:
        drafts = [served.trail.decide(number, request=str(number % 30)) for number in range(40)]
        connection.sendall(b"".join([message(draft, 7 * n, n % 5 == 0) for n, draft in enumerate(drafts)]))
        told = answers(connection, 40)
        assert sorted(told) == [7 * n for n in range(40)]
        for n in range(40):
            one = told[7 * n]
            assert isinstance(one, Receipt if n % 5 == 0 else Place)
            assert (one.index, one.repeated) == (n % 30 + 1, n >= 30)
            assert one.leaf_hash == leaf_hash(next(served.trail.store.entries(one.index, one.index + 1)))


class Looks(selectors.DefaultSelector):
    """Notes which threads look for drafts, and find some."""

    def __init__(self) -> None:
        super().__init__()
        self.by: list[str] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(timeout)
        if any(key.data is not None for key, _ in found):
            self.by.append(threading.current_thread().name)
        return found


def test_drafts_that_come_all_the_time_are_fetched_by_the_appender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks()
    monkeypatch.setattr(selectors, "DefaultSelector", lambda: looks)
    with serving(tmp_path) as served, connected(served) as connection:
        for number in range(300):
            record(served, connection, number)
        # The first one is brought, and those behind a batch that takes long.
        assert looks.by[0] == "trail-socket" and "trail-appender" in looks.by
        # Where none has come for a while they are brought to it again.
        until = time.monotonic() + LONG
        number = 300
        while looks.by[-1] != "trail-socket":
            assert time.monotonic() < until
            time.sleep(0.05)
            record(served, connection, number)
            number += 1


class Fails(selectors.DefaultSelector):
    """Cannot be asked by the appender's thread."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if threading.current_thread().name == "trail-appender":
            self.asked += 1
            raise ValueError("no")
        return super().select(timeout)


def test_an_appender_that_cannot_fetch_is_brought_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = Fails()
    monkeypatch.setattr(selectors, "DefaultSelector", lambda: fails)
    with serving(tmp_path) as served, connected(served) as connection:
        number = 0
        until = time.monotonic() + LONG
        while not fails.asked or number < 20:
            assert time.monotonic() < until
            record(served, connection, number)
            number += 1
        assert fails.asked == 1


def test_who_is_gone_when_all_are_refused_takes_nobody_along(tmp_path: Path) -> None:
    with serving(tmp_path) as served, connected(served) as other:
        served.appender.halt(TrailError("another history was seen"))
        for number in range(20):
            with socket.socket(socket.AF_UNIX) as gone:
                gone.connect(str(served.path))
                drafts = [message(served.trail.decide(each % 3), each) for each in range(8)]
                gone.sendall(b"".join(drafts))
            other.sendall(message(served.trail.decide(0), number))
            (told,) = answers(other, 1).values()
            assert isinstance(told, TrailError) and "another history" in told.message


def test_nothing_is_fetched_of_a_server_that_was_closed(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.append(served.trail.decide(1)) == 1
        served.server.close()
        assert not served.server.fetch(0.0)
        # Entries of this process are appended as before.
        assert served.appender.append(served.trail.decide(2)).index == 2


def test_some_of_many_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as served, connected(served) as connection:
        wrong = Draft("policy", {"event": "added", "policies": "x"})
        unknown = Draft("access", {}, ("a b",))
        sent = [served.trail.decide(0), wrong, served.trail.decide(1), unknown, served.trail.decide(2)]
        connection.sendall(b"".join([message(draft, n, proof=False) for n, draft in enumerate(sent)]))
        told = answers(connection, 5)
        assert [type(told[n]) for n in range(5)] == [Place, FormatError, Place, FormatError, Place]


@pytest.mark.parametrize("numbers", [[1, 2, 1], list(range(MAX_ASKED + 1))], ids=["twice", "too many"])
def test_who_is_not_understood_is_hung_up_on(numbers: list[int], tmp_path: Path) -> None:
    with serving(tmp_path, max_waiting=10) as served:
        served.block()
        with connected(served) as connection:
            draft = Draft("access", {})
            for number in numbers:
                connection.sendall(message(draft, number))
            assert connection.recv(1) == b""
        served.go_on.set()
        assert served.append(served.trail.decide(1)) > 0


def test_one_that_takes_no_answers_holds_up_nobody(tmp_path: Path) -> None:
    with serving(tmp_path) as served, connected(served) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sent = [message(served.trail.decide(number), number) for number in range(400)]
        pool = ThreadPoolExecutor(1)
        sending = pool.submit(silent.sendall, b"".join(sent))
        assert served.append(served.trail.decide(1)) > 0
        assert len(answers(silent, 400)) == 400
        sending.result(LONG)
        pool.shutdown()


def test_a_draft_in_pieces(tmp_path: Path) -> None:
    with serving(tmp_path) as served, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(LONG)
        connection.connect(str(served.path))
        whole = message(served.trail.decide(1))
        for start in range(0, len(whole), 100):
            connection.sendall(whole[start : start + 100])
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
            caller.sendall(message(served.trail.decide(1)))
            assert len(caller.recv(9)) > 0


def connect_all(served: Served) -> list[socket.socket]:
    """As many idle connections as there may be, all accepted."""
    idle = [socket.socket(socket.AF_UNIX) for _ in range(MAX_CONNECTIONS)]
    for one in idle:
        one.settimeout(LONG)
        one.connect(str(served.path))
    # A draft on the last one is answered after all were accepted.
    idle[-1].sendall(message(served.trail.decide(0)))
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
