"""The PostgreSQL driver's own: arrays as parameters, and several statements in one round trip (libpq's pipeline mode).

Only this module knows psycopg, and only processes that use PostgreSQL import it.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from lockgate.audit.store.arrays import BigintArray, ByteaArray, TextArray
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


class _BinaryArray(Dumper):
    """Sends what is in binary form already."""

    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        data: bytes = obj.data
        return data


class _BigintArrayDumper(_BinaryArray):
    oid = 1016


class _ByteaArrayDumper(_BinaryArray):
    oid = 1001


class _TextArrayDumper(_BinaryArray):
    oid = 1009


_DUMPERS: Final[tuple[tuple[type, type[Dumper]], ...]] = (
    (BigintArray, _BigintArrayDumper),
    (ByteaArray, _ByteaArrayDumper),
    (TextArray, _TextArrayDumper),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `%s` for each of its parameters; parameters and rows travel in binary."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave: its rows, and how many it found or changed."""

    rows: list[tuple[Any, ...]]
    count: int


def register_arrays(connection: "psycopg.Connection[Any]") -> None:
    """Makes a connection take arrays as parameters."""
    for kind, dumper in _DUMPERS:
        connection.adapters.register_dumper(kind, dumper)


def run_together(connection: Connection, statements: Sequence[Statement]) -> list[Answer]:
    """Runs statements one after the other in the connection's transaction, waiting for the server once.

    Each sees what those before it did. Raises DBAPIError as SQLAlchemy does: for the first that fails; those behind it do
    nothing then. A connection that was lost is marked so.
    """
    if not connection.in_transaction():
        # SQLAlchemy does not see what the driver begins, and would not roll it back.
        connection.begin()
    raw: Any = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    try:
        with ExitStack() as stack:
            # An older libpq has no such mode: the statements then take a round trip each.
            if psycopg.Pipeline.is_supported():
                stack.enter_context(raw.pipeline())
            cursors = [
                raw.cursor(binary=True).execute(one.sql.encode(), one.parameters) for one in statements
            ]
        return [Answer(one.fetchall() if one.description else [], one.rowcount) for one in cursors]
    except psycopg.Error as error:
        lost = raw.closed
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None,
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error
