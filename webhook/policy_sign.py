"""`lockgate policy sign`: signs an Exemption."""

import json
from base64 import b64encode
from pathlib import Path

import click
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.exemptions.exemption import parse_exemption
from lockgate.gatekeeper.exemptions.kinds import is_exemption
from lockgate.webhook.policy_sources import read_exemptions
from lockgate.webhook.signing_key import read_signing_key
from lockgate.webhook.terminal import printable


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
    private = read_signing_key(key)
    for document in documents:
        exemption = parse_exemption(document)
        signature = b64encode(private.sign(exemption.signed)).decode()
        # Quoted as in JSON, which YAML reads: a name such as `yes` or `a: b` is no text without.
        name = json.dumps(signer, ensure_ascii=False)
        click.echo(
            f"# {printable(exemption.name)}\n  signatures:\n    - signer: {name}\n      signature: {signature}"
        )
