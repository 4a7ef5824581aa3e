"""The ledger's place in a database: opened, made and brought to this program's version; refused when newer."""

from pathlib import Path
from typing import Any, Final

from lockgate.engine.database.connections import check_connection, open_engine, write_transaction
from lockgate.engine.database.versions import Versions
from lockgate.engine.quota.errors import QuotaError
from sqlalchemy import Engine

# A table of its own: the ledger may be in the trail's database.
VERSIONS: Final = Versions(Path(__file__).parent / "migrations", "quota_version")
# How long a reservation waits for another's transaction. Four attempts of it are below the 10 s that a webhook has.
BUSY_MS: Final = 2000


def open_ledger(url: str) -> Engine:
    """The database of a ledger, with its tables: `sqlite:///PATH`, a plain path, or `postgresql://…`. Raises QuotaError.

    Tables are made where there are none, and migrated where they are older: what they hold can be made anew from the
    cluster, but for what was used in windows that are over.
    """
    engine = open_engine(url, QuotaError, _wait_briefly, BUSY_MS)
    try:
        check_connection(engine, QuotaError)
        with engine.connect() as connection:
            current = VERSIONS.current(connection)
        if current != VERSIONS.newest():
            _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _migrate(engine: Engine) -> None:
    newest = VERSIONS.newest()
    with write_transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            # Two replicas that start at once.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(19527, 1)")
        current = VERSIONS.current(connection)
        if current == newest:
            return
        if current is not None and current not in VERSIONS.known():
            raise QuotaError(
                f"the ledger's tables are of version {current}, which is newer than this program ({newest})",
                hint="use the version of Lockgate that wrote it",
            )
        VERSIONS.migrate(connection)


def _wait_briefly(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {BUSY_MS}")
    connection.commit()
