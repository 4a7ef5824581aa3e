"""`lockgate revoke`: takes promotions back, so that what was promoted counts no more and does not come back."""

import click
from lockgate.webhook.audit_options import ACTOR, REASON, TRAIL
from lockgate.webhook.notifying import Notifier
from lockgate.webhook.promoting.notify_options import RecordedEvent, notify_options, tell_events
from lockgate.webhook.promoting.options import EPILOG


@click.command(epilog=EPILOG)
@click.argument("entries", nargs=-1, required=True, type=int, metavar="ENTRY...")
@REASON
@ACTOR
@TRAIL
@notify_options
def revoke(
    entries: tuple[int, ...], reason: str, actor: str | None, home: str, notifier: Notifier | None
) -> None:
    """Takes back the promotions that ENTRIES made: admission refuses what rests on them, and these bytes do not enter there again.

    \b
    Example:
      lockgate revoke 41 --reason "the training data was poisoned" --trail trail/
    """
    from lockgate.audit.entry import parse_entry
    from lockgate.audit.errors import TrailError
    from lockgate.audit.promotions import events
    from lockgate.webhook.appending import append_one
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.trail import current_user, open_trail

    who = actor or current_user()
    with open_trail(home) as trail:
        log = PromotionLog(trail)
        found = [(index, log.history.made_by(index)) for index in entries]
        for index, made in found:
            if made is None:
                raise TrailError(
                    f"entry {index} made no promotion",
                    hint="lockgate promotions history lists those that did",
                )
        for index, made in found:
            assert made is not None
            if made.revoked is not None:
                # By an earlier one of ENTRIES perhaps: bytes are taken back whichever entry brought them.
                click.echo(f"revoked before: the promotion of entry {index}, by entry {made.revoked}")
                continue
            event = events.revoked(made.promoted, index, reason[: events.MAX_REASON])
            receipt = append_one(trail, trail.recorder().promotion(event, who, {"reason": reason}))
            log.take(receipt)
            click.echo(
                f"revoked: {made.promoted.model} {made.promoted.version} in {made.promoted.environment}, entry {receipt.index}"
            )
            recorded = RecordedEvent(event, receipt.index, parse_entry(receipt.entry).time_ms)
            tell_events(notifier, trail.origin, [recorded])
