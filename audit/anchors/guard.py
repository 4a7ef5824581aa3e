"""Before anything is appended: the database must not be behind what its anchors have seen, nor contradict it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lockgate.audit.anchors.anchor import Anchor, AnchoredLog
from lockgate.audit.anchors.synchronise import Anchored, synchronise
from lockgate.audit.errors import UnverifiableError
from lockgate.audit.note import VerifierKey
from lockgate.audit.witness.errors import RefusedError, UnreachableError


class WhenUnreachable(StrEnum):
    """What a start does when an anchor does not answer."""

    REFUSE = "refuse"
    """Every anchor has to confirm."""
    ONE_CONFIRMS = "one-confirms"
    """At least one anchor has to confirm; the others are named. The default of a server."""
    GO_ON = "go-on"
    """Nothing has to confirm; what did not is named."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a start found: the anchors that confirmed, and for each other one the reason, for people."""

    confirmed: tuple[tuple[str, Anchored], ...]
    unconfirmed: tuple[tuple[str, str], ...]


def check_not_behind(
    log: AnchoredLog, anchors: Sequence[Anchor], keys: Sequence[VerifierKey], rule: WhenUnreachable
) -> Confirmation:
    """Brings every anchor to the log's latest checkpoint, and so learns whether the log continues what each has seen.

    Raises BehindAnchorError when the log is behind an anchor or contradicts it, whatever the rule; UnverifiableError
    when too few confirm for the rule. Without anchors there is nothing to check. A log that has no entry yet cannot be
    shown to anybody: who makes a log appends its first entry, and then asks.
    """
    confirmed: list[tuple[str, Anchored]] = []
    unconfirmed: list[tuple[str, str]] = []
    for anchor in anchors:
        try:
            confirmed.append((anchor.name, synchronise(log, anchor, keys)))
        except (UnreachableError, RefusedError, UnverifiableError) as error:
            unconfirmed.append((anchor.name, str(error)))
    too_few = {
        WhenUnreachable.REFUSE: bool(unconfirmed),
        WhenUnreachable.ONE_CONFIRMS: bool(anchors) and not confirmed,
        WhenUnreachable.GO_ON: False,
    }
    if too_few[rule]:
        reasons = "; ".join([f"{name}: {reason}" for name, reason in unconfirmed])
        raise UnverifiableError(
            f"nothing is appended before an anchor confirms that the database is not an old one: {reasons}",
            hint="make the anchor answer, or set `when-unreachable` of the trail's anchors to `go-on`",
        )
    return Confirmation(tuple(confirmed), tuple(unconfirmed))
