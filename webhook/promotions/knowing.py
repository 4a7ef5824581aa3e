"""What is known of a promotion when a change is checked."""

from typing import Protocol

from lockgate.engine.promotions.asking import Known
from lockgate.engine.promotions.recognising import Event
from lockgate.engine.record import record


class Knowledge(Protocol):
    """Tells what is known: evidence that was verified, approvals, who asks."""

    def known(self, event: Event) -> Known:
        """All that is known of one event."""
        ...


@record
class LittleKnown:
    """Nothing but who asks ("" for nobody known), and the time (since 1970)."""

    now_ns: int
    requester: str = ""

    def known(self, event: Event) -> Known:
        """The same of every event."""
        return Known(self.now_ns, self.requester)
