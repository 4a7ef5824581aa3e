"""The schema's version: made, migrated when asked, and refused when newer than this program."""

from pathlib import Path
from typing import Final

from lockgate.audit.errors import TrailError
from lockgate.audit.store.database import open_engine
from lockgate.engine.database.connections import check_connection, write_transaction
from lockgate.engine.database.versions import Versions
from sqlalchemy import Connection

# Alembic's own name of the table, which the first trails had.
VERSIONS: Final = Versions(Path(__file__).parent / "migrations", "alembic_version")


def check_version(connection: Connection) -> None:
    """Refuses a database that has no trail, or one of another version. Raises TrailError."""
    current, newest = VERSIONS.current(connection), VERSIONS.newest()
    if current is None:
        raise TrailError("the database has no trail", hint="make one with `lockgate audit init`")
    if current == newest:
        return
    if current in VERSIONS.known():
        raise TrailError(
            f"the trail's tables are of version {current}, and this program needs {newest}",
            hint="back the trail up, then run `lockgate audit migrate`",
        )
    raise TrailError(
        f"the trail's tables are of version {current}, which is newer than this program ({newest})",
        hint="use the version of Lockgate that wrote it",
    )


def migrate_database(url: str) -> tuple[str, str]:
    """Brings the database of a trail to this program's version, all or nothing; returns both versions.

    Raises TrailError when it has no trail, or one that is newer.
    """
    engine = open_engine(url)
    try:
        check_connection(engine, TrailError)
        with write_transaction(engine) as connection:
            before = VERSIONS.current(connection)
            if before is None:
                check_version(connection)
            if before in VERSIONS.known():
                VERSIONS.migrate(connection)
            check_version(connection)
            return before or "", VERSIONS.newest()
    finally:
        engine.dispose()
