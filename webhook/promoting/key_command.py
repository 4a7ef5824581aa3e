"""`lockgate key`: the keys that people sign promotions with, in the log since when and until when."""

import json
from typing import TYPE_CHECKING, Any

import click
from lockgate.webhook.audit_options import ACTOR, FORMAT, TRAIL
from lockgate.webhook.promoting.options import EPILOG, IDENTITIES

if TYPE_CHECKING:
    from lockgate.audit.promotions.identities import Identities


@click.group(epilog=EPILOG)
def key() -> None:
    """Enrols, revokes and lists the keys that promotion statements and approvals are signed with.

    Whose a key is, the identity map says; from when to when its word counts, the log.

    \b
    Example:
      lockgate key enrol risk-1.pub.pem --identities identities.toml --trail trail/
    """


def _member(people: "Identities", name: str) -> str:
    from lockgate.audit.promotions.identities import Identity
    from lockgate.engine.errors import UsageError

    found = people.member(Identity("key", name))
    if found is None:
        raise UsageError(
            f"the key {name} is nobody's by the identity map",
            hint="enter it there first, in keys of a person",
        )
    return found.name


@key.command(epilog=EPILOG)
@click.argument("public", metavar="PEM")
@IDENTITIES
@ACTOR
@TRAIL
def enrol(public: str, identities: str, actor: str | None, home: str) -> None:
    """Records that the public key in PEM may sign from now on."""
    from lockgate.audit.dsse import parse_public_key
    from lockgate.webhook.appending import append_one
    from lockgate.webhook.policy_bundle.files import read_regular
    from lockgate.webhook.promoting.identities_file import fingerprint, read_identities
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.trail import current_user, open_trail

    name = fingerprint(parse_public_key(read_regular(public, printable(public), 16 * 1024)))
    whose = _member(read_identities(identities), name)
    with open_trail(home) as trail:
        draft = trail.recorder().key_event("added", "statement", name, actor=actor or current_user())
        receipt = append_one(trail, draft)
    click.echo(f"enrolled: {name} of {printable(whose)}, entry {receipt.index}")


@key.command(epilog=EPILOG)
@click.argument("name", metavar="FINGERPRINT|PEM")
@click.option(
    "--last-good",
    type=click.IntRange(min=0),
    metavar="SIZE",
    help="It got away: what it signed is believed in the first SIZE entries of the log, and nothing behind them. Without this it is "
    "retired, and what it signed stays.",
)
@ACTOR
@TRAIL
def revoke(name: str, last_good: int | None, actor: str | None, home: str) -> None:
    """Records that a key signs no more."""
    from lockgate.audit.dsse import parse_public_key
    from lockgate.webhook.appending import append_one
    from lockgate.webhook.policy_bundle.files import read_regular
    from lockgate.webhook.promoting.identities_file import fingerprint
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.trail import current_user, open_trail

    if not name.startswith("sha256:"):
        name = fingerprint(parse_public_key(read_regular(name, printable(name), 16 * 1024)))
    event: Any = "retired" if last_good is None else "revoked"
    with open_trail(home) as trail:
        draft = trail.recorder().key_event(
            event, "statement", name, actor=actor or current_user(), last_good=last_good
        )
        receipt = append_one(trail, draft)
    click.echo(f"{event}: {printable(name)}, entry {receipt.index}")


@key.command("list", epilog=EPILOG)
@click.option(
    "--identities", envvar="LOCKGATE_IDENTITIES", metavar="FILE", help="The identity map: whose each is."
)
@TRAIL
@FORMAT
def list_keys(identities: str | None, home: str, chosen: str) -> None:
    """Lists the keys, each with the entries between which it counts."""
    from lockgate.audit.promotions.identities import Identity
    from lockgate.webhook.promoting.identities_file import read_identities
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.terminal import printable
    from lockgate.webhook.trail import open_trail

    people = None if identities is None else read_identities(identities)
    with open_trail(home) as trail:
        told = []
        for one in PromotionLog(trail).history.signing_keys():
            member = None if people is None else people.member(Identity("key", one.name))
            told.append(
                {
                    "key": one.name,
                    "of": "" if member is None else member.name,
                    "enrolled": one.added,
                    "givenUp": one.ended,
                    "lastGood": one.last_good,
                }
            )
    if chosen == "json":
        click.echo(json.dumps(told, indent=2, sort_keys=True))
        return
    for line in told:
        until = "" if line["givenUp"] is None else f", given up by entry {line['givenUp']}"
        good = "" if line["lastGood"] is None else f", believed in the first {line['lastGood']}"
        whose = f" of {line['of']}" if line["of"] else ""
        click.echo(printable(f"{line['key']}{whose}: enrolled by entry {line['enrolled']}{until}{good}"))
    if not told:
        click.echo("no key is enrolled")
