"""The line in front of the appender."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.store.line import ClosedError, FullError, Line

LONG = 30.0


def full(most: int) -> Line[int]:
    line = Line[int](most)
    for number in range(most):
        line.put(number, 0)
    return line


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_first_come_first_served(waiting: int, most: int, enough: int) -> None:
    line = full(waiting)
    taken: list[int] = []
    while len(line):
        some = line.take(most, enough, 0, 0)
        assert 0 < len(some) <= most
        taken += some
    assert taken == list(range(waiting))


class Fed:
    """A feed that puts the next numbers into its line each time it is asked; while it is off, somebody else does that."""

    def __init__(self, line: Line[int]) -> None:
        self.line = line
        self.is_on = True
        self.next: list[list[int]] = []
        self.waits: list[float] = []
        self.is_waiting, self.woken = threading.Event(), threading.Event()

    def fetch(self, seconds: float) -> bool:
        if not self.is_on:
            return False
        self.waits.append(seconds)
        if self.next:
            self.line.put_some(self.next.pop(0))
        elif seconds:
            self.is_waiting.set()
            assert self.woken.wait(LONG)
        return True

    def wake(self) -> None:
        self.woken.set()


def test_who_takes_fetches_by_itself() -> None:
    line = Line[int](9)
    fed = Fed(line)
    line.feed_from(fed)
    fed.next = [[0], [1, 2], [3]]
    line.fetch()
    assert (len(line), fed.waits) == (1, [0.0])
    # It looks again and again until there are enough, and waits for each of the looks by itself.
    assert line.take(9, 4, LONG, LONG) == [0, 1, 2, 3]
    assert fed.waits == [0.0, 0.0, 0.0]
    line.feed_from(None)
    fed.next = [[4]]
    line.fetch()
    assert line.take(9, 1, 0, 0) == []


@pytest.mark.parametrize("closes", [False, True])
def test_who_fetches_is_woken_by_another_thread(closes: bool) -> None:
    line = Line[int](9)
    fed = Fed(line)
    line.feed_from(fed)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(line.take, 9, 1, LONG, LONG)
        assert fed.is_waiting.wait(LONG)
        if closes:
            line.close()
        else:
            line.put(5, 0)
        assert taken.result(LONG) == ([] if closes else [5])
    assert fed.woken.is_set()


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("enough", [1, 2])
def test_what_comes_while_another_thread_is_asked_is_not_missed(enough: int, closes: bool) -> None:
    line = Line[int](9)

    class Late:
        """Somebody puts something in just before it says that it does not fetch; nobody is woken by that."""

        def fetch(self, seconds: float) -> bool:
            with ThreadPoolExecutor() as pool:
                pool.submit(line.close if closes else lambda: line.put(7, 0)).result(LONG)
            return False

        def wake(self) -> None:
            return

    for number in range(1, enough):
        line.put(number, 0)
    line.feed_from(Late())
    # Without an end, were it to wait to be woken.
    assert line.take(9, enough, threading.TIMEOUT_MAX, threading.TIMEOUT_MAX) == [
        *range(1, enough),
        *([] if closes else [7]),
    ]


def test_who_does_not_fetch_is_woken_as_ever() -> None:
    line = Line[int](9)
    fed = Fed(line)
    fed.is_on = False
    line.feed_from(fed)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(line.take, 9, 2, LONG, LONG)
        line.put(1, 0)
        line.put(2, 0)
        assert taken.result(LONG) == [1, 2]


def test_nothing_comes() -> None:
    assert Line[int](1).take(1, 1, 0, 0.001) == []


def test_no_room() -> None:
    line = full(2)
    for timeout in (0, 0.001):
        with pytest.raises(FullError):
            line.put(2, timeout)
    assert len(line) == 2


def test_some_of_many_find_room() -> None:
    line = full(2)
    assert line.put_some([2, 3]) == 0
    assert line.take(1, 1, 0, 0) == [0]
    assert line.put_some([2, 3]) == 1
    assert line.take(9, 1, 0, 0) == [1, 2]
    line.close()
    with pytest.raises(ClosedError):
        line.put_some([4])


def test_room_is_waited_for() -> None:
    line = full(1)
    with ThreadPoolExecutor() as pool:
        put = pool.submit(line.put, 1, LONG)
        taken = line.take(1, 1, 0, LONG)
        put.result(LONG)
        taken += line.take(1, 1, 0, LONG)
    assert taken == [0, 1]


def test_as_many_as_before_are_waited_for() -> None:
    line = full(5)
    line.take(5, 1, 0, LONG)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(line.take, 9, 3, LONG, LONG)
        for number in range(3):
            assert not taken.done()
            line.put(number, LONG)
        assert taken.result(LONG) == [0, 1, 2]


def test_more_than_there_is_room_for_are_not_waited_for() -> None:
    line = full(2)
    assert line.take(9, 9, LONG, LONG) == [0, 1]


def test_closed() -> None:
    line = full(2)
    with ThreadPoolExecutor() as pool:
        put = pool.submit(line.put, 2, LONG)
        line.close()
        with pytest.raises(ClosedError):
            put.result(LONG)
    with pytest.raises(ClosedError):
        line.put(3, LONG)
    assert line.take(1, 9, LONG, LONG) == [0]
    assert line.take(9, 9, LONG, LONG) == [1]
    assert line.take(9, 9, LONG, LONG) == []


def test_who_takes_is_told_of_the_end() -> None:
    line = Line[int](1)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(line.take, 1, 1, LONG, LONG)
        line.close()
        assert taken.result(LONG) == []


def test_many_threads() -> None:
    line = Line[int](7)
    each, threads = 200, 8
    taken: list[int] = []

    def put(start: int) -> None:
        for number in range(start, start + each):
            line.put(number, LONG)

    workers = [threading.Thread(target=put, args=(place * each,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    while len(taken) < each * threads:
        taken += line.take(5, 3, 0.001, LONG)
    for worker in workers:
        worker.join()
    assert sorted(taken) == list(range(each * threads))
    for place in range(threads):
        own = [number for number in taken if number // each == place]
        assert own == sorted(own)
