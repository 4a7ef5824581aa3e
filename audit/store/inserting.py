"""Inserting many rows at once: `executemany` on SQLite, arrays and `unnest` on PostgreSQL (one statement a table)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from lockgate.audit.store.arrays import bigint_array, bytea_array, text_array
from lockgate.audit.store.tables import Table
from lockgate.engine.database.connections import is_sqlite
from sqlalchemy import BigInteger, Connection, LargeBinary

_MakeArray = Callable[[Any], Any]


@lru_cache(maxsize=32)
def _arrays(table: type[Table]) -> tuple[str, tuple[_MakeArray, ...]]:
    """The statement of a table, and for each column what makes its array."""
    columns = table.__table__.columns  # type: ignore[attr-defined]
    names = ", ".join([column.name for column in columns])
    makers: list[_MakeArray] = []
    for column in columns:
        if isinstance(column.type, BigInteger):
            makers.append(bigint_array)
        elif isinstance(column.type, LargeBinary):
            makers.append(bytea_array)
        else:
            makers.append(text_array)
    listed = ", ".join(["%s"] * len(makers))
    return f"INSERT INTO {table.__tablename__} ({names}) SELECT * FROM unnest({listed})", tuple(makers)  # noqa: S608 - names of our own tables


@lru_cache(maxsize=32)
def plain_insertion(table: type[Table]) -> str:
    """SQLite's statement that inserts a row."""
    names = [column.name for column in table.__table__.columns]  # type: ignore[attr-defined]
    return f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - names of our own tables


def insertion(table: type[Table], rows: Sequence[tuple[Any, ...]]) -> tuple[str, tuple[Any, ...]]:
    """PostgreSQL's statement that inserts rows, and its parameters: an array a column."""
    statement, makers = _arrays(table)  # pyright: ignore[reportArgumentType]
    columns = zip(*rows, strict=True) if rows else [()] * len(makers)
    return statement, tuple([make(column) for make, column in zip(makers, columns, strict=True)])


def insert_rows(connection: Connection, table: type[Table], rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows, whose values are in the order of the table's columns."""
    if not rows:
        return
    if is_sqlite(connection):
        connection.exec_driver_sql(plain_insertion(table), list(rows))  # pyright: ignore[reportArgumentType]
    else:
        connection.exec_driver_sql(*insertion(table, rows))
