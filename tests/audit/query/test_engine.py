"""The engine's answers: those of a look at every entry, whatever is asked, page by page; and what is taken away shows."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import VerificationError
from lockgate.audit.merkle import leaf_hash, verify_inclusion
from lockgate.audit.query.engine import MAX_ROWS, Asking, Engine
from lockgate.audit.query.errors import CursorError, QuestionError
from lockgate.audit.query.page import Row
from lockgate.audit.query.question import Question

from tests.audit.query.asked import engine_of, make_asked
from tests.audit.trails import POLICIES, START_MS, Trail, tampered

DAY_MS = 24 * 3_600_000
QUESTIONS = {
    "everything": Question(),
    "a kind with a stream": Question(kinds=("exemption",)),
    "an event": Question(kinds=("exemption",), events=("used",)),
    "a kind without a stream": Question(kinds=("policy",)),
    "decisions": Question(kinds=("decision",)),
    "two kinds": Question(kinds=("policy", "access")),
    "denials": Question(outcomes=("deny",)),
    "denials and errors": Question(outcomes=("deny", "error")),
    "allowed": Question(kinds=("decision",), outcomes=("allow",)),
    "a model": Question(model="model-1"),
    "denials of a model": Question(model="model-1", outcomes=("deny",)),
    "a model in an environment": Question(model="model-1", environment="prod"),
    "its denials": Question(model="model-1", environment="prod", outcomes=("deny",)),
    "its changes of policy, of which there are none": Question(
        kinds=("policy",), model="model-1", environment="prod"
    ),
    "an environment": Question(environment="staging"),
    "denials of an environment": Question(environment="prod", outcomes=("deny",)),
    "a policy": Question(policy="K8sRequired/rule-0"),
    "a set of policies": Question(kinds=("decision",), policies=f"sha256:{POLICIES}"),
    "a resource": Question(resource="v1/Pod"),
    "none of a resource": Question(resource="v1/Secret"),
    "a stream": Question(stream="log"),
    "no such stream": Question(stream="model/none/prod"),
    "a day": Question(since_ms=START_MS + DAY_MS, until_ms=START_MS + 2 * DAY_MS),
    "a day of a stream": Question(
        kinds=("exemption",), since_ms=START_MS + DAY_MS, until_ms=START_MS + 2 * DAY_MS
    ),
    "since": Question(kinds=("access",), since_ms=START_MS + 3 * DAY_MS),
    "until, of a kind": Question(kinds=("policy",), until_ms=START_MS + 3 * DAY_MS),
    "nothing yet": Question(until_ms=1),
    "somebody's approvals": Question(approver="a" * 22),
}


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    made = make_asked(tmp_path_factory.mktemp("asked"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def engine(trail: Trail) -> Engine:
    return engine_of(trail)


def expected(trail: Trail, question: Question, size: int) -> list[int]:
    every = [(index, parse_entry(raw)) for index, raw in enumerate(trail.store.entries(0, size))]
    found = [index for index, entry in every if question.fits(entry)]
    return found[::-1] if question.order == "newest" else found


def pages(engine: Engine, question: Question, how: Asking) -> Iterator[Row]:
    for _ in range(2_000):
        page = engine.ask(question, how)
        assert len(page.rows) <= how.limit
        yield from page.rows
        if not page.cursor:
            return
        how = replace(how, cursor=page.cursor)
    raise AssertionError("it never ends")


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answer_is_that_of_every_entry(trail: Trail, engine: Engine, name: str, order: str) -> None:
    question = replace(QUESTIONS[name], order="newest" if order == "newest" else "oldest")
    for limit, size in itertools.product((9, MAX_ROWS), (engine.size, 131)):
        found = [row.index for row in pages(engine, question, Asking(limit, as_of_size=size))]
        assert found == expected(trail, question, size)


@pytest.mark.parametrize("name", [name for name, one in QUESTIONS.items() if one.streams()])
def test_a_stream_is_complete_from_its_first_to_its_last(trail: Trail, engine: Engine, name: str) -> None:
    question = replace(QUESTIONS[name], walk="complete")
    for size in (engine.size, 131):
        rows, answered = engine.all(question, MAX_ROWS, Asking(as_of_size=size))
        assert [row.index for row in rows] == expected(trail, question, size)
        (told,) = [page.completeness for page in answered]
        assert told is not None and told.stream in told.statement
        name = told.stream
        every = [parse_entry(raw) for raw in trail.store.entries(0, size)]
        assert told.end == sum(1 for entry in every for link in entry.links if link.name == name)
        if question.since_ms is None and question.until_ms is None and told.end:
            assert (told.first, told.last) == (1, told.end)


def test_what_no_stream_has_is_never_called_complete(engine: Engine) -> None:
    with pytest.raises(QuestionError, match="no stream has all"):
        engine.ask(Question(outcomes=("deny",), walk="complete"))
    assert engine.ask(Question(outcomes=("deny",))).completeness is None


def test_each_row_is_proven_where_that_is_asked_for(engine: Engine) -> None:
    for question in (Question(), Question(kinds=("exemption",))):
        page = engine.ask(question, Asking(limit=5, proofs="each", as_of_size=100))
        assert page.as_of.size == 100 and page.rows
        for row in page.rows:
            assert row.proof is not None and row.rests_on is not None and row.proven == "included"
            checkpoint = engine.standing.checkpoint
            verify_inclusion(
                leaf_hash(row.raw), row.index, checkpoint.size, list(row.proof.hashes), checkpoint.root
            )
    listed = engine.ask(Question(), Asking(limit=5)).rows[0]
    assert listed.proven == "listed" and listed.rests_on is None
    assert str(engine.row(3).rests_on).endswith("self-attested")


def test_as_of_a_time(engine: Engine, trail: Trail) -> None:
    page = engine.ask(Question(), Asking(as_of_ms=START_MS + DAY_MS))
    times = [parse_entry(raw).time_ms for raw in trail.store.entries(0, engine.size)]
    assert page.as_of.size == sum(1 for one in times if one < START_MS + DAY_MS)


def test_pages_are_of_one_moment_while_others_append(tmp_path: Path) -> None:
    trail = make_asked(tmp_path)
    question = Question(kinds=("decision",))
    first = engine_of(trail).ask(question, Asking(limit=10))
    size = trail.store.head().size
    from tests.audit.trails import reopen_trail

    trail.store.close()
    again = reopen_trail(f"sqlite:///{tmp_path / 'trail.db'}", clock=trail.clock)
    again.fill(20)
    again.appender.close()
    grown = engine_of(again)
    second = grown.ask(question, Asking(limit=MAX_ROWS, cursor=first.cursor))
    assert second.as_of == first.as_of and second.as_of.size == size
    assert [row.index for row in (*first.rows, *second.rows)] == expected(again, question, size)
    again.store.close()


@pytest.mark.parametrize(
    "change",
    [
        "another question",
        "another order",
        "another key",
        "another asker",
        "a flipped letter",
        "cut",
        "longer",
        "no base64",
    ],
)
def test_a_cursor_is_good_for_its_question_alone(trail: Trail, engine: Engine, change: str) -> None:
    question = Question(kinds=("decision",))
    cursor = engine.ask(question, Asking(limit=3)).cursor
    asked, who = question, engine
    match change:
        case "another question":
            asked = Question(kinds=("decision",), outcomes=("allow",))
        case "another order":
            asked = replace(question, order="oldest")
        case "another key":
            who = engine_of(trail, key=b"d" * 32)
        case "another asker":
            who = engine_of(trail, asker="somebody")
        case "a flipped letter":
            cursor = ("B" if cursor[0] != "B" else "C") + cursor[1:]
        case "cut":
            cursor = cursor[:-4]
        case "longer":
            cursor = cursor + "AAAA"
        case _:
            cursor = "../../é\x00"
    with pytest.raises(CursorError) as refused:
        who.ask(asked, Asking(limit=3, cursor=cursor))
    assert refused.value.fault == "invalidCursor"


def test_a_cursor_gets_old(trail: Trail, engine: Engine) -> None:
    cursor = engine.ask(Question(), Asking(limit=3)).cursor
    with pytest.raises(CursorError) as refused:
        engine_of(trail, now_ms=START_MS + 25 * 3_600_000).ask(Question(), Asking(limit=3, cursor=cursor))
    assert refused.value.fault == "expiredCursor"


@pytest.mark.parametrize("limit", [0, -1, MAX_ROWS + 1])
def test_a_count_that_is_none(engine: Engine, limit: int) -> None:
    with pytest.raises(CursorError) as refused:
        engine.ask(Question(), Asking(limit=limit))
    assert refused.value.fault == "invalidCount"


HOSTILE = ["' OR 1=1 --", "prod'; DROP TABLE leaf; --", '" OR ""="', "%", "_", "\\", "🙂"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["model", "environment", "resource", "policies", "subject", "approver"])
def test_values_are_values(engine: Engine, field: str, text: str) -> None:
    """SQL in a value is looked for, and found nowhere."""
    hostile: Any = {field: text}
    assert engine.ask(Question(**hostile)).rows == ()
    assert engine.ask(Question(), Asking(limit=1)).rows


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kinds": ("nothing",)}, "kinds"),
        ({"outcomes": ("maybe",)}, "outcomes"),
        ({"policy": "name"}, "policy"),
        ({"model": "a\nb"}, "model"),
        ({"model": "a" * 400}, "model"),
        ({"since_ms": 5, "until_ms": 5}, "until"),
        ({"since_ms": -5}, "since"),
    ],
)
def test_what_cannot_be_asked(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(QuestionError) as refused:
        Question(**wrong)  # type: ignore[arg-type]
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (
            "an entry",
            "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'granted', 'revoked') AS BLOB)",
        ),
        ("an entry with its hash", "DELETE FROM leaf WHERE place % 1099511627776 = 100"),
        ("a place in a stream", "DELETE FROM stream_entry WHERE n = 3"),
        ("the head of a stream", "UPDATE stream_head SET n = n - 1 WHERE name = 'exemption'"),
        ("the end of a stream", "DELETE FROM stream_entry WHERE n = 12"),
        ("places that were changed for others", "UPDATE stream_entry SET place = place + 1 WHERE n = 5"),
    ],
)
def test_what_was_taken_away_shows(tmp_path: Path, name: str, statement: str) -> None:
    """Or it changes nothing of the answer, where entries say what the index does not."""
    trail = make_asked(tmp_path)
    kinds, everything = Question(kinds=("exemption",), walk="complete"), Question()
    honest = [expected(trail, one, engine_of(trail).size) for one in (kinds, everything)]
    trail.store.close()
    tampered(tmp_path / "trail.db", statement)
    try:
        asked = engine_of(trail)
        found = [
            [row.index for row in asked.all(one, MAX_ROWS, Asking(proofs="each"))[0]]
            for one in (kinds, everything)
        ]
    except VerificationError as error:
        assert error.where or error.hint
    else:
        assert found == honest and name == "the head of a stream"
    trail.store.close()
