"""`lockgate break-glass`: signs a grant that lets through what policies deny, for a while."""

import json
import os
import secrets
import time
from base64 import b64encode
from datetime import UTC, datetime
from typing import Final

import click
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import PolicyError, UsageError, os_reason
from lockgate.gatekeeper.break_glass.grant import Terms, parse_grant, render_grant, signed_bytes
from lockgate.gatekeeper.break_glass.policy import LONGEST_DURATION_NS
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, render_moment, render_span, span_ns
from lockgate.gatekeeper.exemptions.selection import Selection
from lockgate.webhook.output import write_output
from lockgate.webhook.signing_key import read_signing_key
from lockgate.webhook.terminal import printable

_NONCE_BYTES: Final = 16


@click.command(name="break-glass")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept in clear.")
@click.option("--ticket", required=True, metavar="ID", help="Where more is said about it.")
@click.option(
    "--for", "span", required=True, metavar="SPAN", help="For how long, such as 30m or 2h; 24h at most."
)
@click.option("--key", required=True, metavar="PEM", help="Your private Ed25519 key.")
@click.option("--signer", required=True, metavar="NAME", help="Your name in the BreakGlassPolicy.")
@click.option(
    "--audience", required=True, metavar="NAME", help="The installation, as its BreakGlassPolicy calls it."
)
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="NAME", help="In this namespace only; repeatable."
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="KIND[/NAME]",
    help="Past this policy only; repeatable.",
)
@click.option(
    "--spool", metavar="DIR", help="Keep the grant there too, for the trail: where Lockgate is down."
)
@click.option("--output", metavar="FILE", help="Write there, complete or not at all.")
def break_glass(
    reason: str,
    ticket: str,
    span: str,
    key: str,
    signer: str,
    audience: str,
    namespaces: tuple[str, ...],
    policies: tuple[str, ...],
    spool: str | None,
    output: str | None,
) -> None:
    """Print a signed grant that lets through what policies deny, to be applied to the cluster.

    Everything that it lets through is recorded. Nothing has to be running for this command.

    \b
    Example:
      lockgate break-glass --reason "registry is down" --ticket OPS-1234 --for 30m \\
        --key me.pem --signer ada --audience prod-eu-1 | kubectl apply -f -
    """
    duration = span_ns(span)
    if duration is None:
        raise UsageError(f"--for {span} is no span of time", hint="such as 30m or 2h")
    if duration > LONGEST_DURATION_NS:
        raise UsageError(
            f"--for {span} is longer than {render_span(LONGEST_DURATION_NS)}",
            hint="what has to last longer is an Exemption",
        )
    private = read_signing_key(key)
    now = time.time_ns() // SECOND_NS * SECOND_NS
    nonce = secrets.token_hex(_NONCE_BYTES)
    terms = Terms(
        audience,
        reason,
        ticket,
        now,
        now + duration,
        nonce,
        namespaces,
        tuple([_selection(one) for one in policies]),
    )
    name = f"glass-{datetime.fromtimestamp(now // SECOND_NS, UTC):%Y%m%d-%H%M%S}-{nonce[:8]}"
    unsigned = render_grant(name, terms, [])
    spec = unsigned["spec"]
    assert isinstance(spec, dict)
    signature = b64encode(private.sign(signed_bytes(name, spec))).decode()
    text = json.dumps(render_grant(name, terms, [(signer, signature)]), indent=2) + "\n"
    _check(text)
    if spool is not None:
        _keep(text, name, spool)
    write_output(text, output)
    click.echo(
        printable(f"{name}: by {signer}, until {render_moment(terms.until_ns)}; delete it to end it earlier"),
        err=True,
    )


def _selection(text: str) -> Selection:
    kind, slash, name = text.partition("/")
    if not kind or (slash and not name):
        raise UsageError(f"--policy {text} is no KIND or KIND/NAME", hint="such as K8sAllowedRepos/repos")
    return Selection(kind, name)


def _check(text: str) -> None:
    """What is made here is what a server takes. Raises UsageError."""
    reading = read_documents(text.encode(), "the grant", duplicates="error")
    if reading.errors:
        raise UsageError(f"the grant cannot be written: {reading.errors[0].message}")
    try:
        parse_grant(reading.documents[0])
    except PolicyError as error:
        raise UsageError(error.message, hint=error.hint) from None


def _keep(text: str, name: str, spool: str) -> None:
    try:
        os.makedirs(spool, mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {spool}: {os_reason(error)}") from None
    write_output(text, os.path.join(spool, f"{name}.json"))
