"""What the store does with PostgreSQL's driver: arrays there and back, statements together, and how they fail."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lockgate.audit.store.arrays import bigint_array, bytea_array, text_array
from lockgate.audit.store.database import open_engine
from lockgate.audit.store.postgresql import Statement, run_together
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.e2e.postgres import Postgres, running_postgres

pytestmark = pytest.mark.e2e

NUMBERS = st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20)
BYTES = st.lists(st.none() | st.binary(max_size=40), max_size=20)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=20)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


@pytest.fixture(scope="module")
def engine(server: Postgres) -> Iterator[Engine]:
    made = open_engine(server.url)
    yield made
    made.dispose()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(NUMBERS, BYTES, TEXTS)
def test_arrays_there_and_back(
    engine: Engine, numbers: list[int], data: list[bytes | None], texts: list[str]
) -> None:
    arrays = (bigint_array(numbers), bytea_array(data), text_array(texts))
    with engine.connect() as connection:
        (answer,) = run_together(connection, [Statement("SELECT %s, %s, %s", arrays)])
        sent = run_together(
            connection,
            [
                Statement("SELECT array_send(%s)", (arrays[0],)),
                Statement("SELECT array_send(%s)", (arrays[1],)),
                Statement("SELECT array_send(%s)", (arrays[2],)),
            ],
        )
    assert answer.rows == [(numbers, data, texts)]
    assert [one.rows[0][0] for one in sent] == [one.data for one in arrays]


def test_each_statement_sees_what_those_before_it_did(engine: Engine) -> None:
    with engine.connect() as connection:
        answers = run_together(
            connection,
            [
                Statement("CREATE TEMPORARY TABLE one (n bigint PRIMARY KEY) ON COMMIT DROP"),
                Statement("INSERT INTO one SELECT * FROM unnest(%s)", (bigint_array([1, 2, 3]),)),
                Statement("UPDATE one SET n = n + 10 WHERE n > %s::bigint", (1,)),
                Statement("SELECT n FROM one ORDER BY n"),
            ],
        )
    assert [one.count for one in answers[1:3]] == [3, 2]
    assert answers[3].rows == [(1,), (12,), (13,)]


def test_the_first_that_fails_is_told_of(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(IntegrityError) as caught:
            run_together(
                connection,
                [
                    Statement("CREATE TEMPORARY TABLE two (n bigint PRIMARY KEY) ON COMMIT DROP"),
                    Statement("INSERT INTO two VALUES (1), (1)"),
                    Statement("SELECT 1"),
                ],
            )
        assert not caught.value.connection_invalidated
        connection.rollback()
        assert run_together(connection, [Statement("SELECT 1::bigint")])[0].rows == [(1,)]


def test_a_connection_that_is_lost(engine: Engine) -> None:
    with engine.connect() as connection:
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        with pytest.raises(DBAPIError) as caught:
            run_together(connection, [Statement("SELECT 1"), Statement("SELECT 2")])
        assert caught.value.connection_invalidated
    with engine.connect() as connection:
        assert run_together(connection, [Statement("SELECT 1::bigint")])[0].rows == [(1,)]


def test_a_commit_and_what_is_read_behind_it(engine: Engine) -> None:
    """One round trip for both, of which SQLAlchemy's own commit finds nothing left to do."""
    with engine.connect() as connection, engine.connect() as other:
        with connection.begin():
            connection.execute(text("CREATE TABLE three (n bigint PRIMARY KEY)"))
            run_together(connection, [Statement("INSERT INTO three VALUES (7)")])
            _, read = run_together(connection, [Statement("COMMIT"), Statement("SELECT n FROM three")])
            assert other.execute(text("SELECT n FROM three")).scalar_one() == 7
        assert read.rows == [(7,)]
        with connection.begin():
            run_together(connection, [Statement("INSERT INTO three VALUES (8)")])
            connection.rollback()
        assert connection.execute(text("SELECT count(*) FROM three")).scalar_one() == 1
