"""Appending to a trail: first the anchors are asked whether the database is an old one, then they follow it."""

from typing import TYPE_CHECKING, Self

import click
from lockgate.audit.anchors.anchor import Anchor
from lockgate.audit.anchors.follower import AnchorStatus, Follower
from lockgate.audit.anchors.guard import WhenUnreachable, check_not_behind
from lockgate.audit.anchors.synchronise import BehindAnchorError
from lockgate.audit.anchors.witness_anchor import WitnessAnchor
from lockgate.audit.draft import Draft
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import Appender, Receipt, system_clock
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
        signer: NoteSigner,
        master: MasterKey,
        anchors: tuple[Anchor, ...],
        rule: WhenUnreachable,
    ) -> None:
        """Raises BehindAnchorError, UnverifiableError, or what recovery finds; then nothing is appended."""
        keys = [signer.verifier_key]
        self._behind: list[BehindAnchorError] = []
        self._appenders: list[Appender] = []
        self._anchors = anchors
        store.take_writer_lock()
        try:
            confirmation = check_not_behind(store, anchors, keys, rule)
            for _, anchored in confirmation.confirmed:
                for line in anchored.signatures:
                    size, note = anchored.checkpoint.size, anchored.note
                    store.add_cosignature(size, note, line.name, str(line), system_clock())
        except BaseException:
            self._hang_up()
            store.free_writer_lock()
            raise
        self.unreached: tuple[tuple[str, str], ...] = confirmation.unconfirmed
        self._follower = Follower(anchors, store, keys, store, self._halt)
        try:
            self.appender = Appender(
                store, [signer], master.seal_key, on_checkpoint=self._follower.on_checkpoint
            )
        except BaseException:
            self._follower.close(0)
            self._hang_up()
            raise
        # What an anchor said before there was an appender to halt.
        self._appenders.append(self.appender)
        for error in self._behind:
            self.appender.halt(error)

    def _halt(self, error: BehindAnchorError) -> None:
        self._behind.append(error)
        for appender in self._appenders:
            appender.halt(error)

    def _hang_up(self) -> None:
        for anchor in self._anchors:
            if isinstance(anchor, WitnessAnchor):
                anchor.close()

    def statuses(self) -> tuple[AnchorStatus, ...]:
        """How far each anchor is."""
        return self._follower.statuses()

    def close(self) -> None:
        """Records what waits, and sends the newest checkpoint to the anchors. Raises what an anchor contradicts."""
        self.appender.close()
        told = [(one.name, one.trouble) for one in self._follower.close(CLOSE_S) if one.trouble]
        self.unreached = tuple(told)
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
