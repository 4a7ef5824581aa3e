"""Connections: SQLite with full durability, or PostgreSQL with the same; nothing weaker is accepted.

The errors are of the class that the store which asks gives.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from lockgate.engine.database.file_system import file_system_type, network_name
from lockgate.engine.database.sqlite_place import SqlitePlace
from lockgate.engine.errors import LockgateError
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

# How long a writer waits for another's transaction.
BUSY_MS: Final = 10_000
# Settings without which a commit is not durable. A role, a session or a reload can change them at any time.
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
DURABILITY: Final = ", ".join([f"current_setting('{name}')" for name in _DURABLE])
CONNECT_S: Final = 10
# Small changes all over a database, which is what most of a transaction is, write whole pages.
PAGE_BYTES: Final = 4096
# The write-ahead log goes into the database after so many pages (32 MiB): what many transactions changed is written once
# then. SQLite's own 1,000 are those of some twenty batches of a trail under load.
LOG_PAGES: Final = 8_000
# Under which a connection keeps which write-ahead log it has.
_WAL: Final = "write-ahead log"


def sqlite_path(url: str) -> Path | None:
    """The file that a URL or a plain path names; None for another database."""
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    return None if "://" in url else Path(url)


def open_engine(
    url: str,
    error: type[LockgateError],
    prepare: Callable[[Any], None] | None = None,
    busy_ms: int = BUSY_MS,
) -> Engine:
    """An engine for `sqlite:///PATH`, a plain path, or `postgresql://…`. Raises `error`.

    prepare: called with each new connection of PostgreSQL's driver. busy_ms: how long a writer waits for another's
    transaction on SQLite.
    """
    path = sqlite_path(url)
    if path is not None:
        return _sqlite(path, error, busy_ms)
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise error("the store's URL cannot be read", hint="write sqlite:///PATH or postgresql://…") from None
    if parsed.get_backend_name() != "postgresql":
        raise error(f"no store is kept in {parsed.get_backend_name()}", hint="use sqlite or postgresql")
    full = parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return _postgresql(full, error, prepare)


def _sqlite(path: Path, error: type[LockgateError], busy_ms: int) -> Engine:
    # A link to another disk is judged by that disk, and no character of a path is a URL's.
    path = path.resolve()
    folder = path.parent
    if not folder.is_dir():
        raise error(f"there is no folder {folder}")
    name = network_name(file_system_type(folder))
    if name is not None:
        raise error(
            f"{folder} is on {name}: SQLite's locks and syncs do not hold there",
            hint="use a local disk, or PostgreSQL",
        )
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        poolclass=QueuePool,
        connect_args={"check_same_thread": False, "timeout": busy_ms / 1000, "isolation_level": None},
    )
    place = SqlitePlace(path, error)

    def opened(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        _prepare_sqlite(connection, error)
        place.opened()

    def begin(connection: Connection) -> None:
        # SQLAlchemy begins for reading too: a reader must not take the writer's lock.
        writes = connection.get_execution_options().get("store_writes", "no") == "yes"
        raw: Any = connection.connection.driver_connection
        with driver_errors(connection):
            raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        if writes and _WAL not in connection.info:
            connection.info[_WAL] = place.log()

    def commit(connection: Connection) -> None:
        place.check(connection.info.get(_WAL))

    event.listen(engine, "connect", opened)
    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", commit)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, error: type[LockgateError]) -> None:
    """WAL with a sync at every commit; deleted content is overwritten."""
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise error(f"SQLite keeps its journal as {mode} here, not as a write-ahead log")
    for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    connection.execute("PRAGMA cache_size = -65536")


def _postgresql(url: str, error: type[LockgateError], prepare: Callable[[Any], None] | None) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": CONNECT_S},
        )
    except ImportError:
        raise error("PostgreSQL needs psycopg", hint="install it: pip install 'lockgate[postgres]'") from None

    def connected(connection: Any, _record: Any) -> None:
        if prepare is not None:
            prepare(connection)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {DURABILITY}")
            check_durability(cursor.fetchone(), error)
        connection.rollback()

    event.listen(engine, "connect", connected)
    return engine


def check_durability(values: Sequence[str], error: type[LockgateError]) -> None:
    """Whether what PostgreSQL acknowledges is on disk: the columns of DURABILITY. Raises `error`."""
    for name, value in zip(_DURABLE, values, strict=True):
        if value not in ("on", "remote_write", "remote_apply"):
            raise error(
                f"PostgreSQL runs with {name} = {value}: what it acknowledges can be lost",
                hint=f"set {name} = on",
            )


def writing(engine: Engine) -> Engine:
    """The engine for transactions that may write: on SQLite they hold the writer's lock from the start."""
    return engine.execution_options(store_writes="yes")


def write_transaction(engine: Engine) -> Any:
    """A connection in such a transaction."""
    return writing(engine).begin()


def read_row(connection: Connection, query: str, value: int) -> tuple[Any, ...] | None:
    """The row that a statement finds, by the driver itself, outside of a transaction. `query` ends where the value belongs.

    Raises DBAPIError as SQLAlchemy does.
    """
    raw: Any = connection.connection.driver_connection
    with driver_errors(connection):
        if is_sqlite(connection):
            row: tuple[Any, ...] | None = raw.execute(f"{query} ?", (value,)).fetchone()
            return row
        # Else the driver begins a transaction, which has to be ended: two round trips more.
        raw.autocommit = True
        try:
            row = raw.execute(f"{query} %s", (value,)).fetchone()
        finally:
            raw.autocommit = False
        return row


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """Raises the driver's errors as SQLAlchemy does, which does not see what the driver is asked itself."""
    dialect = connection.dialect
    kind = dialect.loaded_dbapi.Error
    try:
        yield
    except kind as error:
        raise DBAPIError.instance(None, None, error, kind, hide_parameters=True, dialect=dialect) from error


def is_sqlite(connection: Connection) -> bool:
    """Whether a connection is SQLite's."""
    return connection.dialect.name == "sqlite"


def check_connection(engine: Engine, error: type[LockgateError]) -> None:
    """Connects once. Raises `error`, without the password."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as failure:
        place = engine.url.render_as_string(hide_password=True)
        reason = str(failure.__cause__ or failure).strip().split("\n")[0]
        raise error(f"the database {place} cannot be opened: {reason}") from None
