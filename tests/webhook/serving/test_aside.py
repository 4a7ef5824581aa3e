"""What is done beside reviews: in its order, in one thread, and whatever one of it raises."""

import logging
from threading import Event, get_ident

import pytest
from lockgate.webhook.serving.aside import Aside

WAIT_S = 60


def test_all_is_done_in_its_order_in_a_thread_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    aside, done = Aside(), Event()
    seen: list[tuple[int, int]] = []

    def fail() -> None:
        raise ValueError("a fault")

    with caplog.at_level(logging.ERROR):
        for number in range(50):
            aside.do(lambda number=number: seen.append((number, get_ident())))  # type: ignore[misc]
            if number == 20:
                aside.do(fail)
        aside.do(done.set)
        assert done.wait(WAIT_S)
    assert [number for number, _ in seen] == list(range(50))
    assert len({thread for _, thread in seen} - {get_ident()}) == 1
    assert [one.exc_info[0] for one in caplog.records if one.exc_info] == [ValueError]
