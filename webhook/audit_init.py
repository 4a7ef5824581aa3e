"""`lockgate audit init`: makes a trail."""

import os
import shutil
import socket
from pathlib import Path
from typing import Final

import click
from lockgate.audit.checkpoint import Checkpoint, render_checkpoint
from lockgate.audit.key_files import make_log_key, make_master_key, read_master_key
from lockgate.audit.lineage import opening
from lockgate.audit.note import check_key_name, render_verifier_key
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.store import create_log
from lockgate.engine.database.connections import sqlite_path
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import EPILOG
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.toml_text import toml_string
from lockgate.webhook.trail import load_signer, open_trail
from lockgate.webhook.trail_config import FILE_NAME, LOG_KEY, read_trail_config, store_url

# An origin is written into every checkpoint, proof and witness's configuration.
MAX_ORIGIN: Final = 200


def configuration(origin: str, store: str, signer: str, instance: str, administrator: str) -> str:
    """The first `trail.toml`."""
    return f"""# A trail of `lockgate audit`; see docs/trail.md. Paths count from this folder.
origin = {toml_string(origin)}
# The database: a file, or postgresql://USER@HOST/NAME. The password comes from PGPASSWORD or ~/.pgpass.
store = {toml_string(store)}
# The key that signs checkpoints: file:PATH, or pkcs11:URI.
signer = {toml_string(signer)}
# Opens the bodies. Without a copy of it elsewhere, bodies cannot be read after a loss.
master-key = "file:keys/master.key"
# Names this installation in coverage entries.
instance = {toml_string(instance)}
# Who runs the log. An anchor or witness of somebody else is worth more than one of the same.
administrator = {toml_string(administrator)}
# Which keys, witnesses and administrators are believed.
trust = "trust.toml"
"""


def trust_file(origin: str, administrator: str, vkey: str) -> str:
    """The first `trust.toml`."""
    return f"""# What is believed about the log. Who verifies it keeps a copy of this that they got in another way.
origin = {toml_string(origin)}
administrator = {toml_string(administrator)}
log-keys = [{toml_string(vkey)}]
# How old the latest cosignature may be, in seconds.
maximum-age = 86400
# How many of the witnesses have to have cosigned: "any", "all" or a number.
quorum = "any"

# [[witness]]
# name = "other"
# key = "other.example/witness+…"
# administrator = "Other Ltd"
# url = "https://witness.other.example/"
"""


def _check_origin(origin: str) -> None:
    check_key_name(origin)
    render_checkpoint(Checkpoint(origin, 0, b"\0" * 32))
    if len(origin) > MAX_ORIGIN or not origin.isascii() or "//" in origin:
        raise UsageError(
            f"{printable(origin)[:80]} is no origin: ASCII without spaces, at most {MAX_ORIGIN} characters",
            hint="such as example.com/lockgate/prod",
        )


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="DIR")
@click.option(
    "--origin",
    required=True,
    metavar="NAME",
    help="The log's name for ever, such as example.com/lockgate/ci.",
)
@click.option(
    "--store", default="trail.db", metavar="URL", help="A file in DIR (the default), or postgresql://…"
)
@click.option(
    "--signer",
    default="",
    metavar="URI",
    help="A key that exists: file:PATH or pkcs11:…; without it one is made.",
)
@click.option(
    "--instance", default="", metavar="NAME", help="This installation's name; the host's without it."
)
@click.option("--administrator", default="", metavar="NAME", help="Who runs the log.")
def init(folder: str, origin: str, store: str, signer: str, instance: str, administrator: str) -> None:
    """Makes a trail in a new folder: keys that only you may read, the database, and the log's first entry.

    \b
    Example:
      lockgate audit init trail/ --origin example.com/lockgate/ci --administrator "Example Ltd"
      lockgate audit init trail/ --origin example.com/lockgate/prod --store postgresql://lockgate@db/trail
    """
    _check_origin(origin)
    home = Path(folder)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(home.iterdir()):
            raise UsageError(f"{printable(folder)} is not empty", hint="name a new folder")
        (home / "keys").mkdir(mode=0o700)
    except OSError as error:
        raise UsageError(f"cannot make {printable(folder)}: {(error.strerror or '').lower()}") from None
    try:
        vkey = _make(home, origin, store, signer, instance or socket.gethostname(), administrator or origin)
    except BaseException:
        _undo(home)
        raise
    click.echo(f"made the log {printable(origin)} in {printable(folder)}; its key is\n\n  {vkey}\n")
    click.echo(
        "Keep that line elsewhere, and give it to whoever verifies: a key that lies beside the log proves nothing."
    )
    click.echo(f"Keep a copy of {home / 'keys'} elsewhere too, where only you can read it.")
    click.echo("Until a witness of another administrator cosigns it, the log is self-attested.")


def _make(home: Path, origin: str, store: str, signer: str, instance: str, administrator: str) -> str:
    """Everything in the folder; returns the log's key."""
    if not signer:
        make_log_key(home / "keys" / "log.pem")
    make_master_key(home / "keys" / "master.key")
    signer = signer or "file:keys/log.pem"
    vkey = render_verifier_key(load_signer(home, signer, origin).verifier_key)
    write_output(configuration(origin, store, signer, instance, administrator), str(home / FILE_NAME))
    write_output(trust_file(origin, administrator, vkey), str(home / "trust.toml"))
    write_output(f"{vkey}\n", str(home / LOG_KEY))
    read_trail_config(home)
    master = read_master_key(home / "keys" / "master.key")
    create_log(store_url(home, store), origin, system_clock(), master.seal_key).close()
    path = sqlite_path(store_url(home, store))
    if path is not None:
        os.chmod(path, 0o600)
    with open_trail(str(home)) as trail, trail.appending() as appending:
        appending.appender.append(opening(origin, vkey))
    return vkey


def _undo(home: Path) -> None:
    """Empties the folder again; it was empty before."""
    for found in home.iterdir():
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink()
