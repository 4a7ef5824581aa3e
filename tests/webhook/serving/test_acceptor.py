"""Connections are spread over workers by how many each has, over real sockets."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Final

import pytest
from lockgate.webhook.app.intake import Handed
from lockgate.webhook.serving.acceptor import Acceptor, door_pair

SECONDS: Final = 60.0
ADDRESS: Final = "127.0.0.1"


class Door:
    """A worker's end, and what came through it."""

    def __init__(self, acceptor: Acceptor) -> None:
        ours, theirs = door_pair()
        self.intake = Handed(theirs)
        self.taken: list[socket.socket] = []
        acceptor.add(ours)

    def look(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self.taken.append(self.intake.accept())

    def end(self, count: int) -> None:
        for _ in range(count):
            self.taken.pop().close()
            self.intake.ended()

    def close(self) -> None:
        for one in self.taken:
            one.close()
        self.intake.watched.close()


class Doors:
    """An acceptor, its workers and its callers, closed in the end."""

    def __init__(self) -> None:
        self.listener = socket.create_server((ADDRESS, 0))
        self.address = self.listener.getsockname()
        self.acceptor = Acceptor(self.listener)
        self.doors: list[Door] = []
        self.callers: list[socket.socket] = []

    def add(self) -> Door:
        made = Door(self.acceptor)
        self.doors.append(made)
        return made

    def call(self, count: int) -> None:
        self.callers += [socket.create_connection(self.address, SECONDS) for _ in range(count)]

    def wait(self, *counts: int) -> None:
        """Until the workers have so many connections."""
        ends = time.monotonic() + SECONDS
        while [len(one.taken) for one in self.doors] != [*counts]:
            assert time.monotonic() < ends, [len(one.taken) for one in self.doors]
            for one in self.doors:
                one.look()

    def close(self) -> None:
        self.acceptor.close()
        for door in self.doors:
            door.close()
        for caller in self.callers:
            caller.close()


@pytest.fixture
def doors() -> Iterator[Doors]:
    with contextlib.closing(Doors()) as made:
        yield made


def test_workers_get_alike(doors: Doors) -> None:
    for _ in range(3):
        doors.add()
    doors.call(9)
    doors.wait(3, 3, 3)


def test_what_comes_is_the_very_connection(doors: Doors) -> None:
    worker = doors.add()
    doors.call(1)
    doors.wait(1)
    doors.callers[0].sendall(b"hello")
    taken = worker.taken[0]
    taken.settimeout(SECONDS)
    assert taken.recv(5) == b"hello"
    worker.end(1)
    assert doors.callers[0].recv(1) == b""


def test_who_has_fewer_gets_what_comes(doors: Doors) -> None:
    first, _ = doors.add(), doors.add()
    doors.call(8)
    doors.wait(4, 4)
    first.end(4)
    doors.call(4)
    doors.wait(4, 4)


def test_callers_wait_until_there_is_a_worker(doors: Doors) -> None:
    doors.call(3)
    doors.add()
    doors.wait(3)


def test_the_others_get_what_a_worker_that_ended_would_have_got(doors: Doors) -> None:
    first, second = doors.add(), doors.add()
    doors.call(2)
    doors.wait(1, 1)
    first.close()
    first.taken.clear()
    doors.doors.remove(first)
    doors.call(4)
    doors.wait(5)
    second.end(5)


def test_callers_wait_again_where_no_worker_is_left(doors: Doors) -> None:
    first = doors.add()
    doors.call(1)
    doors.wait(1)
    first.close()
    doors.doors.clear()
    doors.add()
    doors.call(2)
    doors.wait(2)


def test_a_closed_acceptor_refuses_callers_and_ends_its_doors(doors: Doors) -> None:
    worker = doors.add()
    doors.call(1)
    doors.wait(1)
    was_running = doors.acceptor.is_running
    doors.acceptor.close()
    assert (was_running, doors.acceptor.is_running) == (True, False)
    with pytest.raises(ConnectionRefusedError):
        doors.call(1)
    with pytest.raises(EOFError):
        worker.intake.accept()


def test_what_main_does_not_hear_now_it_hears_with_the_next() -> None:
    main, door = door_pair()
    main.setblocking(False)
    intake = Handed(door)
    for _ in range(5_000):
        # More than fits.
        intake.ended()

    def heard() -> int:
        found = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                found += len(main.recv(1 << 16))
        return found

    first = heard()
    assert 0 < first < 5_000
    intake.ended()
    intake.ended()
    assert first + heard() == 5_002
    main.close()
    door.close()
