"""What a rollout is reported as."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lockgate.engine.record import record
from lockgate.webhook.rollout.effect import LiveEffect

if TYPE_CHECKING:
    # Imported where there is a trail.
    from lockgate.webhook.replay.report import ReplayReport


@record
class RolloutReport:
    """policies: how what is rolled out was named. source: whose objects live. live, trail: None where not asked for."""

    policies: str
    source: str
    live: LiveEffect | None
    trail: "ReplayReport | None"

    @property
    def denials(self) -> Mapping[str, int]:
        """How many objects, and how many recorded Decisions, are newly denied."""
        found: dict[str, int] = {}
        if self.live is not None:
            found["objects"] = self.live.difference.count("denied")
        if self.trail is not None:
            found["decisions"] = self.trail.tally.difference.count("denied")
        return found
