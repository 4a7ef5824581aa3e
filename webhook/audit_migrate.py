"""`lockgate audit migrate`: brings the tables of a trail's database to the version that this program needs."""

import click
from lockgate.audit.store.database import WriterLock
from lockgate.audit.store.schema import migrate_database
from lockgate.engine.database.connections import sqlite_path
from lockgate.webhook.audit_options import EPILOG, TRAIL
from lockgate.webhook.trail import open_trail


@click.command(epilog=EPILOG)
@TRAIL
def migrate(home: str) -> None:
    """Brings the database's tables to this program's version. Entries are never changed by it; back it up first.

    \b
    Example:
      lockgate audit backup before-migration --trail trail/ && lockgate audit migrate --trail trail/
    """
    with open_trail(home) as trail:
        path = sqlite_path(trail.store_url)
        lock = None if path is None else WriterLock(path)
        try:
            before, now = migrate_database(trail.store_url)
        finally:
            if lock is not None:
                lock.close()
    click.echo(f"the tables are of version {now}" if before == now else f"version {before} became {now}")
