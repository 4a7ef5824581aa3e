"""The client before witnesses that answer wrongly, slowly, endlessly or not at all."""

from contextlib import closing

import pytest
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.witness.client import WitnessClient
from lockgate.audit.witness.errors import (
    ForkError,
    RefusedError,
    SplitViewError,
    StaleError,
    UnreachableError,
)
from lockgate.audit.witness.wire import MAX_ANSWER

from tests.audit.growing_log import GrowingLog
from tests.audit.witness.running import answering

LOG = GrowingLog().grow(9)
LINE = "\u2014 w.example AAAAAAAA\n".encode()


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def ask(url: str, old_size: int = 5, size: int = 9, timeout_s: float = 30) -> object:
    with closing(WitnessClient(url, timeout_s=timeout_s)) as client:
        return client.add_checkpoint(old_size, LOG.proof(old_size, size), LOG.note(size))


SIZE = "Content-Type: text/x.tlog.size"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(http(409, b"7\n", SIZE), StaleError, id="stale"),
        pytest.param(
            http(409, b"7\n", "content-type:  Text/X.tlog.size ; x=y"), StaleError, id="stale-spelled"
        ),
        pytest.param(http(409, b"7\n"), UnreachableError, id="a-size-that-is-not-said-to-be-one"),
        pytest.param(http(409, b"5\n", SIZE), UnreachableError, id="stale-at-our-own-size"),
        pytest.param(http(409, b"07\n", SIZE), UnreachableError, id="no-size"),
        pytest.param(http(409, b"9" * 4000 + b"\n", SIZE), UnreachableError, id="absurd-size"),
        pytest.param(http(422, b"no\n"), ForkError, id="fork"),
        pytest.param(http(403), RefusedError, id="forbidden"),
        pytest.param(http(404), RefusedError, id="not-found"),
        pytest.param(http(400, b"\x1b[31mred\x00\n"), RefusedError, id="bad-request"),
        pytest.param(http(301, b"", "Location: http://127.0.0.1:1/"), RefusedError, id="redirected"),
        pytest.param(http(204), RefusedError, id="another-success"),
        pytest.param(http(429), UnreachableError, id="too-many"),
        pytest.param(http(500, b"oh"), UnreachableError, id="its-fault"),
        pytest.param(http(200, b""), UnreachableError, id="no-lines"),
        pytest.param(http(200, LINE[:-1]), UnreachableError, id="no-newline"),
        pytest.param(http(200, b"\xff\xfe\n"), UnreachableError, id="no-text"),
        pytest.param(http(200, LINE * 101), UnreachableError, id="too-many-lines"),
        pytest.param(http(200, b"x" * (MAX_ANSWER + 1)), UnreachableError, id="too-long"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX_ANSWER * 3), UnreachableError, id="endless"),
        pytest.param(http(200, LINE)[:-4], UnreachableError, id="cut-off"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            UnreachableError,
            id="cut-off-chunk",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, UnreachableError, id="long-header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", UnreachableError, id="many-headers"
        ),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", UnreachableError, id="another-protocol"),
        pytest.param(b"", UnreachableError, id="nothing"),
    ],
)
def test_what_an_answer_comes_to(answer: bytes, error: type[TrailError]) -> None:
    with answering(answer) as (url, requests):
        with pytest.raises(error) as caught:
            ask(url)
        assert type(caught.value) is error
        assert all(one.isprintable() for one in str(caught.value))
        assert len(requests) == 1
        if error is StaleError:
            assert caught.value.size == 7  # type: ignore[attr-defined]


def test_the_same_size_and_409_is_a_split_view() -> None:
    for answer in (http(409, b"9\n", SIZE), http(409, b"root\n")):
        with answering(answer) as (url, _), pytest.raises(SplitViewError):
            ask(url, 9, 9)


def test_lines_come_as_they_are() -> None:
    with answering(http(200, LINE * 2)) as (url, requests):
        lines = ask(url + "/some/path/")
    assert [str(one) for one in lines] == [LINE.decode().strip()] * 2  # type: ignore[attr-defined]
    assert requests[0].startswith(b"POST /some/path/add-checkpoint HTTP/1.1\r\n")


@pytest.mark.parametrize("status", [200, 409, 422])
def test_an_answer_that_may_have_been_cut_off_says_nothing(status: int) -> None:
    for answer in (http(status)[:13], http(status)[:20], http(status)[:-2].replace(b"Content", b"X")):
        whole = answer + (LINE if status == 200 else b"")
        with answering(whole) as (url, _), pytest.raises(UnreachableError):
            ask(url, 9, 9)


def test_an_answer_in_chunks() -> None:
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n" + LINE + b"\r\n0\r\n\r\n"
    with answering(chunks) as (url, _):
        assert ask(url)


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    with answering(http(200, LINE), http(200, LINE), http(500)) as (url, requests):
        with closing(WitnessClient(url)) as client:
            for _ in range(2):
                assert client.add_checkpoint(0, (), LOG.note(9))
            with pytest.raises(UnreachableError):
                client.add_checkpoint(0, (), LOG.note(9))
        assert len(requests) == 3


def test_no_answer_within_the_deadline() -> None:
    with answering(None) as (url, _), pytest.raises(UnreachableError, match=r"within 0\.2 s"):
        ask(url, timeout_s=0.2)


@pytest.mark.parametrize("answer", [http(200, LINE * 90), b"HTTP/1.1 200 OK\r\nX: " + b"y" * 60_000])
def test_an_answer_that_drips_in_has_the_same_deadline(answer: bytes) -> None:
    with answering(answer, drip=True) as (url, _), pytest.raises(UnreachableError, match=r"within 0\.3 s"):
        ask(url, timeout_s=0.3)


def test_a_deadline_ends_a_handshake_too() -> None:
    record = b"\x16\x03\x03\x0f\xa0" + b"\x02" * 4000
    with answering(record, drip=True) as (url, _), pytest.raises(UnreachableError, match=r"within 0\.3 s"):
        ask(url.replace("http:", "https:"), timeout_s=0.3)


def test_nobody_listens() -> None:
    with answering() as (url, _):
        pass
    with pytest.raises(UnreachableError, match="refused"):
        ask(url)


def test_a_host_that_has_no_name() -> None:
    with pytest.raises(UnreachableError):
        ask(f"http://{'a' * 70}.example")


@pytest.mark.parametrize(
    "url",
    ["", "witness.example", "ftp://w.example", "http://", "http://w.example:0", "http://w.example:port",
     "http://w.example/?x", "http://user@w.example", "http://w.example:99999", "http://[::1", "http://w.example/\u00e9", "http://w.example/a b",
     "http://w.example/\r\nX: y"],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(FormatError):
        WitnessClient(url)
