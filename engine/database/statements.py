"""Statements by the driver itself: what SQLAlchemy does around each takes longer than a small one on SQLite, and on
PostgreSQL several are sent together and waited for once (libpq's pipeline mode).
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, final

from lockgate.engine.database.connections import driver_errors, is_sqlite
from sqlalchemy import Connection

_NAME: Final = re.compile(r":([a-z_]+)")

Values = Mapping[str, Any]
Rows = list[tuple[Any, ...]]


@final
class Statement:
    """SQL with `:name` for each of its parameters. What it finds or changes is told by its rows: say RETURNING."""

    __slots__ = ("has_rows", "named", "positional")

    def __init__(self, sql: str) -> None:
        self.named: Final = sql
        self.positional: Final = _NAME.sub(r"%(\1)s", sql)
        self.has_rows: Final = sql.startswith("SELECT ") or " RETURNING " in sql


def run_each(connection: Connection, calls: Sequence[tuple[Statement, Values]]) -> list[Rows]:
    """Runs statements one after the other in the connection's transaction; the rows of each.

    Each sees what those before it did. Raises DBAPIError as SQLAlchemy does, for the first that fails.
    """
    if not calls:
        return []
    if not connection.in_transaction():
        # SQLAlchemy does not see what the driver begins, and would not roll it back.
        connection.begin()
    raw: Any = connection.connection.driver_connection
    with driver_errors(connection):
        if is_sqlite(connection):
            return [raw.execute(statement.named, values).fetchall() for statement, values in calls]
        # Those who use SQLite do not have the driver.
        from psycopg import Pipeline

        with ExitStack() as stack:
            # An older libpq has no such mode: the statements then take a round trip each.
            if len(calls) > 1 and Pipeline.is_supported():
                stack.enter_context(raw.pipeline())
            cursors = [
                raw.cursor().execute(statement.positional, values or None) for statement, values in calls
            ]
        return [
            one.fetchall() if statement.has_rows else []
            for one, (statement, _) in zip(cursors, calls, strict=True)
        ]
