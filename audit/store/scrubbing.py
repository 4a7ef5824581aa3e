"""Getting old pages and rows of what was erased out of a database's files, as far as a database can.

SQLite overwrites what it deletes, and its write-ahead log, which has older pages, is emptied. PostgreSQL keeps deleted
rows until a vacuum; afterwards their bytes may stay in free space, and in its write-ahead log, until those are used
again, which no client can hasten. Neither reaches a file system's snapshots, an SSD's spare blocks, replicas and backups.
"""

import sqlite3
import time
from typing import Any, Final

from lockgate.audit.errors import TrailError
from lockgate.engine.database.connections import BUSY_MS
from sqlalchemy import Engine, text

# How long others' older snapshots are waited for between looks.
_LOOK_S: Final = 0.05


class NotScrubbedError(TrailError):
    """The erasure is recorded and done; old pages or rows with what was erased are still in the database's files."""


def scrub(engine: Engine, patience_ms: int) -> None:
    """Waits up to `patience_ms` for others that read older states. Raises NotScrubbedError where they go on."""
    if engine.dialect.name == "sqlite":
        _scrub_sqlite(engine, patience_ms)
    else:
        _scrub_postgresql(engine, patience_ms)


def _scrub_sqlite(engine: Engine, patience_ms: int) -> None:
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        # SQLite itself tries again for so long.
        raw.execute(f"PRAGMA busy_timeout = {patience_ms}")
        try:
            (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            busy = 1
        finally:
            raw.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    if busy:
        raise NotScrubbedError(
            "what was erased is gone from the database, and still in the write-ahead log beside it: "
            "another process reads the database",
            hint="it goes with the next erasure, or when the last process closes the database",
        )


def _scrub_postgresql(engine: Engine, patience_ms: int) -> None:
    until = time.monotonic() + patience_ms / 1000
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        # Rows that were deleted before this are removed once nobody has an older snapshot.
        now = connection.execute(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")).scalar_one()
        while not (is_free := _is_seen_by_nobody(connection, now)) and time.monotonic() < until:
            time.sleep(_LOOK_S)
        # Without the right to, PostgreSQL warns only, and does nothing.
        owned = connection.execute(
            text(
                "SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM pg_class "
                "WHERE oid IN ('body'::regclass, 'vault_key'::regclass)"
            )
        ).scalar_one()
        connection.execute(text("VACUUM (INDEX_CLEANUP ON) body, vault_key"))
    if not is_free or not owned:
        raise NotScrubbedError(
            "what was erased is deleted, and its rows are still in the tables: "
            + ("a transaction is open that began before" if owned else "this role does not own them"),
            hint="run VACUUM body, vault_key "
            + ("when it has ended, or erase something else" if owned else "as their owner"),
        )


def _is_seen_by_nobody(connection: Any, now: str) -> bool:
    """Whether no transaction, prepared one or replication slot of the server holds rows of before `now`."""
    row = connection.execute(
        text(
            "SELECT count(*) FROM (SELECT backend_xmin AS held FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
            "UNION ALL SELECT transaction FROM pg_prepared_xacts UNION ALL SELECT xmin FROM pg_replication_slots) s "
            "WHERE held IS NOT NULL AND age(held) > age(CAST(CAST(:now AS xid8) AS xid))"
        ),
        {"now": now},
    )
    return bool(row.scalar_one() == 0)
