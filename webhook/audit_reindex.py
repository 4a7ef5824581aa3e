"""`lockgate audit reindex`: makes everything anew that a database has only to find entries by."""

import click
from lockgate.audit.store.database import WriterLock
from lockgate.audit.store.derived import reindex
from lockgate.engine.database.connections import sqlite_path
from lockgate.webhook.audit_options import EPILOG, TRAIL
from lockgate.webhook.trail import open_trail


@click.command("reindex", epilog=EPILOG)
@TRAIL
def reindex_command(home: str) -> None:
    """Makes the tiles, the query index, the streams' index and the request keys anew from the entries.

    Entries, bodies, keys and checkpoints are left as they are. When the entries are not those of the log's head,
    nothing is changed.

    \b
    Example:
      lockgate audit reindex --trail trail/ && lockgate audit verify trail/ --log-key ~/keys/ci.vkey
    """
    with open_trail(home) as trail:
        path = sqlite_path(trail.store_url)
        lock = None if path is None else WriterLock(path)
        try:
            entries = reindex(trail.store)
        finally:
            if lock is not None:
                lock.close()
    click.echo(f"made tiles and index of {entries} entries anew")
