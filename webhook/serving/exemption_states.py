"""How many exemptions are in which state, for the metrics: counted anew when something about them changes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final, final

from lockgate.engine.decision import PolicyKey
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.moments import SECOND_NS
from lockgate.gatekeeper.exemptions.resolver import Exemptions, State

_NAMES: Final[Mapping[State, str]] = {
    "active": "active",
    "expired": "expired",
    "not yet": "not_yet",
    "refused": "refused",
}


@record
class ExemptionCounts:
    """states: how many are in each. first_end_s: when the next active one ends (Unix time); None where none is active."""

    states: Mapping[str, int] = field(default_factory=dict)
    first_end_s: float | None = None


@final
class ExemptionStates:
    """Counts them once for as long as nothing changes: there may be thousands, and a scrape is not to wait for them."""

    __slots__ = ("_counted", "_of", "_since_ns", "_until_ns")

    def __init__(self) -> None:
        self._counted = ExemptionCounts()
        self._of: tuple[Exemptions | None, Sequence[PolicyKey]] = (None, ())
        self._since_ns = self._until_ns = 0

    def count(
        self, exemptions: Exemptions | None, policies: Sequence[PolicyKey], now_ns: int
    ) -> ExemptionCounts:
        """The counts at a moment (Unix time). policies: those in force."""
        if exemptions is None:
            return ExemptionCounts()
        of = (exemptions, policies)
        # A clock that was set back ends what was counted too.
        if self._of != of or not self._since_ns <= now_ns < self._until_ns:
            self._of, self._since_ns = of, now_ns
            self._count(exemptions, policies, now_ns)
        return self._counted

    def _count(self, exemptions: Exemptions, policies: Sequence[PolicyKey], now_ns: int) -> None:
        standings = exemptions.standings(policies, now_ns)
        states = Counter([_NAMES[one.state] for one in standings])
        ends = [one.exemption.expires_ns for one in standings if one.state == "active"]
        self._counted = ExemptionCounts(states, min(ends) / SECOND_NS if ends else None)
        moments = [moment for one in exemptions.all for moment in (one.issued_ns, one.expires_ns)]
        self._until_ns = min([one for one in moments if one > now_ns], default=1 << 63)
