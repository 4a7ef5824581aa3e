"""Records an approval: verified, of a person of the identity map, and of this very statement."""

import time
from collections.abc import Mapping
from typing import Any

import click
from lockgate.audit.errors import TrailError, UnverifiableError
from lockgate.audit.promotions import events
from lockgate.webhook.promoting.desk import ASSURANCES, Desk
from lockgate.webhook.promoting.given_approvals import Reviews
from lockgate.webhook.promoting.promotion_log import Asked
from lockgate.webhook.terminal import printable


def record_approval(desk: Desk, asked: Asked, shown: Mapping[str, Any]) -> str:
    """Appends an approval by what is shown of it (`Desk.verify_approval`); the name of who approved. Raises TrailError."""
    statement = asked.request.promoted.statement
    identity = desk.verify_approval(shown, asked.payload, statement, time.time_ns() // 1_000_000)
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
