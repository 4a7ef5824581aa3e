"""The versions of a store's tables: a folder of Alembic's migrations, and the table that says which of them a database has.

Several stores may be in one database, each with a table of its own for that.
"""

from pathlib import Path
from typing import Final, final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

# Alembic's own part, the same for all stores.
_RUNNING: Final = Path(__file__).parent / "migrations"


@final
class Versions:
    """Of one store: where its migrations are, and the name of its table of versions."""

    __slots__ = ("_place", "_table")

    def __init__(self, place: Path, table: str) -> None:
        self._place: Final = place
        self._table: Final = table

    def _config(self, connection: Connection | None = None) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_RUNNING).replace("%", "%%"))
        config.set_main_option("version_locations", str(self._place / "versions").replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.attributes["version_table"] = self._table
        if connection is not None:
            config.attributes["connection"] = connection
        return config

    def newest(self) -> str:
        """The version that this program makes."""
        head = ScriptDirectory.from_config(self._config()).get_current_head()
        assert head is not None
        return head

    def known(self) -> frozenset[str]:
        """The versions that this program can bring to the newest."""
        scripts = ScriptDirectory.from_config(self._config()).walk_revisions()
        return frozenset([one.revision for one in scripts])

    def current(self, connection: Connection) -> str | None:
        """The version of a database; None for one without the store."""
        context = MigrationContext.configure(connection, opts={"version_table": self._table})
        return context.get_current_revision()

    def migrate(self, connection: Connection) -> None:
        """Brings a database to the newest version."""
        command.upgrade(self._config(connection), "head")
