"""`--policy-key`: whose PolicyBundles are taken. The environment can say it for all checks of a CI."""

import os
from collections.abc import Mapping
from typing import Final

import click

VARIABLE: Final = "LOCKGATE_POLICY_KEY"

policy_key_option = click.option(
    "--policy-key",
    "policy_keys",
    multiple=True,
    metavar="FILE",
    help="Take only PolicyBundles that are signed with this public key (PEM); may be repeated, one has to have signed. "
    f"Else {VARIABLE}, with the system's path separator between.",
)


def named_keys(given: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that the option names, else the environment."""
    return given or tuple([one for one in environment.get(VARIABLE, "").split(os.pathsep) if one])
