"""Connections: SQLite with full durability, or PostgreSQL with the same; nothing weaker is accepted."""

import fcntl
import os
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Final

from lockgate.audit.errors import TrailError
from lockgate.audit.store.file_system import file_system_type, network_name
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

# How long a writer waits for another's transaction.
BUSY_MS: Final = 10_000
# Settings without which a commit is not durable. A role, a session or a reload can change them at any time.
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
DURABILITY: Final = ", ".join([f"current_setting('{name}')" for name in _DURABLE])
CONNECT_S: Final = 10


def sqlite_path(url: str) -> Path | None:
    """The file that a URL or a plain path names; None for another database."""
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    return None if "://" in url else Path(url)


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///PATH`, a plain path, or `postgresql://…`. Raises TrailError."""
    path = sqlite_path(url)
    if path is not None:
        return _sqlite(path)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise TrailError(
            "the store's URL cannot be read", hint="write sqlite:///PATH or postgresql://…"
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise TrailError(
            f"a trail is not kept in {parsed.get_backend_name()}", hint="use sqlite or postgresql"
        )
    return _postgresql(parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False))


def _sqlite(path: Path) -> Engine:
    # A link to another disk is judged by that disk, and no character of a path is a URL's.
    path = path.resolve()
    folder = path.parent
    if not folder.is_dir():
        raise TrailError(f"there is no folder {folder}")
    name = network_name(file_system_type(folder))
    if name is not None:
        raise TrailError(
            f"{folder} is on {name}: SQLite's locks and syncs do not hold there",
            hint="use a local disk, or PostgreSQL",
        )
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        poolclass=QueuePool,
        connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    """WAL with a sync at every commit; deleted content is overwritten."""
    connection.execute("PRAGMA page_size = 8192")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise TrailError(f"SQLite keeps its journal as {mode} here, not as a write-ahead log")
    for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA cache_size = -65536")


def _begin_sqlite(connection: Connection) -> None:
    # SQLAlchemy begins for reading too: a reader must not take the writer's lock.
    writes = connection.get_execution_options().get("trail_writes", "no") == "yes"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: str) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": CONNECT_S},
        )
    except ImportError:
        raise TrailError(
            "PostgreSQL needs psycopg", hint="install it: pip install 'lockgate[postgres]'"
        ) from None
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # Imported with the first connection: SQLite's users do not have the driver.
    from lockgate.audit.store.postgresql import register_arrays

    register_arrays(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {DURABILITY}")
        check_durability(cursor.fetchone())
    connection.rollback()


def check_durability(values: Sequence[str]) -> None:
    """Whether what PostgreSQL acknowledges is on disk: the columns of DURABILITY. Raises TrailError."""
    for name, value in zip(_DURABLE, values, strict=True):
        if value not in ("on", "remote_write", "remote_apply"):
            raise TrailError(
                f"PostgreSQL runs with {name} = {value}: what it acknowledges can be lost",
                hint=f"set {name} = on",
            )


def write_transaction(engine: Engine) -> Any:
    """A connection in a transaction that may write: on SQLite it holds the writer's lock from the start."""
    return engine.execution_options(trail_writes="yes").begin()


def read_once(engine: Engine) -> AbstractContextManager[Connection]:
    """A connection for one statement that reads: on PostgreSQL without a transaction, which would cost two round trips."""
    if engine.dialect.name == "sqlite":
        return engine.connect()
    return engine.execution_options(isolation_level="AUTOCOMMIT").connect()


def is_sqlite(connection: Connection) -> bool:
    """Whether a connection is SQLite's."""
    return connection.dialect.name == "sqlite"


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


def check_connection(engine: Engine) -> None:
    """Connects once. Raises TrailError, without the password."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        place = engine.url.render_as_string(hide_password=True)
        reason = str(error.__cause__ or error).strip().split("\n")[0]
        raise TrailError(f"the database {place} cannot be opened: {reason}") from None


def explain(error: Exception) -> TrailError | None:
    """What a database's own error means for people, without its statement and values; None for another's error."""
    from sqlalchemy.exc import SQLAlchemyError

    if not isinstance(error, SQLAlchemyError | sqlite3.Error):
        return None
    reason = str(error.__cause__ or getattr(error, "orig", None) or error).strip().split("\n")[0]
    return TrailError(
        f"the database failed: {reason}",
        hint="run `lockgate audit verify`; a damaged database is put back with `lockgate audit restore`",
    )
