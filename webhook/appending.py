"""Appending to a trail: first the anchors are asked whether the database is an old one, then they follow it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import click
from lockgate.audit.anchors.anchor import Anchor
from lockgate.audit.anchors.cosignature_store import keep_cosignatures
from lockgate.audit.anchors.follower import AnchorStatus, Follower
from lockgate.audit.anchors.guard import WhenUnreachable, check_not_behind
from lockgate.audit.anchors.synchronise import BehindAnchorError
from lockgate.audit.draft import Draft
from lockgate.audit.note import VerifierKey
from lockgate.audit.receipt import Receipt
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import Appender, system_clock
from lockgate.audit.store.store import Store
from lockgate.audit.vault import MasterKey
from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    from lockgate.webhook.trail import Trail

# How long the end of a command waits for anchors that lack the newest checkpoint.
CLOSE_S = 15.0


class Appending:
    """An appender whose checkpoints go to the anchors; what does not answer is named in `unreached`."""

    def __init__(
        self,
        store: Store,
        signers: Sequence[NoteSigner],
        master: MasterKey,
        log_keys: Sequence[VerifierKey],
        anchors: tuple[Anchor, ...],
        rule: WhenUnreachable,
    ) -> None:
        """`log_keys`: those that anchors' notes may be signed with, besides the signers'.

        Raises BehindAnchorError, UnverifiableError, or what recovery finds; then nothing is appended.
        """
        keys = tuple({*log_keys, *[signer.verifier_key for signer in signers]})
        self._behind: list[BehindAnchorError] = []
        self._anchors = anchors
        self._follower: Follower | None = None
        self._size = 0
        try:
            # Recovery comes first: what was committed and not signed when the last process ended, an anchor may have.
            self.appender = Appender(store, signers, master.seal_key, on_checkpoint=self._offer)
            try:
                self._size = max(self._size, store.head().size)
                confirmation = check_not_behind(store, anchors, keys, rule)
                for _, anchored in confirmation.confirmed:
                    keep_cosignatures(store, anchored, system_clock())
            except BaseException:
                self.appender.close()
                raise
        except BaseException:
            self._hang_up()
            raise
        self.unreached: tuple[tuple[str, str], ...] = confirmation.unconfirmed
        confirmed = dict(confirmation.confirmed)
        self._follower = Follower(anchors, store, keys, store, self._halt, confirmed=confirmed)

    def _offer(self, size: int, note: bytes) -> None:
        self._size = size
        if self._follower is not None:
            self._follower.on_checkpoint(size, note)

    def _halt(self, error: BehindAnchorError) -> None:
        self._behind.append(error)
        self.appender.halt(error)

    def _hang_up(self) -> None:
        for anchor in self._anchors:
            anchor.close()

    @property
    def size(self) -> int:
        """How many entries the log has, as far as this process has signed or found it."""
        return self._size

    def statuses(self) -> tuple[AnchorStatus, ...]:
        """How far each anchor is."""
        return self._follower.statuses() if self._follower else ()

    def close(self) -> None:
        """Records what waits, and sends the newest checkpoint to the anchors. Raises what an anchor contradicts."""
        self.appender.close()
        follower, self._follower = self._follower, None
        statuses = follower.close(CLOSE_S) if follower else ()
        self.unreached = tuple(
            [(one.name, one.trouble or "no answer yet") for one in statuses if one.trouble or one.lag]
        )
        self._hang_up()
        for error in self._behind:
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def append_one(trail: "Trail", draft: Draft) -> Receipt:
    """Appends one draft and tells, on standard error, which anchors were not reached."""
    appending = trail.appending()
    with appending:
        receipt = appending.appender.append(draft)
    for name, reason in appending.unreached:
        click.echo(f"note: the anchor {printable(name)} was not reached: {printable(reason)}", err=True)
    return receipt
