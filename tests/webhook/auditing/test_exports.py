"""Exports of the API: all that fits a question, streamed, kept in the log before anything is sent, and only so many at once."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.audit.web import exports
from lockgate.audit.web.exports import Slots
from lockgate.audit.web.problems import ProblemError
from lockgate.webhook.trail import open_trail

from tests.audit.trails import tampered
from tests.webhook.auditing.test_api import EVIL, Server, problem


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.reading.close()


def lines(body: bytes) -> list[int]:
    return [json.loads(line)["index"] for line in body.splitlines()]


def test_everything_that_fits(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 64)
    size = server.size()
    answered = server.get("/v1/export.jsonl?kind=decision&order=oldest")
    assert answered.status == 200 and answered.headers["content-type"] == "application/jsonl"
    assert lines(answered.body) == list(range(1, 301))
    assert answered.headers["lockgate-records"] == "300"
    as_of = json.loads(answered.headers["lockgate-as-of"])
    assert as_of["size"] == size
    assert (server.last().value["action"], server.last().value["entries"]) == ("export", 300)
    assert lines(server.get("/v1/export?kind=decision&outcome=deny&order=oldest").body) == list(
        range(2, 301, 4)
    )
    assert lines(server.get(f"/v1/export?as_of={size}&order=oldest").body) == list(range(size))
    assert lines(server.get("/v1/export?model=nobody").body) == []
    proven = server.get("/v1/export?kind=exemption&proofs=each").body
    assert json.loads(proven)["proof"].startswith("c2sp.org/tlog-proof@v1")


def test_for_a_spreadsheet(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 64)
    answered = server.get("/v1/export.csv?kind=decision&order=oldest")
    rows = [*csv.DictReader(io.StringIO(answered.body.decode()))]
    assert [row["index"] for row in rows] == [str(index) for index in range(1, 301)]
    # Nothing that a spreadsheet would run.
    assert {row["model"] for row in rows} == {"fraud", f"'{EVIL}"}


def test_a_namespace_is_exported_by_whom_may(server: Server) -> None:
    ours = [1 + number for number in range(300) if number % 3]
    assert lines(server.get("/v1/export?namespace=ml&order=oldest", "ml").body) == ours


def test_nothing_is_sent_where_it_cannot_be_kept(server: Server) -> None:
    with open_trail(str(server.folder / "trail")) as other, other.appending():
        problem(server.get("/v1/export?kind=decision"), 422, "unanswered")
    # And the place is free again.
    assert server.get("/v1/export?kind=decision").status == 200


def test_one_that_is_too_large(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MAX_EXPORTED", 100)
    size = server.size()
    assert "more than 100" in problem(server.get("/v1/export?kind=decision"), 422, "too-large")["detail"]
    assert server.size() == size
    assert server.get("/v1/export?outcome=deny").status == 200


def test_an_entry_that_is_gone_ends_it(server: Server) -> None:
    assert server.get("/v1/records?limit=1").status == 200
    tampered(server.folder / "trail" / "trail.db", "DELETE FROM leaf WHERE place % 1099511627776 = 290")
    value = problem(server.get("/v1/export?kind=decision"), 500, "tampering")
    assert value["where"] == "entry 290"


@pytest.mark.parametrize(
    "query", ["limit=5", "cursor=AA", "colour=red", "proofs=some", "as_of=99999999", "kind=none"]
)
def test_what_cannot_be_asked(server: Server, query: str) -> None:
    problem(server.get(f"/v1/export?{query}"), 400, "question")
    assert server.get("/v1/export?model=nobody").status == 200


def test_who_looks_for_somebody_by_name_has_to_be_allowed(server: Server) -> None:
    problem(server.get("/v1/export?namespace=ml&approver=risk-1", "ml"), 403, "forbidden")
    problem(server.get("/v1/export", "masked"), 403, "forbidden")


def test_only_so_many_at_once() -> None:
    now = [0]
    slots = Slots(2, lambda: now[0])
    slots.take("a")
    with pytest.raises(ProblemError) as refused:
        slots.take("a")
    assert (refused.value.status, refused.value.more["retry"]) == (429, "5")
    slots.take("b")
    with pytest.raises(ProblemError):
        slots.take("c")
    slots.give("a")
    slots.take("c")
    # Whoever reads on no more makes place at last.
    now[0] += 120_001
    slots.take("a")
    slots.take("b")
