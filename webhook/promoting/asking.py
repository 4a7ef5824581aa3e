"""Carries out a request: signed, recorded, judged, made where nothing is missing, and told."""

from collections.abc import Callable

import click
from lockgate.audit.keys.pem_key import PemKey
from lockgate.audit.promotions.history import Promotion
from lockgate.engine.record import changed
from lockgate.webhook.output import write_output
from lockgate.webhook.promoting.asking_options import Asking
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.ending import tell_end
from lockgate.webhook.promoting.facts import ModelEvidence
from lockgate.webhook.promoting.opening import open_desk
from lockgate.webhook.promoting.promotion_log import PromotionLog
from lockgate.webhook.promoting.requesting import Found, Wish, ask
from lockgate.webhook.scanning.reading import read_signing_pem

# What is known of the bytes, for whoever asks with a key; of a rollback also what it goes back to.
EvidenceFor = Callable[[Desk, PemKey, Wish, Promotion | None], ModelEvidence]


def carry_out(
    context: click.Context,
    asking: Asking,
    found: Found,
    wish: Wish,
    beside: str,
    evidence_for: EvidenceFor,
    find_target: Callable[[PromotionLog], Promotion] | None = None,
) -> None:
    """Asks for what was found. beside: the file that the statement goes beside; find_target: of a rollback. Raises LockgateError."""
    key = read_signing_pem(asking.key_file)
    place = asking.output or f"{beside}.promotion.dsse.json"
    with open_desk(
        asking.home, asking.policy, asking.identities, asking.notifier, asking.pool_health
    ) as desk:
        target = None if find_target is None else find_target(desk.log)
        if target is not None:
            wish = changed(wish, digest=target.promoted.subject)
        made = carry_out_at(
            desk, asking, found, wish, key, place, evidence_for(desk, key, wish, target), target
        )
    if asking.require and not made:
        context.exit(1)


def carry_out_at(
    desk: Desk,
    asking: Asking,
    found: Found,
    wish: Wish,
    key: PemKey,
    place: str,
    evidence: ModelEvidence,
    target: Promotion | None = None,
) -> bool:
    """Asks at an open desk, and whether it is made at once. place: where the statement goes. Raises LockgateError."""
    asked, envelope = ask(desk, found, wish, key, evidence, target)
    write_output(envelope.decode("ascii") + "\n", place)
    return tell_end(desk, asked, asked.statement.requester, evidence.reasons, place, asking.chosen)
