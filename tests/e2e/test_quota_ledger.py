"""The quotas' ledger on a real PostgreSQL: the same answers as on SQLite, replicas at once, and the race for a limit on both."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from lockgate.engine.database.connections import write_transaction
from lockgate.engine.quota.amounts import MAX_AMOUNT, Limit, QuotaKey
from lockgate.engine.quota.errors import BusyError, NotReadyError, QuotaError
from lockgate.engine.quota.outcome import Refused, Reserved, Shortage, TooManyOpen
from lockgate.engine.quota.store.history import Span, read_spans
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.store.schema import open_ledger
from lockgate.engine.quota.windows import TimedCharge
from lockgate.engine.record import changed
from sqlalchemy import text

from tests.e2e.postgres import Postgres, running_postgres
from tests.engine.quota.ledgers import (
    CLUSTER,
    GPUS,
    SECOND,
    START,
    amounts,
    asked,
    listing,
    object_key,
    reference,
    seen,
    updated,
)
from tests.faults.quota_race import PROCESSES, THREADS, run_rounds

pytestmark = pytest.mark.e2e
ROUNDS = 4


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres(connections=PROCESSES * THREADS + 20) as made:
        yield made


@pytest.fixture
def url(server: Postgres) -> str:
    """A database of its own for each test."""
    name = f"d{uuid4().hex}"
    admin = open_ledger(server.url).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return f"{server.url.rpartition('/')[0]}/{name}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    made = Ledger(open_ledger(url), CLUSTER)
    made.rebuild((), START)
    yield made
    assert made.repair() == ()
    made.engine.dispose()


def test_when_objects_held_what(ledger: Ledger) -> None:
    ledger.reserve(asked("a", 3), START)
    ledger.confirm([seen("a", 3, 1)], START + SECOND)
    ledger.reserve(asked("b", 4), START + SECOND)
    ledger.end(object_key("a"), reference("a"), 2, START + 7 * SECOND)
    with ledger.engine.connect() as connection:
        spans = [one for one in read_spans(connection, CLUSTER, 100) if one.key == GPUS]
    assert spans == [Span(GPUS, START, 3, START + 7 * SECOND), Span(GPUS, START + SECOND, 4)]


def test_reserve_confirm_release(ledger: Ledger) -> None:
    assert ledger.reserve(asked("a", 30), START) == Reserved()
    assert ledger.reserve(asked("a", 30), START) == Reserved()
    assert ledger.reserve(asked("b", 11), START) == Refused((Shortage(GPUS, 40, 0, 30, 0, 11),))
    soft = (Limit(GPUS, 40, 35),)
    assert ledger.reserve(asked("c", 10, limits=soft), START) == Reserved((Shortage(GPUS, 35, 0, 30, 0, 10),))
    ledger.confirm([seen("a", 30, 5), seen("c", 10, 6)], START)
    assert amounts(ledger) == (40, 0, 0)
    assert ledger.reserve(updated("a", 20, 5, "down"), START) == Reserved()
    ledger.confirm([seen("a", 20, 7)], START)
    assert ledger.reserve(updated("a", 30, 7, "up"), START) == Reserved()
    ledger.settle(object_key("a"), {"up"}, seen("a", 20, 7), START)
    ledger.end(object_key("c"), reference("c"), 8, START)
    assert amounts(ledger) == (20, 0, 0)
    ledger.relist(listing(9), START)
    assert amounts(ledger) == (0, 0, 0)
    ledger.prune(START + 1)


def test_device_hours(ledger: Ledger) -> None:
    hours = QuotaKey(CLUSTER, "hours", "gpu-seconds/gpu.nvidia.com")
    timed = (TimedCharge(hours, 4, "day", 3600),)
    limits = (Limit(hours, 20_000),)
    assert ledger.reserve(changed(asked("a", 4), timed=timed, limits=limits), START) == Reserved()
    assert isinstance(ledger.reserve(changed(asked("b", 4), timed=timed, limits=limits), START), Refused)
    ledger.confirm([changed(seen("a", 4, 5), timed=timed)], START)
    ledger.end(object_key("a"), reference("a"), 6, START + 60 * SECOND)
    window = changed(hours, window=START // SECOND - 10 * 3600)
    assert amounts(ledger, window) == (0, 0, 240)


def test_limits_of_numbers_and_requesters(url: str, ledger: Ledger) -> None:
    assert ledger.reserve(asked("a", MAX_AMOUNT, limits=()), START) == Reserved()
    few = Ledger(ledger.engine, CLUSTER, most_open=2)
    assert few.reserve(asked("b", 1, limits=()), START) == Reserved()
    assert few.reserve(asked("c", 1, limits=()), START) == TooManyOpen("ann", 2)
    with write_transaction(ledger.engine) as connection:
        connection.execute(text("UPDATE quota_counter SET used = 4611686018427387000"))
    with pytest.raises(QuotaError, match="cannot be counted any more"):
        ledger.confirm([seen("d", MAX_AMOUNT, 5)], START)
    assert len(ledger.repair()) == 2


def test_replicas_make_the_tables_once_and_wait_for_a_rebuild(url: str) -> None:
    engines = []

    def start() -> None:
        engines.append(open_ledger(url))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledgers = [Ledger(engine, CLUSTER) for engine in engines]
    assert len(ledgers) == 4
    with pytest.raises(NotReadyError):
        ledgers[0].reserve(asked("a", 1), START)
    ledgers[1].rebuild((), START)
    assert ledgers[0].reserve(asked("a", 1), START) == Reserved()
    for engine in engines:
        engine.dispose()


def test_in_a_transaction_that_is_given_others_wait_and_then_are_refused(url: str, ledger: Ledger) -> None:
    other = Ledger(open_ledger(url), CLUSTER)
    with write_transaction(ledger.engine) as connection:
        assert isinstance(ledger.reserve_on(connection, asked("x", 41), START), Refused)
        assert ledger.reserve_on(connection, asked("a", 40), START) == Reserved()
        # The counter is taken for longer than anybody waits.
        with pytest.raises(BusyError, match="in 4 attempts"):
            other.reserve(asked("b", 1), START)
    assert isinstance(other.reserve(asked("b", 1), START), Refused)
    other.engine.dispose()


def test_batches_in_any_order_beside_reservations_end_in_no_circle(ledger: Ledger) -> None:
    """Watches of several replicas take in the same objects, in other orders."""
    objects = [seen(f"u{number}", 1, 5) for number in range(60)]
    failed: list[BaseException] = []

    def take_in(step: int) -> None:
        try:
            for turn in range(6):
                some = [changed(one, version=5 + turn) for one in objects]
                ledger.confirm(some if (step + turn) % 2 else some[::-1], START)
                ledger.reserve(asked(f"r{step}-{turn}", 1, limits=()), START)
                ledger.repair()
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=take_in, args=(step,)) for step in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert amounts(ledger) == (60, 24, 0)


def test_a_server_that_stops_ends_nothing_that_was_acknowledged(
    server: Postgres, url: str, ledger: Ledger
) -> None:
    assert ledger.reserve(asked("a", 30), START) == Reserved()
    server.stop_immediate()
    with pytest.raises(QuotaError):
        ledger.reserve(asked("b", 1), START)
    server.start()
    assert amounts(ledger) == (0, 30, 0)
    assert isinstance(ledger.reserve(asked("b", 11), START), Refused)


def test_the_race_on_postgresql(url: str) -> None:
    counts = run_rounds(url, ROUNDS, 7)
    assert counts["killed"] == ROUNDS
    assert counts["reserved"] and counts["refused"] and counts["stored"]


def test_the_race_on_sqlite(tmp_path: Path) -> None:
    counts = run_rounds(f"sqlite:///{tmp_path / 'ledger.db'}", ROUNDS, 8)
    assert counts["killed"] == ROUNDS
    assert counts["reserved"] and counts["refused"] and counts["stored"]
