"""Statements by the driver: their parameters, their rows, and their failures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.engine.database.connections import open_engine, write_transaction
from lockgate.engine.database.statements import Statement, run_each
from lockgate.engine.errors import LockgateError
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

MAKE = Statement("CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT NOT NULL)")
ADD = Statement("INSERT INTO t (a, b) VALUES (:number, :some_text) ON CONFLICT DO NOTHING RETURNING a")
ADD_SURELY = Statement("INSERT INTO t (a, b) VALUES (:number, :some_text)")
READ = Statement("SELECT a, b FROM t ORDER BY a")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path / 'd.db'}", LockgateError)
    with write_transaction(made) as connection:
        run_each(connection, [(MAKE, {})])
    yield made
    made.dispose()


def test_names_are_both_drivers() -> None:
    assert (
        ADD.positional
        == "INSERT INTO t (a, b) VALUES (%(number)s, %(some_text)s) ON CONFLICT DO NOTHING RETURNING a"
    )
    assert (ADD.has_rows, READ.has_rows, MAKE.has_rows, ADD_SURELY.has_rows) == (True, True, False, False)


def test_each_sees_what_those_before_it_did(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        assert run_each(connection, []) == []
        found = run_each(
            connection,
            [
                (ADD, {"number": 1, "some_text": "x"}),
                (ADD, {"number": 1, "some_text": "y"}),
                (ADD_SURELY, {"number": 2, "some_text": "z"}),
                (READ, {}),
            ],
        )
    assert found == [[(1,)], [], [], [(1, "x"), (2, "z")]]


def test_a_failure_is_sqlalchemys_and_what_came_before_is_undone_with_the_transaction(engine: Engine) -> None:
    one = {"number": 1, "some_text": "x"}
    with pytest.raises(IntegrityError), engine.connect() as connection:
        # Nobody began, and yet it is undone.
        run_each(connection, [(ADD_SURELY, one), (ADD_SURELY, one)])
    with engine.connect() as connection:
        assert run_each(connection, [(READ, {})]) == [[]]
