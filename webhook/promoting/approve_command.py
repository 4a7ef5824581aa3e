"""`lockgate approve`: shows a promotion statement, signs an approval of it, and records that."""

from typing import Any

import click
from lockgate.webhook.audit_options import FORMAT
from lockgate.webhook.notifying import Notifier
from lockgate.webhook.promoting.notify_options import notify_options
from lockgate.webhook.promoting.options import EPILOG, KEY, POOL_HEALTH, REQUIRE


@click.command(epilog=EPILOG)
@click.argument("statement", metavar="STATEMENT")
@KEY
@click.option(
    "--approval",
    "approvals",
    multiple=True,
    metavar="FILE",
    help="An approval that somebody signed elsewhere, to be recorded; may be repeated.",
)
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="FILE",
    help="An ID token that an issuer of the identity map gave for this statement, with lockgate-approval: and its digest as nonce or "
    "audience, to be recorded; may be repeated.",
)
@click.option(
    "--review",
    "reviews",
    multiple=True,
    metavar="FILE",
    help="A pull request's reviews, as GitHub or GitLab answers them, of the commit that the statement names; may be repeated.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether it is approved.")
@click.option(
    "--output",
    metavar="FILE",
    help="Where the signed approval goes; beside STATEMENT by default, named by the approver's key.",
)
@click.option("-p", "--policy", metavar="FILE", help="The PromotionPolicy; with --trail.")
@click.option(
    "--identities",
    envvar="LOCKGATE_IDENTITIES",
    metavar="FILE",
    help="The identity map, identities.toml: whether whoever is said to ask signed the statement; needed with --trail.",
)
@click.option(
    "--trail",
    "home",
    envvar="LOCKGATE_TRAIL",
    metavar="DIR",
    help="Record the approval in this trail, and make the promotion where nothing is missing any more.",
)
@POOL_HEALTH
@REQUIRE
@notify_options
@FORMAT
@click.pass_context
def approve(
    context: click.Context,
    statement: str,
    key_file: str | None,
    approvals: tuple[str, ...],
    tokens: tuple[str, ...],
    reviews: tuple[str, ...],
    yes: bool,
    output: str | None,
    policy: str | None,
    identities: str | None,
    home: str | None,
    pool_health: tuple[str, ...],
    require: bool,
    notifier: Notifier | None,
    chosen: str,
) -> None:
    """Shows what STATEMENT says, and approves exactly that: another statement is not approved by it.

    Without --trail the approval is signed only; whoever keeps the trail records it with --approval. Whoever has no key approves with an
    ID token (--token); a review of a pull request (--review) counts least.

    \b
    Example:
      lockgate approve fraud.yaml.promotion.dsse.json --key me.pem
      lockgate approve fraud.yaml.promotion.dsse.json --approval risk-1.approval.dsse.json --trail trail/ -p promotion-policy.yaml --identities identities.toml
    """
    from lockgate.audit.errors import TrailError
    from lockgate.audit.promotions.statement import parse_promotion, statement_digest
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.promoting.approving import check_asker, record_approval, record_reviews
    from lockgate.webhook.promoting.ending import tell_end
    from lockgate.webhook.promoting.given_approvals import read_reviews, read_token
    from lockgate.webhook.promoting.identities_file import read_identities
    from lockgate.webhook.promoting.opening import open_desk, read_in_toto
    from lockgate.webhook.promoting.telling import statement_text
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.trail import current_user

    elsewhere = approvals + tokens + reviews
    if key_file is None and not elsewhere:
        raise UsageError(
            "nobody approves", hint="give --key PEM, or --approval, --token or --review with a FILE"
        )
    if elsewhere and home is None:
        raise UsageError("an approval from elsewhere is recorded in a trail", hint="give --trail DIR")
    if home is not None and (policy is None or identities is None):
        raise UsageError(
            "recording an approval needs the PromotionPolicy and the identity map",
            hint="give --policy and --identities",
        )
    envelope = read_in_toto(statement)
    parsed, digest = parse_promotion(envelope.payload), statement_digest(envelope.payload)
    if identities is not None and home is None:
        # With a trail the desk looks at what is recorded there.
        check_asker(envelope, parsed, read_identities(identities))
    given: list[tuple[str, dict[str, Any]]] = []
    if key_file is not None:
        if chosen == "text":
            click.echo(statement_text(parsed, digest))
        if not yes:
            click.confirm("Approve this?", abort=True, err=True)
        given.append(_sign(key_file, digest, output, statement))
    given += [(path, _read(path)) for path in approvals]
    given += [(path, read_token(path)) for path in tokens]
    imported = [(path, read_reviews(path, parsed)) for path in reviews]
    if home is None:
        return
    assert policy is not None and identities is not None
    with open_desk(home, policy, identities, notifier, pool_health) as desk:
        asked = desk.log.asked(desk.promoted_statement(digest))
        actor, refused = current_user(), False
        for place, one in given:
            try:
                actor = record_approval(desk, asked, one)
            except TrailError as error:
                # The others are recorded all the same.
                refused = True
                hint = f" ({error.hint})" if error.hint else ""
                click.echo(printable(f"error: {place} is not recorded: {error.message}{hint}"), err=True)
        for place, one_export in imported:
            who = record_reviews(desk, asked, place, one_export)
            actor, refused = who or actor, refused or not who
        # What could not be recorded weighs more than what is missing yet.
        made = tell_end(desk, asked, actor, (), statement, chosen, told=key_file is not None)
    if refused:
        context.exit(2)
    if require and not made:
        context.exit(1)


def _sign(key_file: str, digest: str, output: str | None, statement: str) -> tuple[str, dict[str, Any]]:
    """Signs an approval into a file; its place, and what `record_approval` takes."""
    import time

    from lockgate.audit.dsse import IN_TOTO, MAX_ENVELOPE, render_envelope
    from lockgate.audit.promotions.approval import ApprovalStatement, render_approval
    from lockgate.audit.times import render_time
    from lockgate.engine.foreign_documents import parse_foreign_json
    from lockgate.webhook.output import write_output
    from lockgate.webhook.promoting.identities_file import fingerprint
    from lockgate.webhook.scanning.reading import read_signing_pem
    from lockgate.webhook.terminal import printable

    key = read_signing_pem(key_file)
    name = fingerprint(key.key)
    made = ApprovalStatement(digest, name, render_time(time.time_ns() // 1_000_000))
    envelope = render_envelope(key.sign_envelope(IN_TOTO, render_approval(made)))
    place = output or f"{statement}.{name.removeprefix('sha256:')[:12]}.approval"
    write_output(envelope.decode("ascii") + "\n", place)
    click.echo(f"approved: {printable(place)}", err=True)
    return place, {"envelope": dict(parse_foreign_json(envelope, "the envelope", MAX_ENVELOPE).mapping())}


def _read(path: str) -> dict[str, Any]:
    from lockgate.audit.dsse import MAX_ENVELOPE
    from lockgate.engine.foreign_documents import parse_foreign_json
    from lockgate.webhook.promoting.opening import read_envelope_file
    from lockgate.webhook.terminal import printable

    data = read_envelope_file(path, MAX_ENVELOPE)
    return {"envelope": dict(parse_foreign_json(data, printable(path), MAX_ENVELOPE).mapping())}
