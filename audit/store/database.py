"""The trail's database: connections as `engine.database` makes them, and the lock of who appends to a SQLite log."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Any

from lockgate.audit.errors import TrailError, reason_of
from lockgate.engine.database import connections
from sqlalchemy import Engine


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///PATH`, a plain path, or `postgresql://…`. Raises TrailError."""
    return connections.open_engine(url, TrailError, _take_arrays)


def _take_arrays(connection: Any) -> None:
    # Imported with the first connection: SQLite's users do not have the driver.
    from lockgate.audit.store.postgresql import register_arrays

    register_arrays(connection)


class WriterLock:
    """The lock of the one process that appends to a SQLite log. The kernel frees it with the process."""

    __slots__ = ("_file",)

    def __init__(self, database: Path) -> None:
        path = database.with_name(f"{database.name}.writer")
        self._file: IO[str] = open(path, "a+", encoding="ascii")  # noqa: SIM115 - held until closed
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read(40).strip() or "unknown"
            self._file.close()
            raise TrailError(
                f"another process (pid {holder}) appends to {database}",
                hint="share its appender, or use PostgreSQL for several writers",
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        """Frees the lock."""
        self._file.close()


def explain(error: Exception) -> TrailError | None:
    """What a database's own error means for people, without its statement and values; None for another's error."""
    from sqlalchemy.exc import SQLAlchemyError

    if not isinstance(error, SQLAlchemyError | sqlite3.Error):
        return None
    return TrailError(
        f"the database failed: {reason_of(error)}",
        hint="run `lockgate audit verify`; a damaged database is put back with `lockgate audit restore`",
    )
