"""`lockgate policy sign`: signs an Exemption."""

from base64 import b64encode
from pathlib import Path

import click
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.exemptions.exemption import parse_exemption
from lockgate.gatekeeper.exemptions.kinds import is_exemption
from lockgate.gatekeeper.exemptions.signing import load_private_key
from lockgate.webhook.policy_sources import read_exemptions

_LONGEST_KEY = 10_000


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--key", "key", required=True, metavar="PEM", help="The signer's private Ed25519 key.")
@click.option("--signer", required=True, metavar="NAME", help="The signer's name in the ExemptionPolicy.")
def sign(file: str, key: str, signer: str) -> None:
    """Print signatures of the Exemptions in a file, to be put into their spec.signatures.

    \b
    Example:
      lockgate policy sign exemptions/fraud.yaml --key lead.pem --signer platform-lead
    """
    documents = [one for one in read_exemptions([file], str(Path.cwd())) if is_exemption(one.value)]
    if not documents:
        raise UsageError(f"{file} has no Exemption")
    try:
        with open(key, "rb") as stream:
            private = load_private_key(stream.read(_LONGEST_KEY), key)
    except OSError as error:
        raise UsageError(f"cannot read {key}: {(error.strerror or str(error)).lower()}") from None
    for document in documents:
        exemption = parse_exemption(document)
        signature = b64encode(private.sign(exemption.signed)).decode()
        click.echo(f"# {exemption.name}\n  signatures:\n    - signer: {signer}\n      signature: {signature}")
