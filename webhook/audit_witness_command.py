"""`lockgate audit witness`: a witness for the logs of others."""

import asyncio
import logging
import signal
import ssl
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from lockgate.audit.key_files import read_witness_key
from lockgate.audit.note import encode_base64, render_verifier_key
from lockgate.audit.witness.server import WitnessServer
from lockgate.audit.witness.state import Held, WitnessState
from lockgate.audit.witness.witness import Witness
from lockgate.engine.errors import UsageError
from lockgate.webhook.terminal import printable
from lockgate.webhook.witness_config import (
    KEY_FILE,
    STATE_FILE,
    WitnessConfig,
    add_log,
    make_witness_home,
    parse_address,
    read_witness_config,
)

FOLDER: Final = click.argument("folder", metavar="DIR")


@click.group()
def witness() -> None:
    """Cosigns the checkpoints of other people's logs, so that they cannot be rewritten unnoticed.

    Two installations that witness each other need nobody else; what that is worth is in docs/trail-anchors.md.

    \b
    Example:
      lockgate audit witness init witness/ --name witness.example.com/lockgate
      lockgate audit witness add witness/ "$(cat their-log.vkey)"
      lockgate audit witness serve witness/
    """


@witness.command()
@FOLDER
@click.option(
    "--name",
    required=True,
    metavar="NAME",
    help="The witness's name for ever, such as witness.example.com/w1.",
)
def init(folder: str, name: str) -> None:
    """Makes a witness in a new folder: its key, its memory, its configuration."""
    vkey = make_witness_home(Path(folder), name)
    click.echo(f"made the witness {printable(name)} in {printable(folder)}; its key is\n\n  {vkey}\n")
    click.echo("Give that line to the logs that it is to cosign, and to whoever verifies them.")
    click.echo("Never restore its memory from a backup: a witness that forgets may sign a second history.")


@witness.command()
@FOLDER
@click.argument("vkey", metavar="VKEY")
def add(folder: str, vkey: str) -> None:
    """Cosigns one more log, or a log that signs with one more key; a running server has to be started anew."""
    key = add_log(Path(folder), vkey)
    click.echo(f"cosigns {printable(key.name)}")


@witness.command()
@FOLDER
def show(folder: str) -> int:
    """Shows what the witness remembers of each log; ends with 3 if one of them forked."""
    home = Path(folder)
    config = read_witness_config(home)
    state = _state(home, config)
    try:
        forked = False
        for origin in sorted({*config.logs(), *state.origins()}):
            held = state.held(origin)
            click.echo(f"{printable(origin)}: {_told(held) if held else 'nothing cosigned yet'}")
            for one in state.evidence(origin):
                forked = True
                click.echo(f"  forked: the log has also signed {_told(one)}:\n")
                click.echo(one.note.decode("utf-8", "backslashreplace"))
    finally:
        state.close()
    return 3 if forked else 0


def _told(held: Held) -> str:
    when = datetime.fromtimestamp(held.time, UTC).isoformat()
    return f"size {held.checkpoint.size}, root {encode_base64(held.checkpoint.root)}, {when}"


@witness.command()
@FOLDER
@click.option("--listen", metavar="HOST:PORT", help="Instead of the configuration's address.")
@click.option("--tls-cert", metavar="FILE", help="Serve HTTPS, with this certificate (PEM, with its chain).")
@click.option("--tls-key", metavar="FILE", help="The certificate's key (PEM).")
def serve(folder: str, listen: str | None, tls_cert: str | None, tls_key: str | None) -> None:
    """Serves the witness until it is told to stop (C2SP tlog-witness: POST /add-checkpoint)."""
    home = Path(folder)
    config = read_witness_config(home)
    logs = config.logs()
    if not logs:
        raise UsageError(
            "the witness has no log to cosign", hint="add one: lockgate audit witness add DIR VKEY"
        )
    host, port = config.address() if listen is None else parse_address(listen)
    context = _tls(tls_cert, tls_key)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s: %(message)s")
    state = _state(home, config)
    try:
        signer = read_witness_key(home / KEY_FILE, config.name)
        made = Witness(logs, [signer], state, lambda: int(time.time()))
        asyncio.run(_serve(WitnessServer(made, config.prefix), host, port, context, config))
    finally:
        state.close()


async def _serve(
    server: WitnessServer, host: str, port: int, context: ssl.SSLContext | None, config: WitnessConfig
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)

    def started(bound: int) -> None:
        scheme = "http" if context is None else "https"
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"{config.name} listens on {scheme}://{shown}:{bound}{config.prefix}/")

    try:
        await server.serve(host, port, stop, started, context)
    except OSError as error:
        raise UsageError(f"cannot listen on {printable(host)}:{port}: {error.strerror or error}") from None


def _state(home: Path, config: WitnessConfig) -> WitnessState:
    signer = read_witness_key(home / KEY_FILE, config.name)
    return WitnessState(home / STATE_FILE, render_verifier_key(signer.verifier_key))


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        if key is not None:
            raise UsageError("--tls-key needs --tls-cert")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"cannot use the certificate: {error}") from None
    return context
