"""What the commands of the signed log have in common: options, and how states and entries are told."""

from typing import Final

import click

TRAIL: Final = click.option(
    "--trail",
    "home",
    required=True,
    envvar="LOCKGATE_TRAIL",
    metavar="DIR",
    help="The trail's home folder, made by `lockgate audit init`; LOCKGATE_TRAIL names it too.",
)
LOG_KEYS: Final = click.option(
    "--log-key",
    "log_keys",
    multiple=True,
    metavar="VKEY|FILE",
    help="The log's key, from somewhere else than the folder; may be repeated.",
)
TRUST: Final = click.option(
    "--trust", metavar="FILE", help="A trust.toml of your own: keys, witnesses, who runs what."
)
FORMAT: Final = click.option(
    "--format",
    "chosen",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs.",
)
OUTPUT: Final = click.option("--output", metavar="FILE", help="Write there, complete or not at all.")
ACTOR: Final = click.option(
    "--actor",
    metavar="NAME",
    help="Who does this, in place of the system's user; the log keeps a commitment to it.",
)
REASON: Final = click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept in clear.")
EPILOG: Final = (
    "Exit codes: 0 done and verified; 2 wrong usage, or it could not be done; 3 tampering; 4 cannot verify."
)
