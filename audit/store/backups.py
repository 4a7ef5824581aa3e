"""Making backups of a database, and putting them back into an empty one."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from lockgate.audit.backup import LogHeader, NoSink, walk_backup
from lockgate.audit.errors import TrailError
from lockgate.audit.note import VerifierKey
from lockgate.audit.store.copying import DatabaseSink, WriterOf, check_empty, dump_database
from lockgate.audit.store.database import open_engine
from lockgate.audit.store.seal import head_seal
from lockgate.audit.store.store import Store, open_store
from lockgate.engine.database.connections import check_connection, write_transaction
from lockgate.engine.errors import os_reason
from sqlalchemy.exc import SQLAlchemyError

Keys = Mapping[str, Sequence[VerifierKey]]


def check_backup(path: Path, seal_key: bytes, keys: Keys) -> tuple[LogHeader, ...]:
    """Reads a backup to its end and checks it; returns its logs. Raises TrailError."""

    def seal_of(origin: str, size: int, root: bytes) -> bytes:
        return head_seal(seal_key, origin, size, root)

    try:
        with path.open("rb") as stream:
            return walk_backup(stream, seal_of, keys, NoSink())
    except OSError as error:
        raise TrailError(f"cannot read the backup {path}: {os_reason(error)}") from None


def write_backup(store: Store, path: Path, seal_key: bytes, keys: Keys, now_ms: int) -> tuple[LogHeader, ...]:
    """Writes every log of the store's database into a new file that only its owner may read, reads it again, and
    checks it; returns the logs. Others may append meanwhile. Raises TrailError.
    """
    if path.exists():
        raise TrailError(f"{path} exists already", hint="name a new file")
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as stream:
                dump_database(store.engine, WriterOf(stream.write, now_ms))
                stream.flush()
                os.fsync(descriptor)
            logs = check_backup(temporary, seal_key, keys)
            os.link(temporary, path)
        finally:
            temporary.unlink()
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise TrailError(f"cannot write the backup {path}: {os_reason(error)}") from None
    return logs


def load_backup(url: str, path: Path, seal_key: bytes, keys: Keys) -> tuple[LogHeader, ...]:
    """Puts a backup into an empty database, all or nothing; returns its logs. Raises TrailError.

    What is then there is as good as the backup: `verify_trail` looks at the rest of it.
    """
    check_backup(path, seal_key, keys)

    def seal_of(origin: str, size: int, root: bytes) -> bytes:
        return head_seal(seal_key, origin, size, root)

    engine = open_engine(url)
    try:
        check_connection(engine, TrailError)
        with write_transaction(engine) as connection, path.open("rb") as stream:
            return walk_backup(stream, seal_of, keys, DatabaseSink(connection))
    except OSError as error:
        raise TrailError(f"cannot read the backup {path}: {os_reason(error)}") from None
    finally:
        engine.dispose()


def last_checkpoint(url: str, origin: str) -> bytes | None:
    """The latest checkpoint in a database that may be damaged; None where it shows none."""
    try:
        store = open_store(url, origin)
    except (TrailError, SQLAlchemyError):
        return None
    try:
        return store.checkpoint()
    except (TrailError, SQLAlchemyError):
        return None
    finally:
        store.close()


def check_no_log(url: str) -> None:
    """Makes the tables of a database where there are none. Raises TrailError where it has a log."""
    engine = open_engine(url)
    try:
        check_connection(engine, TrailError)
        with write_transaction(engine) as connection:
            check_empty(connection)
    finally:
        engine.dispose()
