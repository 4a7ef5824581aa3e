"""`lockgate promotions`: what is pending, what a promotion rests on, and a model's history."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from lockgate.webhook.audit_options import FORMAT, OUTPUT, TRAIL
from lockgate.webhook.promoting.health_command import health
from lockgate.webhook.promoting.options import EPILOG, IDENTITIES, POLICY, POOL_HEALTH

if TYPE_CHECKING:
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.promoting.signatures import Reverified


@click.group(epilog=EPILOG)
def promotions() -> None:
    """Shows what a trail has of promotions; every entry is proven against its latest checkpoint.

    \b
    Example:
      lockgate promotions history --model s3:models/fraud --trail trail/
    """


promotions.add_command(health)


@promotions.command(epilog=EPILOG)
@POLICY
@IDENTITIES
@POOL_HEALTH
@TRAIL
@FORMAT
@click.pass_context
def pending(
    context: click.Context,
    policy: str,
    identities: str,
    pool_health: tuple[str, ...],
    home: str,
    chosen: str,
) -> None:
    """Lists the requests that are not made yet, with what each lacks."""
    from lockgate.audit.errors import TrailError
    from lockgate.webhook.promoting.opening import open_desk
    from lockgate.webhook.promoting.telling import missing_values, standing_lines, statement_text
    from lockgate.webhook.terminal import printable

    told: list[dict[str, Any]] = []
    unread = False
    with open_desk(home, policy, identities, pool_health=pool_health) as desk:
        for request in desk.log.history.requests():
            if request.closed is not None:
                continue
            try:
                asked = desk.log.asked(request)
                standing = desk.stand(asked)
            except TrailError as error:
                # The others are told all the same.
                unread = True
                click.echo(
                    printable(f"error: the request of entry {request.index}: {error.message}"), err=True
                )
                continue
            if chosen == "text":
                click.echo(statement_text(asked.statement, request.promoted.statement))
                for line in standing_lines(standing):
                    click.echo(f"  {line}")
            told.append(
                {
                    "request": request.index,
                    "model": request.promoted.model,
                    "version": request.promoted.version,
                    "environment": request.promoted.environment,
                    "statement": request.promoted.statement,
                    "missing": missing_values(standing.missing),
                }
            )
    if chosen == "json":
        click.echo(json.dumps(told, indent=2, sort_keys=True))
    elif not told and not unread:
        click.echo("nothing is pending")
    if unread:
        context.exit(2)


@promotions.command(
    epilog="Exit codes: 0 done; 2 wrong usage, or it could not be done; 3 a signature is not that of its key; 4 the identity map "
    "does not know who signed, or as somebody else."
)
@click.argument("index", type=int)
@click.option(
    "--vsa",
    "vsa_key",
    metavar="PEM",
    help="Write it as a SLSA verification summary (VSA v1), signed with this key.",
)
@click.option(
    "--identities",
    envvar="LOCKGATE_IDENTITIES",
    metavar="FILE",
    help="Verify again who signed, by this identity map (LOCKGATE_IDENTITIES); without it that is not looked at.",
)
@OUTPUT
@TRAIL
@FORMAT
def show(
    index: int, vsa_key: str | None, identities: str | None, output: str | None, home: str, chosen: str
) -> int:
    """Shows the promotion that entry INDEX made: its statement, who approved it, and what it rests on.

    With --identities the statement's signature and each approval are verified again, by the keys, tokens and accounts of the
    map; ends with 3 where one was changed, and with 4 where the map does not know who signed. With --vsa it is written as a statement that tools which know SLSA read, and that refers to the promotion by its digest.
    """
    from lockgate.audit.errors import TrailError
    from lockgate.webhook.output import write_output
    from lockgate.webhook.promoting.identities_file import read_identities
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.promoting.signatures import Signatures
    from lockgate.webhook.promoting.summary import sign_summary
    from lockgate.webhook.promoting.telling import statement_text
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.trail import open_trail

    with open_trail(home) as trail:
        log = PromotionLog(trail)
        made = log.history.made_by(index)
        if made is None:
            raise TrailError(
                f"entry {index} made no promotion", hint="lockgate promotions history lists those that did"
            )
        asked = log.made(made)
        if vsa_key is not None:
            log.history.standing(index, "promotion")
            data = sign_summary(vsa_key, asked, made.index, trail.origin, log.time_ms(index))
            write_output(data, output)
            return 0
        details = log.details(index)
        signed: list[Reverified] | None = None
        if identities is not None:
            signatures = Signatures(log, read_identities(identities), trail.recorder().pseudonym)
            signed = [*signatures.reverify(asked, made.approvals)]
        value = {
            **_line(log, index),
            "approvals": details.get("approvals", []),
            "envelope": asked.envelope,
            "signatures": None if signed is None else [_signature(one) for one in signed],
        }
        if chosen == "json":
            write_output(json.dumps(value, indent=2, sort_keys=True) + "\n", output)
            return _worst(signed or ())
        lines = [statement_text(asked.statement, made.promoted.statement)]
        lines += [
            printable(f"  approved by {one['person']} ({one['assurance']}), entry {one['entry']}")
            for one in details.get("approvals", [])
        ]
        lines += [
            printable(
                f"  {one.what}, entry {one.entry}: "
                + (
                    f"signed by {one.person}, verified again"
                    if one.error is None
                    else f"NOT VERIFIED: {one.error.message}"
                )
            )
            for one in signed or ()
        ]
        if signed is None:
            lines.append("  signatures: not looked at again; --identities names the map to verify them by")
        lines += [
            f"  {_state(log, index)}",
            f"  proof: lockgate audit prove {index} --trail {printable(home)}",
        ]
        write_output("\n".join(lines) + "\n", output)
        return _worst(signed or ())


def _signature(one: "Reverified") -> dict[str, Any]:
    """For programs."""
    return {
        "what": one.what,
        "entry": one.entry,
        "person": one.person,
        "verified": one.error is None,
        "error": "" if one.error is None else one.error.message,
    }


def _worst(signed: "Sequence[Reverified]") -> int:
    """The exit code: 3 where something was changed, 4 where it cannot be verified."""
    from lockgate.audit.errors import VerificationError

    errors = [one.error for one in signed if one.error is not None]
    if any(isinstance(one, VerificationError) for one in errors):
        return 3
    return 4 if errors else 0


@promotions.command(epilog=EPILOG)
@click.option("--model", metavar="NAME", help="Of one model only, such as s3:models/fraud.")
@click.option("--environment", metavar="NAME", help="Of one environment only.")
@TRAIL
@FORMAT
def history(model: str | None, environment: str | None, home: str, chosen: str) -> None:
    """Lists what was asked for, made, rolled back and revoked, in the order of the log, with the times from request to promotion.

    The latest promotion of a model in an environment that still stands is marked as current.
    """
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.trail import open_trail

    with open_trail(home) as trail:
        log = PromotionLog(trail)
        lines = [
            _line(log, one.index)
            for one in log.history.made()
            if model in (None, one.promoted.model) and environment in (None, one.promoted.environment)
        ]
    if chosen == "json":
        click.echo(json.dumps(lines, indent=2, sort_keys=True))
        return
    for one in lines:
        took = one["secondsFromRequest"]
        text = (
            f"{one['entry']:>6}  {one['at']}  {one['event']:<11} {one['model']} {one['version']}  "
            f"{one['from'] or '-'} -> {one['environment']}  {one['state']}  after {took:.0f} s"
        )
        click.echo(printable(text))
    if not lines:
        click.echo("nothing was promoted")


def _line(log: "PromotionLog", index: int) -> dict[str, Any]:
    from lockgate.audit.times import render_time

    made = log.history.made_by(index)
    assert made is not None
    promoted, request = made.promoted, made.request
    return {
        "entry": index,
        "at": render_time(log.time_ms(index)),
        "event": "promoted" if request.target is None else "rolled-back",
        "model": promoted.model,
        "version": promoted.version,
        "subject": promoted.subject,
        "from": request.source,
        "environment": promoted.environment,
        "statement": promoted.statement,
        "request": request.index,
        "requestedAt": render_time(log.time_ms(request.index)),
        "secondsFromRequest": (log.time_ms(index) - log.time_ms(request.index)) / 1000,
        "approvals": [*made.approvals],
        "predecessor": request.predecessor,
        "target": request.target,
        "policy": made.policy,
        "state": _state(log, index),
    }


def _state(log: "PromotionLog", index: int) -> str:
    made = log.history.made_by(index)
    assert made is not None
    if made.revoked is not None:
        return f"revoked by entry {made.revoked}"
    if not log.history.is_sound(made):
        return "rests on a key that was revoked"
    current = log.history.current(made.promoted.model, made.promoted.environment)
    return "current" if current is made else "former"
