"""When objects held what."""

from pathlib import Path

from lockgate.engine.quota.store.history import Span, read_spans
from lockgate.engine.quota.store.ledger import Ledger

from tests.engine.quota.ledgers import (
    CLAIMS,
    CLUSTER,
    GPUS,
    SECOND,
    START,
    asked,
    listing,
    make_ledger,
    object_key,
    reference,
    seen,
    updated,
)


def spans(ledger: Ledger) -> list[Span]:
    with ledger.engine.connect() as connection:
        return [one for one in read_spans(connection, CLUSTER, 1000) if one.key == GPUS]


def test_live_objects(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    ledger.reserve(asked("a", 3), START)
    assert spans(ledger) == [Span(GPUS, START, 3)]
    ledger.confirm([seen("a", 3, 1)], START + SECOND)
    assert spans(ledger) == [Span(GPUS, START, 3)]


def test_what_was_there_before_the_ledger(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    ledger.rebuild([listing(5, seen("a", 2, 4, started_ns=START - 9 * SECOND))], START)
    assert spans(ledger) == [Span(GPUS, START - 9 * SECOND, 2)]


def test_objects_that_are_gone(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    ledger.reserve(asked("a", 3), START)
    ledger.confirm([seen("a", 3, 1)], START + SECOND)
    ledger.reserve(updated("a", 5, 1, "more"), START + 2 * SECOND)
    ledger.confirm([seen("a", 5, 2)], START + 3 * SECOND)
    ledger.end(object_key("a"), reference("a"), 3, START + 7 * SECOND)
    assert spans(ledger) == [Span(GPUS, START, 5, START + 7 * SECOND)]


def test_what_never_came_to_be_is_not_told(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    wanted = asked("a", 3)
    ledger.reserve(wanted, START)
    ledger.cancel(wanted.key, START + SECOND)
    assert spans(ledger) == []


def test_every_key_is_told(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    ledger.reserve(asked("a", 3), START)
    with ledger.engine.connect() as connection:
        assert [one.key for one in read_spans(connection, CLUSTER, 10)] == [GPUS, CLAIMS]
        assert len(read_spans(connection, CLUSTER, 1)) == 1
        assert read_spans(connection, "other", 10) == ()
