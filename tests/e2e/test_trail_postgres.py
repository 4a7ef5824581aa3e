"""The trail on a real PostgreSQL: the same log, several appenders at once, and a server that is killed."""

import threading
from collections.abc import Iterator

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.note import parse_verifier_key
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.store import open_store
from lockgate.audit.trust import Trust
from lockgate.audit.verify.verify import verify_trail
from lockgate.audit.witness_policy import parse_witness_policy

from tests.audit.trails import ORIGIN, START_MS, Trail, make_trail, reopen_trail
from tests.e2e.postgres import Postgres, running_postgres

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


def verify(trail: Trail, origin: str) -> None:
    trust = Trust(
        origin, (parse_verifier_key(trail.vkey),), "us", (), parse_witness_policy("quorum none\n"), 3600
    )
    report = verify_trail(
        trail.store,
        trust,
        now_ms=START_MS + 10**8,
        index=trail.store,
        open_key=trail.vault.entry_key,
    )
    assert [str(one) for one in report.findings] == []
    assert report.exit_code == 0


def test_log(server: Postgres) -> None:
    origin = f"{ORIGIN}/one"
    trail = make_trail(server.url, origin)
    trail.appender.append(trail.decide(1, request="r"))
    receipts = trail.fill(1300)
    # One entry among them is of stream heads.
    assert [one.index for one in receipts] == sorted({one.index for one in receipts})
    assert trail.store.head().size == 1303
    assert trail.appender.append(trail.decide(1, request="r")).repeated
    Eraser(trail.appender, trail.recorder, trail.vault).erase_entry(7, "asked for", "a")
    Eraser(trail.appender, trail.recorder, trail.vault).erase_namespace("team-1", "gone", "a")
    trail.appender.close()
    verify(trail, origin)
    trail.store.close()


def test_several_appenders(server: Postgres) -> None:
    """As replicas do: each with a connection of its own, all at once."""
    origin = f"{ORIGIN}/two"
    first = make_trail(server.url, origin)
    trails = [first, *[reopen_trail(server.url, origin, clock=first.clock) for _ in range(3)]]
    failures: list[Exception] = []

    def fill(trail: Trail) -> None:
        try:
            for _ in range(4):
                trail.fill(60)
        except TrailError as error:
            failures.append(error)

    threads = [threading.Thread(target=fill, args=(trail,)) for trail in trails]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for trail in trails:
        trail.appender.close()
    assert first.store.head().size == 1 + 4 * 4 * 60
    verify(first, origin)
    for trail in trails:
        trail.store.close()


def test_server_that_is_killed(server: Postgres) -> None:
    origin = f"{ORIGIN}/three"
    trail = make_trail(server.url, origin)
    kept = trail.fill(50)
    server.stop_immediate()
    with pytest.raises(TrailError):
        trail.appender.append(trail.decide(1, request="after"), timeout=20)
    server.start()
    receipt = trail.appender.append(trail.decide(1, request="after"), timeout=20)
    assert receipt.index == kept[-1].index + 1
    trail.appender.close()
    verify(trail, origin)
    trail.store.close()


def test_triggers(server: Postgres) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    origin = f"{ORIGIN}/four"
    trail = make_trail(server.url, origin)
    trail.fill(3)
    trail.close()
    store = open_store(server.url, origin)
    for statement in (
        "DELETE FROM leaf",
        "UPDATE leaf SET entry = ''",
        "UPDATE checkpoint SET note = ''",
        "TRUNCATE leaf",
        "TRUNCATE checkpoint",
    ):
        with pytest.raises(SQLAlchemyError, match="append-only"), store.write() as connection:
            connection.execute(text(statement))
    store.close()
