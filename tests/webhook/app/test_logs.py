"""Logs: every line is one line, bounded, masked, and says what it is about."""

import json
import logging
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.decision import Decision, Exempted, Failure, PolicyKey, Violation
from lockgate.webhook.app.foreign_logs import ForeignHandler, take_foreign_logs
from lockgate.webhook.app.log_lines import MAX_LINE, LogValue
from lockgate.webhook.app.log_writer import MAX_WAITING, PIECE, LogWriter
from lockgate.webhook.app.logs import Level, Log, LogFormat
from lockgate.webhook.app.request_log import AnsweredRequest, log_request

NOW_NS = 1_795_000_000_123_456_789
KEY = PolicyKey("K8sAllowedRepos", "repos")
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Lines:
    """Keeps lines; takes none of the first `refuses`."""

    def __init__(self, refuses: int = 0) -> None:
        self.lines: list[bytes] = []
        self.refuses = refuses

    def write(self, line: bytes) -> bool:
        if self.refuses:
            self.refuses -= 1
            return False
        self.lines.append(line)
        return True

    def read(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def make_log(lines: Lines, format: LogFormat = "json", level: Level = "debug") -> Log:
    return Log(lines, format=format, level=level, process="worker-0", now_ns=lambda: NOW_NS)


def test_a_line_of_json() -> None:
    lines = Lines()
    make_log(lines).write("info", "started", {"port": 8443, "empty": "", "none": None, "zero": 0})
    assert lines.lines == [
        b'{"time":"2026-11-18T11:06:40.123Z","level":"info","event":"started","process":"worker-0","port":8443,"zero":0}\n'
    ]


def test_a_line_of_text() -> None:
    lines = Lines()
    make_log(lines, "text").write("error", "no disk", {"path": "/var/x y", "n": 1, "names": ["a", "b"]})
    assert lines.lines == [
        b'2026-11-18T11:06:40.123Z error worker-0 no disk path="/var/x y" n=1 names=["a","b"]\n'
    ]


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_levels(level: Level, shown: list[str]) -> None:
    lines = Lines()
    log = make_log(lines, level=level)
    for one in ("debug", "info", "warning", "error"):
        log.write(one, "x", {})
    assert [line["level"] for line in lines.read()] == shown


def test_credentials_are_masked_also_where_the_text_is_cut() -> None:
    lines = Lines()
    log = make_log(lines)
    log.write("info", "x", {"one": f"with {TOKEN}", "list": [TOKEN], "long": "a" * 505 + " " + TOKEN})
    assert TOKEN[:12].encode() not in lines.lines[0]
    assert lines.read()[0]["list"] == ["***"]


def test_a_field_cannot_speak_for_the_log() -> None:
    lines = Lines()
    make_log(lines).write("info", "x", {"level": "error", "time": "now"})
    assert lines.read()[0]["level"] == "info"


values: st.SearchStrategy[LogValue] = st.one_of(
    st.text(max_size=2000), st.integers(), st.booleans(), st.lists(st.text(max_size=300), max_size=60)
)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=8), values, max_size=40))
def test_every_line_is_one_line_of_bounded_length(fields: dict[str, LogValue]) -> None:
    lines = Lines()
    make_log(lines).write("info", "x", fields)
    make_log(lines, "text").write("info", "x", fields)
    for line in lines.lines:
        assert len(line) <= MAX_LINE
        assert line.endswith(b"\n")
        assert all(32 <= byte < 127 for byte in line[:-1])
    assert json.loads(lines.lines[0])["event"] == "x"


def test_lines_that_were_dropped_are_told() -> None:
    lines = Lines(refuses=2)
    log = make_log(lines)
    for number in range(4):
        log.write("info", "x", {"n": number})
    assert [(one["event"], one.get("count", one.get("n"))) for one in lines.read()] == [
        ("lines dropped", 2),
        ("x", 2),
        ("x", 3),
    ]


def test_lines_that_a_full_disk_did_not_take_are_told_and_tear_no_other(tmp_path: Path) -> None:
    place = tmp_path / "log"
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    with place.open("wb") as stream:
        writer = LogWriter(stream.fileno())
        log = Log(
            writer, format="json", level="info", process="p", now_ns=lambda: 0, take_lost=writer.take_lost
        )
        log.write("info", "first", {})
        _until(lambda: place.stat().st_size > 0)
        # Half a line more.
        resource.setrlimit(resource.RLIMIT_FSIZE, (place.stat().st_size + 20, most))
        try:
            log.write("info", "second", {})
            _until(lambda: writer.dropped > 0)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        log.write("info", "third", {})
        writer.close()
    lines = place.read_bytes().splitlines()
    assert [json.loads(line)["event"] for line in lines if line.endswith(b"}")] == [
        "first",
        "lines dropped",
        "third",
    ]


def _until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_done():
        assert time.monotonic() < end
        time.sleep(0.01)


DENY = Decision("deny", (Violation(KEY, f"no {TOKEN}", ("deny",)),), (), (), "p", "f", matched=1)
ALLOW = Decision("allow", (), (), (), "p", "f", matched=1)
ERROR = Decision("error", (), (Failure(KEY, "boom"),), (), "p", "f", matched=1)
EXEMPT = Decision(
    "allow", (), (), (), "p", "f", 1, (Exempted(Violation(KEY, "no", ("deny",)), "fraud", "o", "", 1),)
)


