"""What is planned for the made-up year, and what its entries say that tests want to know."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lockgate.engine.codegen.values import Value

from examples.trail.decisions import digest_of
from examples.trail.promotions import DAY_MS

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAYS: Final = 365
INSTANCE: Final = "prod-eu"

Act = Callable[[int], None]


@dataclass(slots=True)
class Known:
    """What is in the trail, as its tests want to know it. policies_digest: of those in force, in hex, as the year goes on."""

    policies_digest: str = field(default_factory=lambda: digest_of("policies 0"))
    decisions: dict[str, int] = field(default_factory=dict)
    exemptions: dict[str, dict[str, Value]] = field(default_factory=dict)
    grants: dict[str, dict[str, Value]] = field(default_factory=dict)
    turned: list[dict[str, Value]] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    policies: list[dict[str, Value]] = field(default_factory=list)
    access: list[int] = field(default_factory=list)
    more: dict[str, Value] = field(default_factory=dict)


class Plan:
    """What happens when (Unix milliseconds); an act may plan more."""

    def __init__(self, start_ms: int) -> None:
        self.start_ms: Final = start_ms
        self.end_ms: Final = start_ms + DAYS * DAY_MS
        self._queue: Final[list[tuple[int, int, Act]]] = []
        self._planned = 0

    def at(self, time_ms: int, act: Act) -> None:
        """Something happens at a time, unless the year is over then; it is told the time."""
        if time_ms < self.end_ms:
            heapq.heappush(self._queue, (time_ms, self._planned, act))
            self._planned += 1

    def day(self, day: int, hour: int = 9, minute: int = 0) -> int:
        """A time of the year's day, from 0."""
        return self.start_ms + day * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS

    def happen(self) -> None:
        """Everything, in its order."""
        while self._queue:
            time_ms, _, act = heapq.heappop(self._queue)
            act(time_ms)
