"""Is the file that an open SQLite database writes to still the one at its path?

A database that is moved, replaced or deleted while it is open goes on to take writes, into a file that nobody will open
again. SQLite notices so itself only without a write-ahead log (https://sqlite.org/howtocorrupt.html, 4.2).
"""

import os
from pathlib import Path
from typing import Final, final

from lockgate.engine.errors import LockgateError

Identity = tuple[int, int]


@final
class SqlitePlace:
    """The place of one database. Its file is the one that was there when it was opened first."""

    __slots__ = ("_database", "_error", "_opened", "_wal")

    def __init__(self, path: Path, error: type[LockgateError]) -> None:
        self._error: Final = error
        self._database: Final = path
        self._wal: Final = path.with_name(f"{path.name}-wal")
        self._opened: Identity | None = None

    def opened(self) -> None:
        """A connection has been opened. Raises `error` where it is to another file than the first one."""
        found = _identity(self._database)
        if self._opened is None:
            self._opened = found
        self._refuse_others(self._database, found, self._opened)

    def log(self) -> Identity | None:
        """The write-ahead log as a connection has it that has just begun to write."""
        return _identity(self._wal)

    def check(self, log: Identity | None) -> None:
        """Before a connection commits; log: the write-ahead log that it has; None: it wrote nothing. Raises `error`."""
        self._refuse_others(self._database, _identity(self._database), self._opened)
        if log is not None:
            self._refuse_others(self._wal, _identity(self._wal), log)

    def _refuse_others(self, path: Path, found: Identity | None, wanted: Identity | None) -> None:
        if found is None or found != wanted:
            raise self._error(
                "the database's file was moved, replaced or deleted while it was open",
                hint=f"put {path} back into its place; to go on with another file, start anew",
            )


def _identity(path: Path) -> Identity | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