def test_the_line_of_a_denied_request() -> None:
    lines = Lines()
    told = AnsweredRequest(
        "u-1",
        "denied",
        0.0123456,
        "CREATE",
        "v1/Pod",
        "ml",
        "train",
        "mtls",
        decision=DENY,
        index=7,
    )
    log_request(make_log(lines), told)
    (line,) = lines.read()
    assert {key: line[key] for key in line if key not in ("time", "process", "event")} == {
        "level": "info",
        "uid": "u-1",
        "answer": "denied",
        "verdict": "deny",
        "policies": ["K8sAllowedRepos/repos: deny"],
        "ms": 12.346,
        "operation": "CREATE",
        "resource": "v1/Pod",
        "namespace": "ml",
        "name": "train",
        "record": 7,
        "caller": "mtls",
    }


@pytest.mark.parametrize(
    ("told", "level"),
    [
        (AnsweredRequest("u", "allowed", 0, decision=ALLOW), "debug"),
        (AnsweredRequest("u", "allowed", 0, decision=EXEMPT), "info"),
        (AnsweredRequest("u", "allowed", 0, decision=DENY), "info"),
        (AnsweredRequest("u", "allowed", 0, decision=ALLOW, grant="night"), "info"),
        (AnsweredRequest("u", "denied", 0, decision=DENY), "info"),
        (AnsweredRequest("u", "refused", 0, reason="no JSON"), "info"),
        (AnsweredRequest("u", "failed", 0, decision=ERROR), "error"),
    ],
)
def test_the_level_of_a_request(told: AnsweredRequest, level: Level) -> None:
    lines = Lines()
    log_request(make_log(lines), told)
    assert [line["level"] for line in lines.read()] == [level]


def test_many_policies_are_counted() -> None:
    many = tuple([Violation(PolicyKey("K", f"c{n:03}"), "m", ("deny",)) for n in range(100)])
    lines = Lines()
    decision = Decision("deny", many, (), (), "p", "f", matched=100)
    log_request(make_log(lines), AnsweredRequest("u" * 5000, "denied", 0, decision=decision))
    policies = lines.read()[0]["policies"]
    assert isinstance(policies, list)
    assert policies[-1] == "… (100 in all)"


def test_libraries_tell_the_same_log() -> None:
    lines = Lines()
    handler = ForeignHandler(make_log(lines))
    record = logging.LogRecord("urllib3", logging.WARNING, "pool.py", 3, "token %s", (TOKEN,), None)
    broken = logging.LogRecord("odd", logging.ERROR, "odd.py", 9, "%d", ("x",), None)
    handler.emit(record)
    handler.emit(broken)
    first, second = lines.read()
    assert (first["level"], first["logger"], first["message"]) == ("warning", "urllib3", "token ***")
    assert second["message"] == "a message that cannot be rendered, from odd.py:9"


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    top = logging.getLogger()
    handlers, level = top.handlers[:], top.level
    yield top
    top.handlers[:] = handlers
    top.setLevel(level)
    logging.captureWarnings(False)


def test_an_error_of_a_library_has_no_traceback(root_logger: logging.Logger) -> None:
    lines = Lines()
    take_foreign_logs(make_log(lines))
    try:
        raise ValueError("no good")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    logging.getLogger("some.library").info("chatter")
    (line,) = lines.read()
    assert (line["level"], line["message"], line["error"]) == ("error", "it failed", "ValueError: no good")


def test_lines_are_written_in_order(tmp_path: Path) -> None:
    place = tmp_path / "log"
    with place.open("wb") as stream:
        writer = LogWriter(stream.fileno())
        for number in range(1000):
            assert writer.write(b"%d\n" % number)
        writer.close()
    assert place.read_bytes().split() == [b"%d" % number for number in range(1000)]
    assert not writer.write(b"late\n")


def test_lines_go_in_pieces_that_a_pipe_takes_whole() -> None:
    # Each write comes as one message.
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with reading, writing:
        writer = LogWriter(writing.fileno())
        lines = [b"%0*d\n" % (50 + number * 8, number) for number in range(100)]
        assert all(map(writer.write, lines))
        writer.close()
        writing.close()
        pieces = [*iter(lambda: reading.recv(1 << 20), b"")]
    assert b"".join(pieces) == b"".join(lines)
    assert all(len(piece) <= PIECE and piece.endswith(b"\n") for piece in pieces)


def test_a_file_takes_many_lines_at_once(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as stream:
        first, second = LogWriter(stream.fileno()), LogWriter(stream.fileno())
        for number in range(2_000):
            for writer in (first, second):
                assert writer.write(b"%0200d\n" % number)
        first.close()
        second.close()
    found = sorted((tmp_path / "log").read_bytes().splitlines())
    assert found == sorted([b"%0200d" % number for number in range(2_000)] * 2)


def test_a_reader_that_stalls_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    try:
        writer = LogWriter(writing)
        line = b"x" * 999 + b"\n"
        taken = [writer.write(line) for _ in range(MAX_WAITING + 500)]
        # The pipe takes some; then the queue is full.
        assert not taken[-1]
        assert writer.dropped == taken.count(False)
        os.close(reading)
        reading = -1
        writer.close()
        assert writer.dropped > taken.count(False)
    finally:
        if reading >= 0:
            os.close(reading)
        os.close(writing)
