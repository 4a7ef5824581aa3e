"""Records an approval: verified, of a person of the identity map, and of this very statement."""

import time
from collections.abc import Mapping
from typing import Any

import click
from lockgate.audit.dsse import IN_TOTO, Envelope, verify_envelope
from lockgate.audit.errors import TrailError, UnverifiableError, VerificationError
from lockgate.audit.promotions import events
from lockgate.audit.promotions.identities import Identities
from lockgate.audit.promotions.statement import PromotionStatement
from lockgate.webhook.promoting.asking_options import ON_BEHALF
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.given_approvals import Reviews
from lockgate.webhook.promoting.promotion_log import Asked
from lockgate.webhook.promoting.signatures import ASSURANCES
from lockgate.webhook.terminal import printable


def check_asker(envelope: Envelope, statement: PromotionStatement, identities: Identities) -> None:
    """Did the person who is said to ask for it sign the statement? Raises UnverifiableError."""
    try:
        signers = verify_envelope(envelope, identities.keys(), IN_TOTO)
    except VerificationError:
        signers = ()
    people = [identities.asker(one, statement.change.get(ON_BEHALF, "")) for one in signers]
    if not any(one is not None and one.name == statement.requester for one in people):
        raise UnverifiableError(
            f"{printable(statement.requester)} is said to ask for it, and did not sign the statement, by the identity map",
            hint="approve nothing that nobody asked for: lockgate promote signs it",
        )


def record_approval(desk: Desk, asked: Asked, shown: Mapping[str, Any]) -> str:
    """Appends an approval by what is shown of it (`Signatures.verify_approval`); the name of who approved. Raises TrailError."""
    statement = asked.request.promoted.statement
    identity = desk.signatures.verify_approval(shown, asked.payload, statement, time.time_ns() // 1_000_000)
    person = desk.identities.approver(identity)
    if person is None:
        member = desk.identities.member(identity)
        raise UnverifiableError(
            f"{identity.shown} is "
            + (
                "no person of the identity map"
                if member is None
                else f"the bot {member.name}, and a bot approves nothing"
            ),
            hint="have a person of the identity map approve it",
        )
    event = events.approved(
        asked.request,
        desk.recorder.pseudonym(person.name),
        ASSURANCES[identity.kind],
        identity.value if identity.kind == "key" else "",
    )
    details = {**shown, "identity": f"{identity.kind} {identity.value}", "person": person.name}
    desk.record(event, person.name, details)
    return person.name


def record_reviews(desk: Desk, asked: Asked, place: str, reviews: Reviews) -> str:
    """Appends the approvals of an export; the name of the last who approved, "" where nobody's was recorded. Tells who does not count."""
    told = [(one.account, one.why) for one in reviews.uncounted]
    actor = ""
    for account, shown in reviews.given:
        try:
            actor = record_approval(desk, asked, shown)
        except TrailError as error:
            # Reviewers are whoever looks at the change: the requester, and people of other groups.
            told.append((account, error.message))
    for account, why in told:
        click.echo(printable(f"note: the review of {account} is not recorded: {why}"), err=True)
    if not actor:
        click.echo(printable(f"error: {place} has no approval that is recorded"), err=True)
    return actor
