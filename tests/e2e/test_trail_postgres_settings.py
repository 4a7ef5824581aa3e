"""PostgreSQL's own ways to lose or to keep what it should not: settings that change while a log is open, and dead rows."""

from collections.abc import Iterator

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.store.erasure import Eraser
from lockgate.audit.store.scrubbing import NotScrubbedError, scrub
from sqlalchemy import text

from tests.audit.trails import ORIGIN, Trail, make_trail
from tests.e2e.postgres import Postgres, running_postgres

pytestmark = pytest.mark.e2e


@pytest.fixture
def server() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


@pytest.fixture
def trail(server: Postgres) -> Iterator[Trail]:
    made = make_trail(server.url, ORIGIN)
    made.fill(8)
    yield made
    made.close()


def alter(trail: Trail, statement: str) -> None:
    """As an administrator does it, beside the appender's connections."""
    with trail.store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(statement))
        connection.execute(text("SELECT pg_reload_conf()"))


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("synchronous_commit", "ALTER SYSTEM SET synchronous_commit = off"),
        ("fsync", "ALTER SYSTEM SET fsync = off"),
        ("full_page_writes", "ALTER SYSTEM SET full_page_writes = off"),
    ],
)
def test_a_setting_that_is_weakened_stops_the_log(trail: Trail, name: str, statement: str) -> None:
    size = trail.store.head().size
    alter(trail, statement)
    # The server tells its processes of it in its own time.
    with pytest.raises(TrailError, match=f"{name} = off"):
        for _ in range(10_000):
            trail.appender.append(trail.decide(1))
            size += 1
    assert trail.store.head().size == size
    alter(trail, f"ALTER SYSTEM RESET {name}")
    for _ in range(10_000):
        try:
            assert trail.appender.append(trail.decide(1)).index == size
            break
        except TrailError as error:
            assert name in str(error)


def test_a_session_that_does_not_wait_for_the_disk(trail: Trail) -> None:
    with trail.store.write() as connection:
        connection.execute(text("SET LOCAL synchronous_commit = off"))
        batches = trail.store.batch_appender(trail.vault.master.seal_key)
        with pytest.raises(TrailError, match="synchronous_commit = off"):
            batches.append(connection, [trail.decide(1)], trail.clock())


def vacuumed(trail: Trail) -> dict[str, int]:
    query = "SELECT relname, vacuum_count FROM pg_stat_user_tables WHERE relname IN ('body', 'vault_key')"
    with trail.store.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(query))}


def test_an_erasure_vacuums(trail: Trail) -> None:
    eraser = Eraser(trail.appender, trail.recorder, trail.vault)
    eraser.erase_entry(1, "asked for", "a")
    eraser.erase_namespace("team-2", "gone", "a")
    assert vacuumed(trail) == {"body": 2, "vault_key": 2}
    assert trail.store.head().size == 11


def test_a_snapshot_that_keeps_rows_is_told_of(trail: Trail) -> None:
    eraser = Eraser(trail.appender, trail.recorder, trail.vault, patience_ms=100)
    engine = trail.store.engine.execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as reader:
        assert reader.execute(text("SELECT count(*) FROM leaf")).scalar_one() == 9
        with pytest.raises(NotScrubbedError, match="transaction is open"):
            eraser.erase_entry(1, "asked for", "a")
    assert next(trail.store.bodies(1, 2)).sealed is None
    scrub(trail.store.engine, 30_000)


def test_a_role_that_does_not_own_the_tables_is_told_of(server: Postgres, trail: Trail) -> None:
    from lockgate.audit.store.database import open_engine

    alter(trail, "CREATE ROLE other LOGIN")
    engine = open_engine(server.url.replace("postgres@", "other@"))
    with pytest.raises(NotScrubbedError, match="does not own"):
        scrub(engine, 100)
    engine.dispose()
