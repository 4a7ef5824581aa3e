"""Opens the desk for a command: the policy, the identity map, the trail."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from lockgate.audit.dsse import IN_TOTO, MAX_ENVELOPE, Envelope, parse_envelope
from lockgate.audit.errors import FormatError
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.engine.promotions.policy import PromotionPolicy
from lockgate.gatekeeper.promotions.kinds import is_promotion_policy
from lockgate.gatekeeper.promotions.promotion_policy import parse_promotion_policy
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.notifying import Notifier
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.policy_sources import SHIPPED, parse_documents
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.identities_file import read_identities
from lockgate.webhook.promoting.notify_options import tell_events
from lockgate.webhook.promotions.judging import PromotionJudge
from lockgate.webhook.promotions.pool_health_file import read_health
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import open_trail

_LARGEST_POLICY = 1024 * 1024


def read_promotion_policy(path: str) -> PromotionPolicy:
    """The one PromotionPolicy of a file. Raises LockgateError, with the place."""
    shown = printable(path)
    documents = parse_documents(shown, read_regular(path, shown, _LARGEST_POLICY))
    found = [one for one in documents if is_promotion_policy(one.value)]
    if len(found) != 1:
        raise UsageError(
            f"{shown} has {len(found)} PromotionPolicies, and one is needed", hint="docs/promotions.md"
        )
    return parse_promotion_policy(found[0])


@contextmanager
def open_desk(
    home: str,
    policy: str,
    identities: str,
    notifier: Notifier | None = None,
    pool_health: Sequence[str] = (),
) -> Iterator[Desk]:
    """The desk over a trail; says behind it which anchors were not reached, and sends what was recorded. Raises LockgateError.

    pool_health: files that tell how the pools of devices are.
    """
    read = read_promotion_policy(policy)
    people = read_identities(identities)
    health = read_health(pool_health, time.time_ns(), people.keys())
    judge = PromotionJudge(open_library(SHIPPED, open_cache(None, os.environ), "promotion"), read)
    with open_trail(home) as trail:
        desk = Desk(trail, read, people, judge, health)
        try:
            with desk:
                yield desk
        finally:
            # However the command ends: what is in the log is there.
            for name, reason in desk.unreached:
                click.echo(
                    f"note: the anchor {printable(name)} was not reached: {printable(reason)}", err=True
                )
            tell_events(notifier, trail.origin, desk.recorded)


def read_in_toto(path: str) -> Envelope:
    """The envelope in a file, of which no signature is verified yet. Raises LockgateError, naming it."""
    shown = printable(path)
    try:
        envelope = parse_envelope(read_envelope_file(path, MAX_ENVELOPE))
    except FormatError as error:
        raise LockgateError(f"{shown}: {error.message}", hint=error.hint) from None
    if envelope.payload_type != IN_TOTO:
        # What was signed as something else may have meant something else.
        raise LockgateError(f"{shown} holds {envelope.payload_type[:80]}, not {IN_TOTO}")
    return envelope


def read_envelope_file(path: str, largest: int) -> bytes:
    """The bytes of a DSSE envelope in a file. Raises LockgateError, naming it."""
    shown = printable(path)
    try:
        return read_regular(path, shown, largest)
    except FormatError as error:
        raise LockgateError(f"{shown}: {error.message}", hint=error.hint) from None
