"""Deadlines by what the API server says of its patience."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.serving.deadline import DEFAULT_S, LONGEST_S, deadline_of, parse_timeout


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        (b"timeout=10s", 10),
        (b"timeout=1s", 1),
        (b"timeout=30s", 30),
        (b"timeout=1m0s", LONGEST_S),
        (b"timeout=2.5s", 2.5),
        (b"a=b&timeout=3s", 3),
        (b"timeout=1s&timeout=4s", 4),
        *[
            (query, DEFAULT_S)
            for query in (b"", b"timeout=", b"timeout=0s", b"timeout=-1s", b"timeout=5", b"timeout=\xff")
        ],
        (b"timeout=9999999s", DEFAULT_S),
        (b"&".join([b"a=b"] * 100), DEFAULT_S),
    ],
)
def test_timeouts(query: bytes, seconds: float) -> None:
    assert parse_timeout(query) == seconds


@given(st.floats(0.001, LONGEST_S))
def test_an_answer_comes_before_the_api_server_gives_up(seconds: float) -> None:
    deadline = deadline_of(100.0, seconds)
    assert 100.0 < deadline.evaluate_by < deadline.answer_by < 100.0 + seconds
