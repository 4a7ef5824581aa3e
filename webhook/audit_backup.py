"""`lockgate audit backup`: every log of the database in one file, whichever database it is."""

from pathlib import Path

import click
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.backups import write_backup
from lockgate.webhook.audit_options import EPILOG, TRAIL
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import open_trail


@click.command(epilog=EPILOG)
@click.argument("file", metavar="FILE")
@TRAIL
def backup(file: str, home: str) -> None:
    """Writes a backup while others append, reads it again and checks it.

    It holds bodies sealed and keys of namespaces wrapped; the keys of the home folder are not in it. It can be restored
    into SQLite and PostgreSQL, with the same master key.

    \b
    Example:
      lockgate audit backup /backups/trail-2026-11-26 --trail trail/
    """
    with open_trail(home) as trail:
        keys = {trail.origin: trail.trust().log_keys}
        logs = write_backup(trail.store, Path(file), trail.master_key().seal_key, keys, system_clock())
    for log in logs:
        click.echo(f"{printable(log.origin)}: {log.size} entries ({log.state})")
    click.echo(f"wrote and checked {printable(file)}; keep the keys of {printable(home)} elsewhere too")
