"""Transactions of the ledger: tried again a few times where others were in the way, and then given up."""

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from lockgate.engine.database.connections import write_transaction
from lockgate.engine.quota.errors import BusyError, QuotaError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")

# As often as ResourceQuota's admission tries again.
MAX_RETRIES: Final = 3
# PostgreSQL: serialization failure, deadlock, lock not available.
_STATES: Final = frozenset({"40001", "40P01", "55P03"})


def run(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Runs work in a transaction of its own, and commits it. Raises BusyError, QuotaError, and what the work raises.

    Work whose commit was not answered runs again: it has to find what it did.
    """
    reason = ""
    for _ in range(1 + MAX_RETRIES):
        try:
            with write_transaction(engine) as connection:
                return work(connection)
        except DBAPIError as error:
            if not is_passing(error):
                raise explained(error) from None
            reason = _reason(error)
    raise BusyError(
        f"the quotas' ledger was not to be had in {1 + MAX_RETRIES} attempts: {reason}",
        hint="send the request again; if it stays so, look at the database's load",
    )


def look(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Runs work that only reads, by one snapshot where the database has them. Raises QuotaError, and what the work raises."""
    try:
        with engine.connect() as connection:
            return work(connection)
    except DBAPIError as error:
        raise explained(error) from None


def is_passing(error: DBAPIError) -> bool:
    """Whether the same may succeed when it is tried again."""
    if error.connection_invalidated:
        return True
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        # The low byte is the kind; the rest tells more of it.
        return cause.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) in _STATES


def explained(error: DBAPIError) -> QuotaError:
    """The database's own error for people, without its statement and values."""
    return QuotaError(
        f"the database of the quotas' ledger failed: {_reason(error)}",
        hint="nothing was reserved; look at the database",
    )


def _reason(error: DBAPIError) -> str:
    return str(error.orig or error).strip().split("\n")[0]
