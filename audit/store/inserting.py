"""Inserting many rows at once: `executemany` on SQLite, arrays and `unnest` on PostgreSQL (one statement a table)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from lockgate.audit.store.database import is_sqlite
from lockgate.audit.store.tables import Table
from sqlalchemy import BigInteger, Connection, LargeBinary


@lru_cache(maxsize=32)
def _statement(table: type[Table]) -> tuple[str, tuple[str, ...]]:
    columns = table.__table__.columns  # type: ignore[attr-defined]
    names = tuple([column.name for column in columns])
    arrays = []
    for column in columns:
        kind = (
            "bigint"
            if isinstance(column.type, BigInteger)
            else "bytea"
            if isinstance(column.type, LargeBinary)
            else "text"
        )
        arrays.append(f"%({column.name})b::{kind}[]")
    name = table.__tablename__
    return f"INSERT INTO {name} ({', '.join(names)}) SELECT * FROM unnest({', '.join(arrays)})", names  # noqa: S608


@lru_cache(maxsize=32)
def _plain(table: type[Table]) -> str:
    names = [column.name for column in table.__table__.columns]  # type: ignore[attr-defined]
    return f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of our own tables


def insert_rows(connection: Connection, table: type[Table], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows, whose values are in the order of the table's columns."""
    if not rows:
        return
    if is_sqlite(connection):
        connection.exec_driver_sql(_plain(table), list(rows))  # pyright: ignore[reportArgumentType]
        return
    statement, names = _statement(table)  # pyright: ignore[reportArgumentType]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    connection.exec_driver_sql(statement, columns)
