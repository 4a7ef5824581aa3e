"""`witness.toml`: what a witness's home folder says of it. Its paths count from that folder; it holds no secrets.

name = "witness.example.com/lockgate"    # for ever: it is in every cosignature
listen = "127.0.0.1:2025"
prefix = ""                              # the path before /add-checkpoint

[[log]]
key = "example.org/lockgate/prod+1d2e…+AQ…"   # its name is the log's origin; one log may have several keys
"""

from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.key_files import make_log_key, read_witness_key
from lockgate.audit.note import ED25519, VerifierKey, check_key_name, parse_verifier_key, render_verifier_key
from lockgate.audit.witness.state import WitnessState
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.toml_text import toml_string
from lockgate.webhook.trail_config import Table, Text, read_table
from pydantic import Field

FILE_NAME: Final = "witness.toml"
KEY_FILE: Final = "witness.pem"
STATE_FILE: Final = "witness.db"
VKEY_FILE: Final = "witness.vkey"
# A name is in every cosignature and in the trust of every verifier.
MAX_NAME: Final = 200


class LogTable(Table):
    """A log that is cosigned."""

    key: Text


class WitnessConfig(Table):
    """The whole of `witness.toml`."""

    name: Text
    listen: Text = "127.0.0.1:2025"
    prefix: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    log: list[LogTable] = []

    def logs(self) -> dict[str, tuple[VerifierKey, ...]]:
        """The keys of each log by its origin. Raises UsageError."""
        made: dict[str, tuple[VerifierKey, ...]] = {}
        for one in self.log:
            key = parse_log_key(one.key)
            if key not in made.get(key.name, ()):
                made[key.name] = (*made.get(key.name, ()), key)
        return made

    def address(self) -> tuple[str, int]:
        """Host and port to listen on. Raises UsageError."""
        return parse_address(self.listen)


def parse_log_key(text: str) -> VerifierKey:
    """The key of a log, from its line. Raises UsageError."""
    try:
        key = parse_verifier_key(text.strip())
    except LockgateError as error:
        raise UsageError(f"that is no key of a log: {error.message}", hint="a line NAME+ID+KEY") from None
    if key.algorithm != ED25519:
        raise UsageError(f"{printable(key.name)} is no key that logs sign with", hint="it may be a witness's")
    return key


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, an IPv6 address in brackets. Raises UsageError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > 65_535:
        raise UsageError(f"{printable(text)} is no address to listen on", hint="such as 127.0.0.1:2025")
    return host.removeprefix("[").removesuffix("]"), int(port)


def read_witness_config(home: Path) -> WitnessConfig:
    """The configuration in a witness's home. Raises UsageError."""
    if not home.is_dir():
        raise UsageError(
            f"there is no folder {printable(str(home))}",
            hint="make a witness with `lockgate audit witness init`",
        )
    return read_table(home / FILE_NAME, WitnessConfig)


def make_witness_home(home: Path, name: str) -> str:
    """Makes a witness's key, memory and configuration in a new folder; returns its verifier key.

    Raises UsageError or TrailError.
    """
    try:
        check_key_name(name)
    except LockgateError as error:
        raise UsageError(error.message, hint="such as witness.example.com/lockgate") from None
    if len(name) > MAX_NAME or not name.isascii():
        raise UsageError(f"a witness's name is ASCII, at most {MAX_NAME} characters")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(home.iterdir()):
            raise UsageError(f"{printable(str(home))} is not empty", hint="name a new folder")
    except OSError as error:
        raise UsageError(f"cannot make {printable(str(home))}: {(error.strerror or '').lower()}") from None
    make_log_key(home / KEY_FILE)
    vkey = render_verifier_key(read_witness_key(home / KEY_FILE, name).verifier_key)
    WitnessState.create(home / STATE_FILE, vkey).close()
    write_output(f"{vkey}\n", str(home / VKEY_FILE))
    text = f'# A witness; see docs/trail-anchors.md.\nname = {toml_string(name)}\nlisten = "127.0.0.1:2025"\n'
    write_output(text, str(home / FILE_NAME))
    return vkey


def add_log(home: Path, vkey: str) -> VerifierKey:
    """Adds a log's key to a witness's configuration. Raises UsageError."""
    key = parse_log_key(vkey)
    config = read_witness_config(home)
    if key in config.logs().get(key.name, ()):
        raise UsageError(f"the key of {printable(key.name)} is there already")
    path = home / FILE_NAME
    text = path.read_text("utf-8")
    write_output(f"{text}\n[[log]]\nkey = {toml_string(render_verifier_key(key))}\n", str(path))
    return key
