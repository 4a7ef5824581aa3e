"""The schema's version: made, migrated when asked, and refused when newer than this program."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from lockgate.audit.errors import TrailError
from lockgate.audit.store.database import check_connection, open_engine, write_transaction
from sqlalchemy import Connection

_PLACE: Final = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_PLACE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def newest_version() -> str:
    """The version that this program makes."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_version(connection: Connection) -> str | None:
    """The version of a database; None for one without a trail."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(connection: Connection) -> None:
    """Brings a database to the newest version."""
    command.upgrade(_config(connection), "head")


def check_version(connection: Connection) -> None:
    """Refuses a database that has no trail, or one of another version. Raises TrailError."""
    current, newest = current_version(connection), newest_version()
    if current is None:
        raise TrailError("the database has no trail", hint="make one with `lockgate audit init`")
    if current == newest:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current in known:
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
        check_connection(engine)
        with write_transaction(engine) as connection:
            before = current_version(connection)
            if before is None:
                check_version(connection)
            known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
            if before in known:
                migrate(connection)
            check_version(connection)
            return before or "", newest_version()
    finally:
        engine.dispose()
