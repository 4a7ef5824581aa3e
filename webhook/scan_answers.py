"""`lockgate scan answers`: what rules on models are told, from signed facts that count here."""

import json
import os
import time
from typing import Final

import click
from lockgate.webhook.audit_options import LOG_KEYS, OUTPUT

_EPILOG: Final = (
    "Exit codes: 0 all of them count; 1 some do not, and are left out; 2 unreadable, or wrong usage."
)


@click.command(epilog=_EPILOG)
@click.argument("facts", nargs=-1, required=True, metavar="FACTS...")
@click.option(
    "--trust", required=True, metavar="FILE", help="A facts-trust.toml of your own: whose facts count."
)
@click.option("--environment", default="", metavar="NAME", help="Where the models are to run.")
@click.option(
    "--proof",
    "proofs",
    multiple=True,
    metavar="FILE",
    help="A proof that a log recorded facts; may be repeated.",
)
@LOG_KEYS
@OUTPUT
def answers(
    facts: tuple[str, ...],
    trust: str,
    environment: str,
    proofs: tuple[str, ...],
    log_keys: tuple[str, ...],
    output: str | None,
) -> int:
    """Write what the provider `lockgate-models` answers (kind ExternalData), by the references that facts are signed for.

    Of FACTS those whose names end in .resolution.dsse.json say which references are names for others (lockgate scan
    resolve --sign). `check --external-data` and `serve --external-data` take the file, and answer Gatekeeper from it.

    \b
    Example:
      lockgate scan answers facts/*.dsse.json --trust facts-trust.toml --environment production --output models.json
      lockgate check --external-data models.json -p policies/ deploy/
    """
    from lockgate.webhook.extras import require_facts

    require_facts()
    from lockgate.webhook.output import write_output
    from lockgate.webhook.scan_verify import read_records
    from lockgate.webhook.scanning.answers import external_data
    from lockgate.webhook.scanning.known_models import Verifying, count_signed
    from lockgate.webhook.scanning.trust_file import read_facts_trust
    from lockgate.webhook.terminal import printable

    policy = read_facts_trust(trust)
    now_ms = time.time_ns() // 1_000_000
    records = read_records(proofs, log_keys, now_ms)
    counted, resolutions = count_signed(facts, os.getcwd(), policy, Verifying(environment, records, now_ms))
    left_out = (*counted.left_out, *resolutions.left_out)
    for path, reference, reason in left_out:
        click.echo(
            f"left out: {printable(': '.join([one for one in (path, reference, reason) if one]))}", err=True
        )
    write_output(
        json.dumps(external_data(counted.facts, counted.reasons(), resolutions), indent=1) + "\n", output
    )
    return 1 if left_out else 0
